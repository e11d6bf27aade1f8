"""What a file is, told by its name's ending and by its first bytes. The web's own: it loads no image library.

A kind is one of the formats we take (`READABLE`) or a code that says what else it is; `words` has a sentence for each.
"""

from pathlib import PurePosixPath

READABLE = frozenset({"jpeg", "png", "webp", "heic", "tiff"})
HEAD_BYTES = 4096
"""How much of a file `sniff` looks at."""

_ENDINGS: dict[str, tuple[str, ...]] = {
    "jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "png": ("png",),
    "webp": ("webp",),
    "heic": ("heic", "heif", "hif"),
    "tiff": ("tif", "tiff"),
    "pdf": ("pdf",),
    "svg": ("svg", "svgz"),
    "raw": (
        *("3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "iiq", "kdc", "mef", "mos", "mrw"),
        *("nef", "nrw", "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f"),
    ),
    "video": ("mp4", "m4v", "mov", "avi", "mkv", "webm", "mpg", "mpeg", "wmv", "3gp", "mts", "m2ts"),
    "archive": ("zip", "7z", "rar", "tar", "gz", "tgz", "bz2", "xz"),
    "unsupported": ("psd", "psb", "gif", "bmp", "avif", "jp2", "j2k", "jpx", "jxl", "ico", "tga", "xcf", "eps", "ai"),
}
_KIND_OF_ENDING = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings}

_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "archive"),
    (b"PK\x05\x06", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!\x1a\x07", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"GIF87a", "unsupported"),
    (b"GIF89a", "unsupported"),
    (b"8BPS", "unsupported"),
    (b"\x00\x00\x00\x0cjP  ", "unsupported"),
    (b"\x00\x00\x00\x0cJXL ", "unsupported"),
    (b"\xff\x0a", "unsupported"),
    (b"%!PS", "unsupported"),
    (b"FUJIFILMCCD-RAW", "raw"),
    (b"IIRO", "raw"),
    (b"IIRS", "raw"),
    (b"MMOR", "raw"),
    (b"IIU\x00", "raw"),
    (b"\x00MRM", "raw"),
    (b"FOVb", "raw"),
    (b"II\x1a\x00\x00\x00HEAPCCDR", "raw"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"\x00\x00\x01\xba", "video"),
    (b"\x00\x00\x01\xb3", "video"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video"),
)
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_TIFF_MAGIC = {b"II*\x00": "little", b"MM\x00*": "big", b"II+\x00": "little", b"MM\x00+": "big"}
_DNG_VERSION = 0xC612


def by_name(name: str) -> str | None:
    """The kind that the ending of ``name`` promises; None where it promises nothing we know."""
    return _KIND_OF_ENDING.get(PurePosixPath(name).suffix.lower().removeprefix("."))


def ending(name: str) -> str:
    """The ending of ``name`` as people write it: ``.jpg``; empty where there is none."""
    return PurePosixPath(name).suffix.lower()


def sniff(head: bytes) -> str:
    """The kind of a file that begins with ``head``: "not_a_photo" where nothing fits."""
    for prefix, kind in _PREFIXES:
        if head.startswith(prefix):
            return kind
    if head[:4] in _TIFF_MAGIC:
        return "raw" if _is_raw_tiff(head) else "tiff"
    if head[:4] == b"RIFF":
        return {b"WEBP": "webp", b"AVI ": "video"}.get(head[8:12], "not_a_photo")
    if head[4:8] == b"ftyp":
        return _sniff_ftyp(head)
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return "video"
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "unsupported"
    if b"%PDF-" in head[:1024]:
        return "pdf"
    return "svg" if b"<svg" in head.lower() else "not_a_photo"


def _sniff_ftyp(head: bytes) -> str:
    """ISO base media: photos and videos share the container and differ in their brands."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    if brands[0] == b"crx ":
        return "raw"
    if b"avif" in brands or b"avis" in brands:
        return "unsupported"
    # A video may name mif1 as one it goes with; only a picture's first brand or an HEVC image brand says "photo".
    return "heic" if brands[0] in _HEIC_BRANDS or b"heic" in brands else "video"


def _is_raw_tiff(head: bytes) -> bool:
    """Camera raw that is a TIFF outside: Canon's marks itself, DNG has a tag of its own in the first directory."""
    if head[8:10] == b"CR":
        return True
    order = _TIFF_MAGIC[head[:4]]
    at = int.from_bytes(head[4:8], order)  # type: ignore[arg-type]
    count = int.from_bytes(head[at : at + 2], order)  # type: ignore[arg-type]
    entries = range(at + 2, min(at + 2 + 12 * count, len(head) - 11), 12)
    return any(int.from_bytes(head[entry : entry + 2], order) == _DNG_VERSION for entry in entries)  # type: ignore[arg-type]
