from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ...index_file import Described, licence_of
from ...models import Dataset, Split
from ...services import datasets, importing
from ...services.unpacking import Unfit


class Command(BaseCommand):
    help = "Add the photos of a folder, with its index.csv where it has one, to a dataset. A worker looks at them then."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="of the dataset; a new one is begun where there is none")
        parser.add_argument("folder", type=Path)
        parser.add_argument("--kind", choices=Dataset.Kind.values, default=Dataset.Kind.TRAINING, help="of a new one")
        parser.add_argument("--source", default="", help="where the photos are from, unless the index says it")
        parser.add_argument("--licence", default="", help="open or research-only, unless the index says it")
        parser.add_argument("--category", default="")
        parser.add_argument("--split", default="", choices=["", *Split.values], help="else one in ten is validation")

    def handle(self, *args: Any, **options: Any) -> None:
        said = Described(options["category"], options["source"], licence_of(options["licence"]), options["split"])
        name, folder = options["name"], options["folder"]
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        dataset = Dataset.objects.filter(name=name).first()
        dataset = dataset or datasets.create(name=name, kind=options["kind"], by=None)
        try:
            report = importing.add_folder(dataset=dataset, folder=folder, said=said)
        except Unfit as error:
            raise CommandError(str(error)) from error
        for refused, sentence in report.refused:
            self.stderr.write(f"{refused}: {sentence}")
        for taken, sentence in report.in_part:
            self.stderr.write(f"{taken}: {sentence} Only the first was taken.")
        self.stdout.write(f"{report.taken} photos were added to {dataset}.")
