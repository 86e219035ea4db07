"""Operations that change nothing: status, listing, opening, checksum, free space."""

import errno
import fcntl
import heapq
import os
import stat
import time
from itertools import chain, islice

from gatewright.backends.worker.program import parts
from gatewright.backends.worker.program.entries import Row, look, raw, row, text
from gatewright.backends.worker.program.kinds import Any
from gatewright.backends.worker.program.trees import Tree, tree

Arguments = dict[str, Any]

_PAGE_BYTES = 700_000
_LONGEST_ESCAPE = 6
_REAPED_AT_ONCE = 100
_BLOCK = 1 << 20
_REALTIME_COARSE = 5
_TICKS = 10
_TICK_SECONDS = 0.002
ALGORITHMS = frozenset({"md5", "sha1", "sha256", "sha512", "blake2b"})


def place_of(arguments: Arguments) -> tuple[Tree, bytes]:
    """Return the tree and the path in a request."""
    return _tree(arguments, "within"), raw(arguments["path"])


def destination_of(arguments: Arguments) -> tuple[Tree, bytes]:
    """Return the tree and the path of the destination in a request."""
    return _tree(arguments, "destinations_within"), raw(arguments["destination"])


def _tree(arguments: Arguments, limit: str) -> Tree:
    return tree(raw(arguments["root"]), raw(arguments.get(limit, "/")))


def status(arguments: Arguments) -> Row:
    """Return the metadata of a path; ``follow`` follows a link."""
    where, path = place_of(arguments)
    name = os.path.basename(path.rstrip(b"/"))  # noqa: PTH119  # bytes paths
    if arguments.get("follow"):
        descriptor = where.open(path, os.O_PATH)
        try:
            return row(name, os.fstat(descriptor))
        finally:
            os.close(descriptor)
    with where.place(path) as (folder, last):
        return row(name, *look(folder, last))


def open_file(arguments: Arguments) -> tuple[Row, int | None]:
    """Return metadata and a descriptor of a regular file; for a folder only metadata.

    Opening does not wait for the other end of a pipe (``O_NONBLOCK``). Anything else
    than a file or a folder raises ENXIO.
    """
    where, path = place_of(arguments)
    descriptor = where.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    found = _settled(descriptor)
    told = row(os.path.basename(path.rstrip(b"/")), found)  # noqa: PTH119  # bytes paths
    if stat.S_ISREG(found.st_mode):
        fcntl.fcntl(descriptor, fcntl.F_SETFL, 0)
        return told, descriptor
    os.close(descriptor)
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(errno.ENXIO, "not a file")
    return told, None


def _settled(descriptor: int) -> os.stat_result:
    """Return the status of an open file when later writes will change its times.

    A file system may take the time from the kernel's tick (4 to 10 ms), so that two
    writes within one tick get the same times. If the file was changed in the current
    tick, its status is read after the tick.
    """
    found = os.fstat(descriptor)
    for _ in range(_TICKS):
        if time.clock_gettime_ns(_REALTIME_COARSE) > found.st_ctime_ns:
            break
        time.sleep(_TICK_SECONDS)
        found = os.fstat(descriptor)
    return found


def listing(arguments: Arguments) -> dict[str, object]:
    """Return a page of a folder, sorted by name, after the name ``after``.

    A page is defined by the name before it, so that it stays correct while the folder
    changes; only one page of names is kept in memory. Files that are being written are
    hidden, and abandoned ones are removed.
    """
    where, path = place_of(arguments)
    folder = where.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        names, orphans = _next_names(
            folder, os.fsdecode(raw(arguments["after"])), arguments["limit"] + 1
        )
        parts.reap(folder, orphans)
        rows, last = _rows(folder, names[: arguments["limit"]])
        more = len(names) > arguments["limit"] or last != names[-1:]
        following = text(os.fsencode(last[0])) if more and last else None
        return {"rows": rows, "next": following}
    finally:
        os.close(folder)


def _next_names(folder: int, after: str, count: int) -> tuple[list[str], list[str]]:
    """Return the next names in order, and temporary names that were found."""
    orphans: list[str] = []

    def is_shown(name: str) -> bool:
        if not parts.is_part(name):
            return True
        if len(orphans) < _REAPED_AT_ONCE:
            orphans.append(name)
        return False

    with os.scandir(folder) as found:
        shown = (n for e in found if (n := e.name) > after and is_shown(n))
        names = sorted(islice(shown, count))
        if len(names) == count:  # there may be more, which are not all kept
            moved = (names.pop() for _ in range(count))
            names = heapq.nsmallest(count, chain(moved, shown))
    return names, orphans


def _rows(folder: int, names: list[str]) -> tuple[list[Row], list[str]]:
    """Return metadata up to the size of a page, and the last name that was read."""
    rows: list[Row] = []
    size, last = 0, names[:1]
    for name in names:
        if size > _PAGE_BYTES:
            break
        last = [name]
        raw_name = os.fsencode(name)
        try:
            status, target = look(folder, raw_name)
            told = row(raw_name, status, target)
        except FileNotFoundError:  # gone since the names were read
            continue
        except PermissionError:  # a folder that one may read and not enter
            told, target = [text(raw_name), 0, 0, 0, 0, "", "", 0, 0, 0, None], None
        rows.append(told)
        size += _LONGEST_ESCAPE * (len(name) + len(target or b"")) + 200
    return rows, last


def checksum(arguments: Arguments) -> dict[str, object]:
    """Return the checksum of a file in hexadecimal, and the number of bytes read."""
    if arguments["algorithm"] not in ALGORITHMS:
        raise OSError(errno.EINVAL, "algorithm")
    told, descriptor = open_file(arguments)
    if descriptor is None:
        raise OSError(errno.EISDIR, "folder")
    import hashlib  # with OpenSSL, which few workers need

    total = hashlib.new(arguments["algorithm"], usedforsecurity=False)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            arguments["stop"].check()
            total.update(block)
        return {"value": total.hexdigest(), "row": told, "bytes": file.tell()}


def space(arguments: Arguments) -> dict[str, int]:
    """Return total and free bytes of the file system that contains a path."""
    where, path = place_of(arguments)
    descriptor = where.open(path, os.O_PATH)
    try:
        found = os.statvfs(descriptor)
    finally:
        os.close(descriptor)
    return {
        "total": found.f_blocks * found.f_frsize,
        "free": found.f_bavail * found.f_frsize,
    }
