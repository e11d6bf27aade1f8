from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ...models import Dataset
from ...services import exporting


class Command(BaseCommand):
    help = "Write a dataset's accepted photos, or a frozen version's, into a folder with an index.csv."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="of the dataset")
        parser.add_argument("folder", type=Path, help="a new or empty one")
        parser.add_argument("--frozen", type=int, default=None, metavar="NUMBER", help="of a version")

    def handle(self, *args: Any, **options: Any) -> None:
        dataset = Dataset.objects.filter(name=options["name"]).first()
        if dataset is None:
            raise CommandError(f"There is no dataset {options['name']}.")
        number = options["frozen"]
        version = dataset.versions.filter(number=number).first() if number is not None else None
        if number is not None and version is None:
            raise CommandError(f"{dataset} has no version {number}.")
        try:
            count = exporting.into_folder(dataset=dataset, version=version, folder=options["folder"])
        except (FileExistsError, NotADirectoryError) as error:
            raise CommandError(f"{options['folder']} is not an empty folder.") from error
        self.stdout.write(f"{count} photos were written to {options['folder']}.")
