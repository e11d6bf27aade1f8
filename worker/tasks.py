"""What the queue can ask a worker to do: the names of `colorizer.dispatch`, each with a row's id and attempt."""

from uuid import UUID

from colorizer import dispatch
from colorizer.models import Coloring, Comparison, DatasetItem, ModelUpload, Original, Training

from . import lease
from .app import app

OF_SLICE = app.conf.task_time_limit - 10
"""Seconds: the soft time limit of what is done in slices. The setting is that of a photo."""


def prepare(pk: str, attempt: int) -> None:
    from .reading import read

    lease.run(model=Original, pk=UUID(pk), attempt=attempt, work=read)


def colorize(pk: str, attempt: int) -> None:
    from .colouring import colour

    lease.run(model=Coloring, pk=UUID(pk), attempt=attempt, work=colour)


def train(pk: str, _slice: int, attempt: int) -> None:
    from .guard import of_slice
    from .teaching import teach

    lease.run(model=Training, pk=UUID(pk), attempt=attempt, work=teach, allowed=of_slice)


def measure(pk: str, attempt: int) -> None:
    from .measuring import measure as work

    lease.run(model=DatasetItem, pk=UUID(pk), attempt=attempt, work=work)


def compare(pk: str, attempt: int) -> None:
    from .guard import of_slice
    from .judging import judge

    lease.run(model=Comparison, pk=UUID(pk), attempt=attempt, work=judge, allowed=of_slice)


def examine(pk: str, attempt: int) -> None:
    from . import examining

    lease.run(model=ModelUpload, pk=UUID(pk), attempt=attempt, work=examining.examine)


app.task(prepare, name=dispatch.PREPARE)
app.task(colorize, name=dispatch.COLORIZE)
app.task(compare, name=dispatch.COMPARE, soft_time_limit=OF_SLICE)
app.task(examine, name=dispatch.EXAMINE)
app.task(train, name=dispatch.TRAIN, soft_time_limit=OF_SLICE)
app.task(measure, name=dispatch.MEASURE)
