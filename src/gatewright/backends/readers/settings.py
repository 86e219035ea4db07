"""Settings of a pool of readers."""

from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Programs, folders and limits of one pool."""

    programs: tuple[str, ...]
    """Modules whose functions may be called."""
    folders: tuple[Path, ...]
    """Folders, or single files, that the readers may read."""
    spool: Path
    """Folder for the anonymous files that readers fill."""
    readers: int = 2
    """Number of reader processes."""
    for_looks: int = 0
    """Number of readers that long calls leave for first looks into files, besides the
    one that is always free for small calls."""
    memory_bytes: int = 512 * MEBIBYTE
    """Address space of one reader in bytes, without the shared memory."""
    seconds: float = 30.0
    """Deadline of a call in seconds, unless the call has its own."""
    quick_seconds: float = 2.0
    """Deadline in seconds of a call that is expected to be short. One that exceeds it
    is repeated as a long call; long calls never occupy all readers."""
    waiting: int = 256
    """Largest number of calls of one weight that may wait; more are refused with 503.
    """
    calls: int = 20_000
    """Number of calls after which a reader is replaced."""
    growth_bytes: int = 256 * MEBIBYTE
    """Private memory in bytes at which a reader is replaced."""
    file_bytes: int = 4096 * MEBIBYTE
    """Largest file that a reader may write, bytes."""
    held_bytes: int = 256 * MEBIBYTE
    """Largest total size in bytes of answers that are copied for slow clients."""
