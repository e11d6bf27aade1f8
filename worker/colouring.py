"""What `colorize` does: the live model over the original, the result and its small copies into the storage."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyvips

from colorizer import storage
from colorizer.models import Coloring, ModelVersion
from colorizer.services import coloring as service
from ml.field import Field
from ml.method import GuessMethod, Method, StoredMethod
from ml.pins import pins_of
from ml.pipeline import colorize_file
from ml.saving import rendition
from ml.similarity import tag

from . import engine, likening
from .copies import copies_of
from .lease import Held, Lost
from .patience import patiently
from .reading import COPIES, STORING, ZOOM_LONG_SIDE, refusals, site_limits


def colour(coloring: Coloring, held: Held) -> None:
    if _has_result(coloring):
        _copy_again(coloring, held)
        return
    began = time.monotonic()
    photo = coloring.photo
    with TemporaryDirectory() as folder, refusals():
        method, version = _stored(coloring) or _live(coloring)
        if coloring.guess:
            method = GuessMethod(method, *coloring.guess)
        full = Path(folder, "full")
        with storage.local_copy(storage.originals(), photo.original.key) as path:
            coloured = colorize_file(
                path,
                full,
                method,
                page=photo.page - 1,
                guide=pins_of(coloring.pins) if coloring.pins else None,
                vividness=coloring.vividness,
                warmth=coloring.warmth,
                limits=site_limits(),
                on_stage=held.report,
            )
        held.clock.enter(COPIES)
        field = Path(folder, "field.bin")
        with copies_of(coloured.preview, Path(folder)) as copies:
            if not bytes(photo.signature or b"").startswith(tag()):
                likening.recognise(photo, coloured.preview)
            field.write_bytes(coloured.field.stored.pack())
        copies["full"] = full
        if photo.original.format == "tiff":
            copies["zoom"] = Path(folder, "zoom.jpg")
            result = pyvips.Image.new_from_file(str(full), access="sequential")
            rendition(result, ZOOM_LONG_SIDE, copies["zoom"])
        files = {storage.result_key(coloring, size): copy for size, copy in copies.items()}
        held.clock.enter(STORING)
        held.confirm()
        storage.put_all(storage.results(), {**files, storage.field_key(coloring): field})
        found: dict[str, Any] = {
            "model_version": version,
            "has_field": True,
            "key": storage.result_key(coloring, "full"),
            "size": full.stat().st_size,
            "seconds": time.monotonic() - began,
            "stage_seconds": held.clock.seconds(),
        }
        done = patiently(lambda: service.complete(coloring=coloring, owner=held.owner, **found))
    if not done:
        _forget_if_gone(coloring)
        raise Lost


def _live(coloring: Coloring) -> tuple[Method, ModelVersion]:
    """The live model; where a reference is asked for, likened to that."""
    live = engine.live()
    if coloring.reference_id:
        return likening.likened(live.method, coloring.reference_id), live.version
    return live.method, live.version


def _stored(coloring: Coloring) -> tuple[Method, ModelVersion] | None:
    """Where someone corrected a version: its own colours, without its pins, so that what is saved is what the page
    showed, whichever model is at work by now and whatever that would make of the pins; with a reference, whether that
    photo is still there or not. Else None.
    """
    base = coloring.based_on
    if not (base and base.has_field and base.model_version and base.reference_id == coloring.reference_id):
        return None
    key = storage.field_key(base)
    if base.asked == coloring.asked or not storage.results().exists(key):
        return None
    with storage.results().open(key) as file:
        field = Field.unpack(file.read())
    return StoredMethod(field, base.model_version.name, base.model_version.sha256), base.model_version


def _has_result(coloring: Coloring) -> bool:
    """Whether it was done before, and its result is whole: then its family keeps these very colours."""
    results = storage.results()
    return bool(coloring.key) and results.exists(coloring.key) and results.size(coloring.key) == coloring.size


def _copy_again(coloring: Coloring, held: Held) -> None:
    """Make the small copies of a result that has lost some."""
    sizes: dict[str, int] = {storage.result_key(coloring, size): size for size in storage.SIZES}
    with TemporaryDirectory() as folder, storage.local_copy(storage.results(), coloring.key) as full:
        has_field = coloring.has_field and storage.results().exists(storage.field_key(coloring))
        coloring.has_field = False  # one that is lost is not made again: another model may be at work by now
        for number, key in enumerate(storage.copy_keys(coloring)):
            copy = Path(folder, f"{number}{Path(key).suffix}")
            result = pyvips.Image.new_from_file(str(full), access="sequential")
            rendition(result, sizes.get(key, ZOOM_LONG_SIDE), copy)
            held.confirm()
            storage.put(storage.results(), key, copy)
    names = ("model_version", "key", "size", "seconds", "stage_seconds")
    as_it_was: dict[str, Any] = {name: getattr(coloring, name) for name in names} | {"has_field": has_field}
    if not patiently(lambda: service.complete(coloring=coloring, owner=held.owner, **as_it_was)):
        _forget_if_gone(coloring)
        raise Lost


def _forget_if_gone(coloring: Coloring) -> None:
    """The photo was deleted for ever while we worked: what we stored must not outlive it."""
    if not Coloring.objects.filter(pk=coloring.pk).exists():
        for key in storage.coloring_keys(coloring):
            storage.results().delete(key)
