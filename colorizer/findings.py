"""What can be wrong between the database and the storages, and how it is said."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from django.db import DatabaseError

GRACE = timedelta(days=1)
"""So old must a file without a row be, or an unfinished upload, to be called left behind; or a deletion, overdue."""


UNREACHABLE = (OSError, DatabaseError)
"""What is raised where a storage or the database does not answer."""


class Kind(StrEnum):
    """What is wrong. The value is what JSON says."""

    ORIGINAL_MISSING = "original_missing"
    ORIGINAL_CHANGED = "original_changed"
    ORIGINAL_UNSEEN = "original_unseen"
    ORIGINAL_ORPHAN = "original_orphan"
    RENDITION_MISSING = "rendition_missing"
    RESULT_MISSING = "result_missing"
    COPY_MISSING = "copy_missing"
    RESULT_ORPHAN = "result_orphan"
    SHOWN_WRONG = "shown_wrong"
    WEIGHTS_MISSING = "weights_missing"
    WEIGHTS_CHANGED = "weights_changed"
    WEIGHTS_ORPHAN = "weights_orphan"
    ITEM_MISSING = "item_missing"
    LIVE_MODELS = "live_models"
    UPLOAD_UNFINISHED = "upload_unfinished"
    DISCARD_KEPT = "discard_kept"
    JOB_LEFT = "job_left"
    JOB_UNSENT = "job_unsent"
    JOB_TWICE = "job_twice"
    PHOTO_FORGOTTEN = "photo_forgotten"


SAID = {
    Kind.ORIGINAL_MISSING: "Originals that are MISSING. Only a backup can bring them back; their rows stay.",
    Kind.ORIGINAL_CHANGED: "Originals whose bytes are NOT what the family uploaded. Only a backup can mend them.",
    Kind.ORIGINAL_UNSEEN: "Originals that no photo is left of: the family cannot see them.",
    Kind.ORIGINAL_ORPHAN: "Files among the originals that belong to no row.",
    Kind.RENDITION_MISSING: "Photos without one of their small copies. They can be made again.",
    Kind.RESULT_MISSING: "Colourings without their full-size result. They can be made again, by the live model.",
    Kind.COPY_MISSING: "Colourings without one of their small copies. They can be made again from the result.",
    Kind.RESULT_ORPHAN: "Files among the results that belong to no row. They can go.",
    Kind.SHOWN_WRONG: "Photos that show a colouring which is not theirs, or not done.",
    Kind.WEIGHTS_MISSING: "Model versions whose weights are missing.",
    Kind.WEIGHTS_CHANGED: "Model versions whose weights are not the ones of their card.",
    Kind.WEIGHTS_ORPHAN: "Files among the models that belong to no version.",
    Kind.ITEM_MISSING: "Photos of datasets whose file is missing. Delete them there, and add them again.",
    Kind.LIVE_MODELS: "Exactly one model version has to be live.",
    Kind.UPLOAD_UNFINISHED: "Halves of files that were never completed. They can go.",
    Kind.DISCARD_KEPT: "Files deleted for good that their storage keeps. They are tried every hour: look why.",
    Kind.JOB_LEFT: "Jobs that are running, but whose worker gives no sign of life.",
    Kind.JOB_UNSENT: "Jobs that wait, but were never sent to a worker.",
    Kind.JOB_TWICE: "Photos with more than one open colouring.",
    Kind.PHOTO_FORGOTTEN: "Photos that wait to be read, though nothing will read them.",
}
"""Each kind in a sentence, for whoever looks after the site."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: ``id`` is a row's, ``key`` a file's. Names of people and of files are never told."""

    kind: Kind
    id: str = ""
    key: str = ""
    detail: str = ""


@dataclass
class Report:
    """What was looked at, by name and number, and what is wrong."""

    quick: bool = False
    grace: timedelta = GRACE
    checked: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.findings
