"""The head of a response: its status line and headers, as bytes.

Uvicorn searches each name and each value with a regular expression. This module checks
a name when it occurs for the first time, and all values at once: the fifteen headers of
a response of the gateway cost as much here as three do in uvicorn.
"""

import re
from collections.abc import Sequence

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gatewright.web.fields import Pair, has_control

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
"""A token (RFC 9110, section 5.6.2), in lower case as ASGI wants names."""
_MOST_KNOWN = 256
_known: set[bytes] = set()
"""Names that passed the check before."""


def checked(fields: Sequence[Pair]) -> Sequence[Pair]:
    """Return headers that are safe to write, with their names in lower case.

    Raises
    ------
    RuntimeError
        A name is not a token, or a value has a control character. A line end in a
        value would begin another header or another response.
    """
    if not _known.issuperset([name for name, _ in fields]):
        fields = [(name.lower(), value) for name, value in fields]
        for name, _ in fields:
            if not _NAME.fullmatch(name):
                raise RuntimeError("The name of a header is not a token.")
            if len(_known) < _MOST_KNOWN:
                _known.add(name)
    if has_control(b"".join([value for _, value in fields])):
        raise RuntimeError("A header has a control character.")
    return fields


def head(status: int, fields: Sequence[Pair]) -> bytes:
    """Return the bytes of a head; ``fields`` come from `checked`."""
    lines = [name + b": " + value for name, value in fields]
    return STATUS_LINE[status] + b"\r\n".join([*lines, b"", b""])
