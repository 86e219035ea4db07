"""What a pool of readers may use."""

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
    """Folder of the anonymous files that readers fill."""
    readers: int = 2
    """Processes."""
    memory_bytes: int = 512 * MEBIBYTE
    """Address space of one reader, besides the ring."""
    seconds: float = 30.0
    """Longest time of one call, unless the call says another."""
    quick_seconds: float = 2.0
    """Longest time of a call that was expected to be short: one that takes longer is
    begun again among the long ones, of which one reader is always free."""
    waiting: int = 256
    """Calls of one weight that may wait for a reader; more are refused with 503."""
    calls: int = 20_000
    """Calls after which a reader is replaced."""
    growth_bytes: int = 256 * MEBIBYTE
    """Private memory at which a reader is replaced."""
    file_bytes: int = 4096 * MEBIBYTE
    """Largest file that a reader may write."""
    held_bytes: int = 256 * MEBIBYTE
    """Windows that slow clients may hold as copies, together."""
