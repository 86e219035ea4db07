"""Who may see something that is published: the one rule of every catalogue.

An access rule is ``public``, ``users`` (any account), or a list of accounts and groups.
What has no rule is seen by nobody. A rule is about seeing alone: what a caller may do
with what they see, their scopes say (:mod:`gatewright.core.caller`).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gatewright.core.caller import Caller
from gatewright.core.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Access:
    """An access rule; one that names nobody admits nobody."""

    everybody: bool = False
    """Whether visitors without an account are admitted, and so everybody."""
    accounts: bool = False
    """Whether every account is admitted."""
    names: frozenset[str] = frozenset()
    """Accounts, and groups whose members are admitted."""

    def admits(self, caller: Caller) -> bool:
        """Return whether a caller may see what has this rule."""
        if self.everybody:
            return True
        if not caller.signed_in:
            return False
        return self.accounts or not self.names.isdisjoint({caller.user, *caller.groups})

    @property
    def text(self) -> str:
        """The setting as JSON, for a database."""
        return json.dumps(self.setting)

    @property
    def setting(self) -> str | list[str]:
        """What the configuration says for it: a word, or the names in order."""
        if self.everybody:
            return "public"
        return "users" if self.accounts else sorted(self.names)


NOBODY: Final = Access()
PUBLIC: Final = Access(everybody=True)
USERS: Final = Access(accounts=True)

_WORDS: Final = {"public": PUBLIC, "users": USERS}


def access_of(setting: str | Iterable[str]) -> Access:
    """Return the rule that a setting is: ``public``, ``users``, or names.

    Raises
    ------
    InvalidRequest
        It is another word; a single name is a list of one.
    """
    if not isinstance(setting, str):
        return Access(names=frozenset(setting))
    if setting not in _WORDS:
        raise InvalidRequest(
            f"“{setting[:80]}” is no access rule: it is “public”, “users”, or a list "
            "of accounts and groups."
        )
    return _WORDS[setting]


def access_of_text(text: str) -> Access:
    """Return the rule of :attr:`Access.text`; what cannot be read admits nobody."""
    try:
        setting = json.loads(text)
        return access_of(setting if isinstance(setting, str) else map(str, setting))
    except (ValueError, TypeError, InvalidRequest):
        return NOBODY
