"""Templates of account names, which are filled with claims of an identity provider.

``{preferred_username}`` is replaced by the claim of this name, and
``{eppn%@example.org}`` by the claim without this ending, which it has to have.
"""

import re
from dataclasses import dataclass

_CLAIMED = re.compile(r"\{([^{}%]+)(?:%([^{}]+))?\}")


@dataclass(frozen=True, slots=True)
class Claimed:
    """The place of a claim in a template."""

    claim: str
    """Name of the claim; dots lead into objects (``realm_access.roles``)."""
    ending: str = ""
    """Text that the claim has to end with, and which is left out; empty for none."""


Template = tuple[str | Claimed, ...]
"""Literal texts and claims, in order."""


def parse_template(text: str) -> Template:
    """Return the parts of a template.

    Raises
    ------
    ValueError
        It is empty, or a brace has no partner.
    """
    parts: list[str | Claimed] = []
    at = 0
    for found in _CLAIMED.finditer(text):
        parts += [text[at : found.start()], Claimed(found[1], found[2] or "")]
        at = found.end()
    parts = [part for part in (*parts, text[at:]) if part]
    literal = "".join(part for part in parts if isinstance(part, str))
    if not parts or "{" in literal or "}" in literal:
        raise ValueError(
            "it has to be the name of an account, such as ada, {preferred_username} or "
            "{eppn%@example.org}"
        )
    return tuple(parts)
