"""The nouns of the house, one a file."""

from .album import Album
from .audit import Action, AuditEntry
from .coloring import Coloring
from .discard import Discard
from .family import Family, Invite, Membership, Role
from .job import Job, Queue, Status
from .limit import Limit
from .model_version import ModelVersion
from .photo import Original, Photo
from .session import Session
from .share import Share
from .token import Scope, Token
from .tombstone import Tombstone
from .user import User
from .worker_state import SchedulerState, WorkerState

__all__ = [
    "Action",
    "Album",
    "AuditEntry",
    "Coloring",
    "Discard",
    "Family",
    "Invite",
    "Job",
    "Limit",
    "Membership",
    "ModelVersion",
    "Original",
    "Photo",
    "Queue",
    "Role",
    "SchedulerState",
    "Scope",
    "Session",
    "Share",
    "Status",
    "Token",
    "Tombstone",
    "User",
    "WorkerState",
]
