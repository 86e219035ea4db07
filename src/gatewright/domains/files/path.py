"""Paths as bytes: made plain before anything is looked up."""

from gatewright.core.errors import InvalidRequest

_LONGEST = 4095


def plain(path: bytes) -> bytes:
    """Return an absolute path without empty parts and ``.``, and no slash at its end.

    Raises
    ------
    InvalidRequest
        It has NUL or ``..``, or is longer than the kernel takes. (``..`` of a path with
        links is not what its text says, so it is not resolved here.)
    """
    if b"\0" in path:
        raise InvalidRequest("A path has no NUL byte.")
    parts = [part for part in path.split(b"/") if part not in {b"", b"."}]
    if b".." in parts:
        raise InvalidRequest("A path has no “..” here; name the folder itself.")
    result = b"/" + b"/".join(parts)
    if len(result) > _LONGEST:
        raise InvalidRequest(f"A path is at most {_LONGEST} bytes long.")
    return result


def resolve(path: bytes, home: bytes) -> bytes:
    """Return a plain path; ``~`` and what does not begin with ``/`` begin at home.

    Raises
    ------
    InvalidRequest
        As `plain`, or the path names another person's home (``~other``).
    """
    first, _, rest = path.partition(b"/")
    if first == b"~":
        return plain(home + b"/" + rest)
    if path.startswith(b"/"):
        return plain(path)
    return plain(home + b"/" + path)


def is_root(path: bytes) -> bool:
    """Return whether a plain path is the root."""
    return path == b"/"
