"""A dataset's photos, measured by a real worker."""

import pytest

from colorizer import storage
from colorizer.models import Dataset, DatasetItem, Status, User
from colorizer.services import datasets
from tests.conftest import on_disk_alone
from tests.curation import add, encoded, photos, picture
from tests.stack import Process, wait_for

pytestmark = [pytest.mark.worker, on_disk_alone]


def test_photos_that_were_added_are_measured_and_a_broken_one_says_why(worker: Process, owner: User) -> None:
    dataset = datasets.create(name="Gardens", kind=Dataset.Kind.TRAINING, by=owner)
    whole = encoded(picture(9, size=(400, 300)))
    grey = encoded(picture(1, colour=0))
    add(dataset, owner, photos(1) | {"again.jpg": encoded(picture(0), quality=50), "grey.jpg": grey})
    add(dataset, owner, {"half.jpg": whole[: len(whole) // 2]})
    try:
        wait_for(lambda: not dataset.items.filter(status__in=DatasetItem.OPEN).exists())
        found = {item.name: item for item in dataset.items.all()}
        assert (found["half.jpg"].status, found["half.jpg"].reason) == (Status.FAILED, "truncated")
        assert found["grey.jpg"].is_dull
        assert not found["0.jpg"].is_dull
        assert list(found["0.jpg"].near.all()) == [found["again.jpg"]]
        assert (found["0.jpg"].width, found["0.jpg"].height) == (160, 120)
        assert storage.models().exists(storage.item_copy_key(found["0.jpg"]))
    finally:
        DatasetItem.objects.all().delete()
        Dataset.objects.all().delete()
