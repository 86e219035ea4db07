"""Access rules: who may see a data set, survey or other published item.

A rule is ``public``, ``users`` (any account), or a list of accounts and groups. An item
without a rule is visible to nobody. A rule decides only what a caller may see; what
they may do with it depends on their scopes (:mod:`gatewright.core.caller`).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gatewright.core.caller import Caller
from gatewright.core.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Access:
    """An access rule; the default one admits nobody."""

    everybody: bool = False
    """Whether everybody is admitted, visitors without an account too."""
    accounts: bool = False
    """Whether every account is admitted."""
    names: frozenset[str] = frozenset()
    """Names of the accounts, and of the groups whose members, are admitted."""

    def admits(self, caller: Caller) -> bool:
        """Return whether a caller may see an item with this rule."""
        if self.everybody:
            return True
        if not caller.signed_in:
            return False
        return self.accounts or not self.names.isdisjoint({caller.user, *caller.groups})

    @property
    def text(self) -> str:
        """The rule as JSON text, as the database stores it."""
        return json.dumps(self.setting)

    @property
    def setting(self) -> str | list[str]:
        """The rule as the configuration writes it: a word, or the list of names."""
        if self.everybody:
            return "public"
        return "users" if self.accounts else sorted(self.names)


NOBODY: Final = Access()
PUBLIC: Final = Access(everybody=True)
USERS: Final = Access(accounts=True)

_WORDS: Final = {"public": PUBLIC, "users": USERS}


def access_of(setting: str | Iterable[str]) -> Access:
    """Return the access rule for a setting: ``public``, ``users``, or names.

    Raises
    ------
    InvalidRequest
        The setting is some other word. A single name must be given as a list of one.
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
    """Return the rule stored as :attr:`Access.text`; unreadable text admits nobody."""
    try:
        setting = json.loads(text)
        return access_of(setting if isinstance(setting, str) else map(str, setting))
    except (ValueError, TypeError, InvalidRequest):
        return NOBODY
