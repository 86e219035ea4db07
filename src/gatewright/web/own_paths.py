"""Paths of the gateway to which a browser may be sent at somebody's wish."""

import re

HOME = "/"
_LONGEST = 2048
_OWN = re.compile(r"/(?!/)[!-\[\]-~]*", re.ASCII)
_SIGN_IN = "/sign-in"


def own_path(text: str) -> str:
    """Return a path with its query if it leads to the gateway; else ``/``.

    Whatever a browser could take for another host is refused: ``//host``, backslashes,
    and space or control characters, which browsers drop. Pages of sign-in are refused
    too, since they would begin it anew.
    """
    if len(text) > _LONGEST or not _OWN.fullmatch(text) or _SIGN_IN in text:
        return HOME
    return text
