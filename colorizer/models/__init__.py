"""The nouns of the house, one a file."""

from .album import Album
from .audit import Action, AuditEntry
from .coloring import Coloring
from .comparison import Comparison, ComparisonPhoto, Vote
from .consent import Consent
from .dataset import Dataset, DatasetItem, DatasetVersion, FrozenItem, Licence, Split
from .discard import Discard
from .family import Family, Invite, Membership, Role
from .job import Job, Queue, Status
from .kept_colour import KeptColour
from .limit import Limit
from .model_upload import ModelUpload
from .model_version import ModelVersion
from .photo import Original, Photo
from .promotion import Promotion
from .session import Session
from .share import Share
from .token import Scope, Token
from .tombstone import Tombstone
from .training import Training, TrainingEvent, TrainingPoint
from .user import User
from .worker_state import SchedulerState, WorkerState

__all__ = [
    "Action",
    "Album",
    "AuditEntry",
    "Coloring",
    "Comparison",
    "ComparisonPhoto",
    "Consent",
    "Dataset",
    "DatasetItem",
    "DatasetVersion",
    "Discard",
    "Family",
    "FrozenItem",
    "Invite",
    "Job",
    "KeptColour",
    "Licence",
    "Limit",
    "Membership",
    "ModelUpload",
    "ModelVersion",
    "Original",
    "Photo",
    "Promotion",
    "Queue",
    "Role",
    "SchedulerState",
    "Scope",
    "Session",
    "Share",
    "Split",
    "Status",
    "Token",
    "Tombstone",
    "Training",
    "TrainingEvent",
    "TrainingPoint",
    "User",
    "Vote",
    "WorkerState",
]
