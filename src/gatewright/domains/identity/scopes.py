"""Checks the scopes of tokens: which exist, and which a caller may pass on."""

from collections.abc import Collection
from functools import cache, lru_cache

from gatewright.core.caller import ROLE_SCOPES, Caller, Role, Scope
from gatewright.core.errors import InvalidContent, NotAllowed
from gatewright.core.known_scopes import check_known
from gatewright.core.scopes import covers, folders, is_within, plain, split


@cache
def role_scopes(role: Role) -> frozenset[str]:
    """Return all scopes that accounts of a role have."""
    return frozenset(map(str, ROLE_SCOPES[role]))


def narrowed(scopes: Collection[str], role: Role) -> frozenset[str]:
    """Return those of a token's scopes that the role of its account still has."""
    return _narrowed(frozenset(scopes), role)


@lru_cache(maxsize=1024)  # asked by each request, which then shares the set
def _narrowed(scopes: frozenset[str], role: Role) -> frozenset[str]:
    limit = role_scopes(role)
    return frozenset(scope for scope in scopes if covers(limit, scope))


def _check_apart(scopes: Collection[str]) -> None:
    """Refuse scopes if the folder of one lies below a folder that another may write.

    Whoever may write the upper folder could rename the lower one and put a link in its
    place, through which the token would reach other files.
    """
    written = folders(scopes, Scope.FILES_WRITE)
    for scope in sorted(scopes):
        action, folder = split(scope)
        if folder is None:
            continue
        everywhere = Scope.FILES_WRITE in scopes and action not in scopes
        if everywhere or _is_below(folder, written):
            raise InvalidContent(
                f"The folder of “{scope}” is below one that may be written. Name "
                "the same folder for both.",
                scope=scope,
            )


def _is_below(folder: bytes, others: Collection[bytes]) -> bool:
    return any(folder != other and is_within(folder, other) for other in others)


def _check_had(caller: Caller, scope: str) -> None:
    """Refuse a scope that the caller does not have, also as part of a wider one.

    The folders of a token can only be passed on unchanged. A folder below one could be
    replaced by a link to elsewhere, and the new token would start there.
    """
    if caller.may(scope):
        return
    action, folder = split(scope)
    if folder is not None and _is_below(folder, caller.folders(action)):
        raise NotAllowed(
            "A token for a folder can create tokens of that folder only, not below it.",
            scope=scope,
        )
    caller.require(scope)


def grantable(
    asked: Collection[str] | None, caller: Caller, role: Role
) -> frozenset[str]:
    """Return the scopes of a new token: those requested, or all that are possible.

    Raises
    ------
    InvalidContent
        A name is not a scope, its folder cannot be used, or the list is empty.
    NotAllowed
        The caller, or the role of the account, does not have a scope.
    """
    limit = role_scopes(role)
    if asked is None:
        return frozenset(s for s in caller.scopes if covers(limit, s))
    if not asked:
        raise InvalidContent("Name at least one scope, or leave “scopes” out for all.")
    for scope in asked:
        check_known(scope)
    wanted = frozenset(map(plain, asked))
    _check_apart(wanted)
    for scope in wanted:
        _check_had(caller, scope)
        if not covers(limit, scope):
            raise NotAllowed(
                f"A {role} account does not have the scope “{scope}”.", scope=scope
            )
    return wanted
