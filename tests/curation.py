"""Photos in colour that may ship, since they are made here; ZIPs of them; and a worker's measuring, in this process."""

import io
import zipfile
from collections.abc import Iterable, Mapping

import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from colorizer.index_file import Described
from colorizer.models import Dataset, DatasetItem, Status, User
from colorizer.services import importing, jobs
from colorizer.services.importing import Report


def picture(seed: int, *, size: tuple[int, int] = (160, 120), colour: float = 1.0) -> Image.Image:
    """Soft shapes in many colours, other ones for another ``seed``; ``colour`` 0 is grey."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    made = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    return Image.blend(made.convert("L").convert("RGB"), made, colour)


def encoded(photo: Image.Image, *, format: str = "JPEG", quality: int = 90) -> bytes:
    data = io.BytesIO()
    photo.save(data, format, **({"quality": quality} if format == "JPEG" else {}))
    return data.getvalue()


def photos(count: int, *, first: int = 0, colour: float = 1.0) -> dict[str, bytes]:
    return {f"{seed}.jpg": encoded(picture(seed, colour=colour)) for seed in range(first, first + count)}


def pages(count: int) -> bytes:
    """A TIFF of so many."""
    first, *others = (picture(seed) for seed in range(100, 100 + count))
    data = io.BytesIO()
    first.save(data, format="TIFF", save_all=True, append_images=others)
    return data.getvalue()


def zipped(files: Mapping[str, bytes], *, compressed: bool = False) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def add(dataset: Dataset, by: User, files: Mapping[str, bytes], **said: str) -> Report:
    uploads = [SimpleUploadedFile(name, content) for name, content in files.items()]
    return importing.add_uploads(dataset=dataset, uploads=uploads, said=Described(**said), by=by)


def measure(items: Iterable[DatasetItem] | None = None) -> None:
    """What a worker does with photos that wait, in the order in which they came."""
    from worker import guard, measuring
    from worker.lease import Held

    waiting = DatasetItem.objects.filter(status=Status.QUEUED).order_by("created_at")
    for item in items if items is not None else waiting:
        owner = "test/1"
        job = jobs.claim(model=DatasetItem, pk=item.pk, attempt=item.attempt, owner=owner)
        assert isinstance(job, DatasetItem)
        measuring.measure(job, Held(job, owner, guard.of_photo().seconds))


def accept(dataset: Dataset) -> None:
    dataset.items.filter(status=Status.DONE).update(state=DatasetItem.State.ACCEPTED)
