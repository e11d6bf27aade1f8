"""What `compare` does: candidate and live model over a benchmark, a few photos at once, until photos of families wait.

What is known of a photo lies in its row, and what the true photos say of the set in a file: the next slice goes on
where this one ended.
"""

import json
import logging
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac
from PIL import Image

from colorizer import storage
from colorizer.models import Comparison, FrozenItem, ModelVersion
from colorizer.selectors import benchmarks
from colorizer.services import comparing as service
from ml import comparison as ml
from ml import pin_protocol
from ml.data import evenly, open_photo
from ml.evaluation import Truths, through_pipeline
from ml.frechet import Eye
from ml.judgement import network_time
from ml.method import LearnedMethod, load_method
from ml.pins import Pins
from ml.side_by_side import side_by_side

from . import canary, engine, lease
from .lease import Failed, Held, Lost, Stopping
from .patience import patiently
from .queues import photos_wait
from .weights import local_weights

READING, JUDGING, PINNING = "surveying", "judging", "pinning"
SIDE = 512
"""Pixels of a photo's short side, at most: all figures are of 256 x 256."""
SHOWN_SIDE = 480
"""The pictures' long side."""
QUALITY = 85

logger = logging.getLogger(__name__)


def judge(comparison: Comparison, held: Held) -> None:
    here = _Slice(comparison, held)
    here.make_way()
    truths = here.survey()
    methods = {service.LIVE: _method(comparison.live), service.CANDIDATE: _method(comparison.candidate)}
    here.look_at_all(truths, methods)
    figures: dict[str, Any] = {"pins": here.pins(methods), "left_out": len(here.left_out)}
    figures["network_time"] = {name: here.time(name, method) for name, method in methods.items()}
    fails = here.canary(methods)
    figures |= ml.gather((photo.figures for photo in comparison.photos.iterator()), truths)
    held.confirm()
    how: dict[str, Any] = {"figures": figures, "canary": fails}
    if not patiently(lambda: service.complete(comparison=comparison, owner=held.owner, **how)):
        raise Lost


class _Slice:
    """What one slice works on."""

    def __init__(self, comparison: Comparison, held: Held) -> None:
        self.comparison = comparison
        self.held = held
        self.items = list(benchmarks.items(comparison.benchmark))
        self.left_out: set[int] = set()
        """Those that cannot be read."""
        self._until = time.monotonic() + settings.HEIRLOOM_SLICE_SECONDS

    def make_way(self) -> None:
        """Raise where something more urgent waits: another slice goes on from what this one has kept."""
        if lease.is_stopping() or photos_wait():
            raise Stopping

    def survey(self) -> dict[str, Truths]:
        """What the true photos say of the set; a former slice may have read some of them, or all."""
        key = storage.comparison_key(self.comparison.pk, "survey.json")
        survey, read = ml.Survey(), 0
        if storage.results().exists(key):
            with storage.results().open(key) as file:
                said = json.load(file)
            survey, self.left_out, read = ml.Survey.from_json(said["survey"]), set(said["left_out"]), said["read"]
        for item in self.items[read:]:
            self._read(item, survey)
            read += 1
            is_over = self._is_over(READING, 10 * read // len(self.items))
            if is_over or read == len(self.items):
                self._put_json(key, {"survey": survey.as_json(), "left_out": sorted(self.left_out), "read": read})
            if is_over:
                raise Stopping
        try:
            return survey.truths
        except ValueError as error:
            raise Failed("benchmark_unfit", str(error)) from error

    def look_at_all(self, truths: dict[str, Truths], methods: dict[str, LearnedMethod]) -> None:
        """Colour and compare the photos that no former slice has seen."""
        ways = {name: through_pipeline(method) for name, method in methods.items()}
        seen = self.left_out | set(self.comparison.photos.values_list("item_id", flat=True))
        left = [item for item in self.items if item.pk not in seen]
        eye = _eye()

        def look(item: FrozenItem) -> tuple[Image.Image, ml.Seen]:
            truth = _photo(item)
            return truth, ml.look(truth, item.category, truths, ways, eye)

        with side_by_side() as each:
            for number, (item, (truth, found)) in enumerate(zip(left, each(look, left), strict=True)):
                known: dict[str, Any] = {"figures": found.figures, "difference": found.difference}
                known |= self._put_pictures(item, {"input": truth.convert("L"), "truth": truth} | found.pictures)
                patiently(partial(service.note_photo, comparison=self.comparison, item=item, **known))
                self._go_on(JUDGING, 10 + 80 * (len(seen) + number + 1) // len(self.items))

    def pins(self, methods: dict[str, LearnedMethod]) -> dict[str, dict[str, float]]:
        """The ab error that is left with ever more true pins, of those that take any. Kept photo by photo."""
        errors: dict[str, dict[str, list[float]]] = self.comparison.figures.get("pin_errors", {})
        read = [item for item in self.items if item.pk not in self.left_out]
        some = evenly(read, pin_protocol.PHOTOS)
        truths: list[Image.Image] = []
        for name, method in methods.items():
            for grid in (None, *pin_protocol.GRIDS) if Pins in method.guides else ():
                known = errors.setdefault(name, {}).setdefault(str(pin_protocol.count(grid)), [])
                if len(known) < len(some):
                    truths = truths or [_photo(item, pin_protocol.SIDE) for item in some]
                    with closing(pin_protocol.left_with(method, truths[len(known) :], grid)) as left:
                        for error in left:
                            known.append(error)
                            patiently(partial(service.note_figures, comparison=self.comparison, pin_errors=errors))
                            self._go_on(PINNING, 95)
        return {name: {count: mean(known) for count, known in of.items()} for name, of in errors.items()}

    def time(self, name: str, method: LearnedMethod) -> dict[str, float | int]:
        """How long a network takes. Kept: it is not to be measured twice because photos came."""
        times: dict[str, Any] = self.comparison.figures.get("network_time", {})
        if name not in times:
            self.make_way()
            times[name] = network_time(method)
            patiently(partial(service.note_figures, comparison=self.comparison, network_time=times))
            self._go_on(PINNING, 97)
        found: dict[str, float | int] = times[name]
        return found

    def canary(self, methods: dict[str, LearnedMethod]) -> str:
        """Why the candidate fails on the sample photos; empty where it does not."""
        try:
            self.make_way()
            canary.go_whole_way(methods[service.CANDIDATE])
            colourful = {}
            for name, method in methods.items():
                self.make_way()
                colourful[name] = canary.colour_samples(method)
            self.make_way()
            canary.hold_against(colourful[service.CANDIDATE], colourful[service.LIVE])
        except canary.CanaryFailed as error:
            return error.reason
        return ""

    def _go_on(self, stage: str, percent: int) -> None:
        if self._is_over(stage, percent):
            raise Stopping

    def _is_over(self, stage: str, percent: int) -> bool:
        """Whether this slice ends here. Asked only where more is kept than before: every slice gets further."""
        self.held.report(stage, percent)
        return lease.is_stopping() or time.monotonic() > self._until or photos_wait()

    def _read(self, item: FrozenItem, survey: ml.Survey) -> None:
        try:
            survey.add(_photo(item), item.category)
        except OSError as error:
            logger.warning("The photo %s of a benchmark cannot be read: %s", item.sha256, error)
            self.left_out.add(item.pk)

    def _put_json(self, key: str, said: dict[str, Any]) -> None:
        with TemporaryDirectory() as folder:
            written = Path(folder, "said.json")
            written.write_text(json.dumps(said))
            self.held.confirm()
            storage.put(storage.results(), key, written)

    def _put_pictures(self, item: FrozenItem, pictures: dict[str, Image.Image]) -> dict[str, str]:
        """Small copies into the storage; their keys, under the names of the row's fields."""
        keys = {name: self._key_of(item, name) for name in pictures}
        self.held.confirm()
        with TemporaryDirectory() as folder:
            files = {keys[name]: Path(folder, f"{name}.webp") for name in pictures}
            for name, picture in pictures.items():
                small = picture.copy()
                small.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.LANCZOS)
                small.save(files[keys[name]], "WEBP", quality=QUALITY)
            storage.put_all(storage.results(), files)
        return {f"{name}_key": key for name, key in keys.items()}

    def _key_of(self, item: FrozenItem, name: str) -> str:
        """Always the same, and no one who votes can tell by it whose picture it is."""
        told = salted_hmac("heirloom.comparison", f"{self.comparison.pk}:{item.pk}:{name}").hexdigest()
        return storage.comparison_key(self.comparison.pk, f"{item.pk}-{told[:16]}.webp")


def _method(version: ModelVersion) -> LearnedMethod:
    live = engine.live()
    if live.version == version:
        return live.method
    with local_weights(version) as weights:
        return load_method(weights)


def _photo(item: FrozenItem, side: int = SIDE) -> Image.Image:
    """Raises OSError where it cannot be read."""
    with storage.local_copy(storage.models(), item.key) as path:
        return open_photo(path, side)


def _eye() -> Eye | None:
    """What looks for FD-Lite0; None where its encoder was not fetched."""
    try:
        return Eye()
    except (FileNotFoundError, ValueError):
        return None
