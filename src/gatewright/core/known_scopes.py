"""Refuses names that are no scopes, with the nearest that is one."""

import re
from difflib import get_close_matches

from gatewright.core.caller import Scope
from gatewright.core.errors import InvalidContent
from gatewright.core.scopes import split

_KNOWN = sorted(map(str, Scope))
_COLLECTION = re.compile(r"store:[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_SHOWN = 80


def check_known(scope: str) -> None:
    """Refuse a name that is neither a scope nor a part of one.

    Raises
    ------
    InvalidContent
        There is no such scope.
    """
    if scope in _KNOWN or split(scope)[1] is not None or _COLLECTION.fullmatch(scope):
        return
    text = f"There is no scope “{scope[:_SHOWN]}”."
    near = get_close_matches(scope[:_SHOWN].lower(), _KNOWN, n=1)
    if near:
        text += f" Did you mean “{near[0]}”?"
    raise InvalidContent(
        f"{text} There are {', '.join(_KNOWN)}, store:<collection>, "
        "files:read:/<folder> and files:write:/<folder>.",
        scope=scope[:_SHOWN],
    )
