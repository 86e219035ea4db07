"""Normalizes paths, as bytes, before any file system is asked."""

from gatewright.core.errors import InvalidRequest

_LONGEST = 4095


def plain(path: bytes) -> bytes:
    """Return an absolute path without ``.``, empty parts and a slash at its end.

    Raises
    ------
    InvalidRequest
        The path contains NUL or ``..``, or is longer than 4095 bytes. ``..`` is refused
        because after a symbolic link it is not the parent that the text suggests.
    """
    if b"\0" in path:
        raise InvalidRequest("A path must not contain a NUL byte.")
    parts = [part for part in path.split(b"/") if part not in {b"", b"."}]
    if b".." in parts:
        raise InvalidRequest(
            "A path must not contain “..”; write the path of the folder itself."
        )
    result = b"/" + b"/".join(parts)
    if len(result) > _LONGEST:
        raise InvalidRequest(f"A path is at most {_LONGEST} bytes long.")
    return result


def resolve(path: bytes, home: bytes) -> bytes:
    """Return a plain path, in which ``~`` and relative paths refer to ``home``.

    Raises
    ------
    InvalidRequest
        As `plain`, or the path names another user's home (``~other``).
    """
    first, _, rest = path.partition(b"/")
    if first == b"~":
        return plain(home + b"/" + rest)
    if path.startswith(b"/"):
        return plain(path)
    return plain(home + b"/" + path)


def is_root(path: bytes) -> bool:
    """Return whether a plain path is the root directory."""
    return path == b"/"
