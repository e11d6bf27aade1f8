"""Photos to learn from: made ones of warm and cool shapes, in a dataset that is frozen."""

import hashlib
import io

import numpy as np
from django.core.files.base import ContentFile
from PIL import Image

from colorizer import storage
from colorizer.models import Dataset, DatasetItem, DatasetVersion, FrozenItem, Licence, Split, Status

QUICK = {"crop": 32, "batch": 2, "validate_every": 5, "warm_up": 2}
"""Settings for steps that take a blink."""


def painting(seed: int, *, grey: bool = False) -> bytes:
    """A JPEG of a few soft shapes."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[0:96, 0:128] / 96
    picture = np.full((96, 128, 3), random.uniform(60, 160, 3))
    for _ in range(4):
        y, x, size = random.uniform(0, 1), random.uniform(0, 1.3), random.uniform(0.1, 0.4)
        shape = np.exp(-((down - y) ** 2 + (across - x) ** 2) / size**2)[..., None]
        picture = picture * (1 - shape) + shape * random.uniform(0, 255, 3)
    image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    data = io.BytesIO()
    (image.convert("L").convert("RGB") if grey else image).save(data, "JPEG", quality=92)
    return data.getvalue()


def frozen(count: int = 12, *, name: str = "Paintings", grey: bool = False, kind: str = "training") -> DatasetVersion:
    """A version with ``count`` photos, a quarter of them for validation, their files in the storage."""
    dataset = Dataset.objects.create(name=name, kind=kind)
    version = DatasetVersion.objects.create(dataset=dataset, number=1, sha256="f" * 64)
    for number in range(count):
        content = painting(number, grey=grey)
        sha256 = hashlib.sha256(content).hexdigest()
        said = {"sha256": sha256, "key": f"datasets/{dataset.pk}/{sha256}.jpg", "licence": Licence.OPEN}
        said |= {"source": "made", "category": "scenes", "split": Split.VAL if number % 4 == 3 else Split.TRAIN}
        said |= {"colourfulness": 2.0 if grey else 40.0}
        item = DatasetItem.objects.create(
            dataset=dataset, format="jpeg", status=Status.DONE, state=DatasetItem.State.ACCEPTED, **said
        )
        storage.models().replace(said["key"], ContentFile(content))
        FrozenItem.objects.create(version=version, item=item, **said)
    return version
