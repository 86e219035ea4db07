"""Scopes that are asked for: which there are, and which a caller may hand on."""

import re
from collections.abc import Collection

from gatewright.core.caller import ROLE_SCOPES, Caller, Role, Scope
from gatewright.core.errors import InvalidContent, NotAllowed

_KNOWN = frozenset(map(str, Scope))
_COLLECTION = re.compile(r"store:[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)


def role_scopes(role: Role) -> frozenset[str]:
    """Return all that accounts of a role may do."""
    return frozenset(map(str, ROLE_SCOPES[role]))


def covered(scope: str, scopes: Collection[str]) -> bool:
    """Return whether a scope, or the whole of which it is a part, is among scopes."""
    return scope in scopes or (scope.startswith("store:") and Scope.STORE in scopes)


def narrowed(scopes: Collection[str], role: Role) -> frozenset[str]:
    """Return those of a token's scopes that its account's role still has."""
    limit = role_scopes(role)
    return frozenset(scope for scope in scopes if covered(scope, limit))


def check_known(scopes: Collection[str]) -> None:
    """Refuse names that are no scopes.

    Raises
    ------
    InvalidContent
        A name is not one of ``Scope`` and not ``store:<collection>``.
    """
    for scope in scopes:
        if scope not in _KNOWN and not _COLLECTION.fullmatch(scope):
            names = ", ".join(sorted(_KNOWN))
            raise InvalidContent(
                f"There is no scope “{scope[:80]}”. There are {names}, and "
                "store:<collection>.",
                scope=scope[:80],
            )


def grantable(
    asked: Collection[str] | None, caller: Caller, role: Role
) -> frozenset[str]:
    """Return the scopes of a new token: those asked for, or all that can be given.

    Raises
    ------
    InvalidContent
        A name is not a scope, or no scope is asked for.
    NotAllowed
        The caller does not have a scope, or the role of the account never has it.
    """
    limit = role_scopes(role)
    if asked is None:
        return frozenset(s for s in caller.scopes if covered(s, limit))
    if not asked:
        raise InvalidContent("Name at least one scope, or leave “scopes” out for all.")
    check_known(asked)
    for scope in asked:
        if not caller.may(scope):
            caller.require(scope)
        if not covered(scope, limit):
            raise NotAllowed(
                f"A {role} account does not have the scope “{scope}”.", scope=scope
            )
    return frozenset(asked)
