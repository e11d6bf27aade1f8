"""What a weights file says of itself: safetensors' header, read without any of the numbers, and never unpickled.

The format: eight bytes with the length of a JSON header, the header (name to dtype, shape and where its bytes lie), and
the bytes (huggingface.co/docs/safetensors).
"""

import json
import struct
from typing import Any, BinaryIO

LONGEST_HEADER = 10_000_000
LONGEST_CARD = 2_000_000
CARD_FIELDS = {"format", "name", "architecture", "calibration", "preprocessing", "sha256"}
"""As `ml.checkpoint` wants them."""
_ARCHIVE, _PICKLE = b"PK", b"\x80"
"""How PyTorch's own files begin, the new ones and the old."""


class Unfit(Exception):
    """``code``: why the file is not taken; the pages have words for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def check(file: BinaryIO, size: int) -> None:
    """Whether it is a whole safetensors file of ``size`` bytes.

    Raises:
        Unfit: "weights_empty", "weights_pickle", "weights_cut_off" or "weights_unknown".
    """
    beginning = file.read(8)
    if not beginning:
        raise Unfit("weights_empty")
    if beginning.startswith((_ARCHIVE, _PICKLE)):
        raise Unfit("weights_pickle")
    length = struct.unpack("<Q", beginning.ljust(8, b"\0"))[0]
    if not 2 <= length <= LONGEST_HEADER:
        raise Unfit("weights_unknown")
    if size < 8 + length:
        raise Unfit("weights_cut_off")
    end = 8 + length + _bytes_of_tensors(file.read(length))
    if size != end:
        raise Unfit("weights_cut_off" if size < end else "weights_unknown")


def _bytes_of_tensors(header: bytes) -> int:
    try:
        said = json.loads(header)
        ends = [int(each["data_offsets"][1]) for name, each in said.items() if name != "__metadata__"]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise Unfit("weights_unknown") from error
    if not ends:
        raise Unfit("weights_unknown")
    return max(ends)


def read_card(content: bytes) -> dict[str, Any]:
    """The card that lies beside the weights. Raises Unfit("card_unknown")."""
    try:
        card: Any = json.loads(content)
        _check_kept(card)
        is_whole = set(card) >= CARD_FIELDS and all(
            isinstance(text, str) and text for text in (card["name"], card["architecture"]["network"], card["sha256"])
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unfit("card_unknown") from error
    if not is_whole:
        raise Unfit("card_unknown")
    return dict(card)


def _check_kept(card: object) -> None:
    """Raise ValueError on what Python reads and no database keeps: NaN and Infinity, halves of characters, NUL."""
    text = json.dumps(card, allow_nan=False, ensure_ascii=False)
    if rb"\u0000" in text.encode():
        raise ValueError("NUL")
