"""How files are kept: on this machine's disk or in an S3 store, with the same promises.

Nothing is overwritten by accident, a replacement is there whole or not at all, what breaks off half-way leaves nothing
under the file's name, and a file is read part by part in bounded memory. `colorizer.storage` says what is kept where.
"""

from .base import HalfWritten, NoSuchPart, Part, Store, Stored, Unavailable
from .disk import DiskStore

__all__ = ["DiskStore", "HalfWritten", "NoSuchPart", "Part", "Store", "Stored", "Unavailable"]
