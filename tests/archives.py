"""A backup in memory, and the same archive changed by someone."""

import io
from collections.abc import Callable, Iterator

from colorizer import rows, storage
from colorizer.services import backup, restoring
from colorizer.tarball import Reader, Writer


def archived(*, with_results: bool = False) -> bytes:
    out = io.BytesIO()
    backup.write(out=out, with_results=with_results)
    return out.getvalue()


def restore(content: bytes) -> restoring.Restored:
    return restoring.restore(source=io.BytesIO(content))


def everything() -> dict[str, list[str]]:
    """All rows, as they would be written down."""
    said: dict[str, list[str]] = {}
    for model in rows.kept():
        out = io.StringIO()
        rows.dump(model, out)
        said[model._meta.label_lower] = out.getvalue().splitlines()
    return said


def nothing_is_left() -> bool:
    files = [*storage.originals().files(), *storage.results().files(), *storage.models().files()]
    return not files and not any(everything().values())


def rebuilt(content: bytes, change: Callable[[str, bytes], Iterator[tuple[str, bytes]]]) -> bytes:
    """Another archive with right checksums, whose members are what ``change`` makes of each."""
    out = io.BytesIO()
    with Writer(out) as writer:
        for member in Reader(io.BytesIO(content)).members():
            for name, inside in change(member.name, b"".join(member.pieces)):
                writer.add(name, len(inside), [inside])
    return out.getvalue()
