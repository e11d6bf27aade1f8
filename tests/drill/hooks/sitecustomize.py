"""In the drill's own workers alone: a photo with a certain comment in it crashes the decoder, really."""

import ctypes
import os
from pathlib import Path

DEADLY = os.environ.get("DRILL_DEADLY")


def _arm(pyvips: object) -> None:
    load = pyvips.Image.jpegload  # type: ignore[attr-defined]

    def jpegload(name: str, **how: object) -> object:
        if str(DEADLY).encode() in Path(name).read_bytes()[:4096]:
            ctypes.string_at(0)  # a segmentation fault, as a decoder's own
        return load(name, **how)

    pyvips.Image.jpegload = staticmethod(jpegload)  # type: ignore[attr-defined]


if DEADLY:
    import importlib.abc
    import importlib.util
    import sys

    class _Finder(importlib.abc.MetaPathFinder):
        """Arms pyvips as soon as it is imported; until then nothing of it is loaded."""

        def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
            if name != "pyvips":
                return None
            sys.meta_path.remove(self)
            spec = importlib.util.find_spec(name)
            run = spec.loader.exec_module

            def exec_module(module):  # type: ignore[no-untyped-def]
                run(module)
                _arm(module)

            spec.loader.exec_module = exec_module
            return spec

    sys.meta_path.insert(0, _Finder())
