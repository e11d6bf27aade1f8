"""What `measure` does: read a dataset's photo to its end, and find out what it would teach."""

from pathlib import Path
from tempfile import TemporaryDirectory

from colorizer import storage
from colorizer.models import DatasetItem
from colorizer.services import measuring as service
from ml.appraisal import appraise
from ml.photo import open_page
from ml.pipeline import Stage
from ml.saving import rendition

from .lease import Held, Lost
from .patience import patiently
from .reading import STORING, refusals, site_limits


def measure(item: DatasetItem, held: Held) -> None:
    held.report(Stage.READING, 0)
    with TemporaryDirectory() as folder, refusals():
        with storage.local_copy(storage.models(), item.key) as path:
            photo = open_page(path, 0, site_limits())
        found = appraise(photo.preview)
        copy = Path(folder, "copy.webp")
        rendition(photo.preview, storage.SIZES[0], copy)
        held.clock.enter(STORING)
        held.confirm()
        storage.put(storage.models(), storage.item_copy_key(item), copy)
    measured = service.Measured(width=photo.info.width, height=photo.info.height, **vars(found))
    seconds = held.clock.seconds()
    if not patiently(lambda: service.record(item=item, owner=held.owner, measured=measured, stage_seconds=seconds)):
        if not DatasetItem.objects.filter(pk=item.pk).exists():
            storage.models().delete(storage.item_copy_key(item))
        raise Lost
