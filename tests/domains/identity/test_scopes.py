import itertools

import pytest
from tests.support.app import caller

from gatewright.core.caller import (
    GUEST_SCOPES,
    ROLE_SCOPES,
    Caller,
    Role,
    Scope,
)
from gatewright.core.errors import InvalidContent, NotAllowed
from gatewright.domains.identity.scopes import grantable, narrowed, role_scopes

ALL = [*map(str, Scope), "store:notes"]


@pytest.mark.parametrize(
    ("has", "asked", "role"), list(itertools.product([*ALL, "all"], ALL, Role))
)
def test_the_matrix(has: str, asked: str, role: Role) -> None:
    """A token may hand on what it has, and an account have what its role has."""
    scopes = frozenset(map(str, Scope)) if has == "all" else frozenset({has})
    giver = Caller("olga", scopes, role=Role.OWNER)
    whole = asked.partition(":")[0] if asked.startswith("store") else asked
    giver_has = has in {"all", asked, whole}
    role_has = whole in set(map(str, ROLE_SCOPES[role]))
    if giver_has and role_has:
        assert grantable([asked], giver, role) == {asked}
        assert narrowed({asked}, role) == {asked}
    else:
        with pytest.raises(NotAllowed):
            grantable([asked], giver, role)
    if not role_has:
        assert narrowed({asked}, role) == frozenset()


def test_all_that_can_be_given() -> None:
    everything = frozenset(map(str, Scope))
    assert grantable(None, caller("olga"), Role.OWNER) == everything
    guest = frozenset(map(str, GUEST_SCOPES))
    assert (
        grantable(None, caller("olga"), Role.GUEST) == guest == role_scopes(Role.GUEST)
    )
    one = Caller("ada", frozenset({"store:notes"}), role=Role.GUEST)
    assert grantable(None, one, Role.GUEST) == {"store:notes"}


@pytest.mark.parametrize(
    "scope",
    [
        *("", "store:", "store:a b", "store:/x", "files", "files:read:x", "root"),
        *("\ud800", "files:read:/\ud800", "files:write:/\udd00"),
    ],
)
def test_what_is_no_scope(scope: str) -> None:
    with pytest.raises(InvalidContent, match="There is no scope"):
        grantable([scope], caller("olga"), Role.OWNER)


def test_none_at_all() -> None:
    with pytest.raises(InvalidContent, match="at least one"):
        grantable([], caller("olga"), Role.OWNER)


def test_folders_of_files() -> None:
    """Who has all files hands on a folder of them, in one way of writing."""
    asked = ["files:read://data/./é", "files:write:/data/out"]
    given = {"files:read:/data/%C3%A9", "files:write:/data/out"}
    assert grantable(asked, caller("olga"), Role.OWNER) == given
    assert narrowed(given, Role.OWNER) == given
    assert narrowed(given, Role.GUEST) == frozenset()
    with pytest.raises(NotAllowed, match="guest"):
        grantable(["files:read:/a"], caller("olga"), Role.GUEST)


def test_a_folder_is_handed_on_as_it_is() -> None:
    """One below it might be a link, at which the new token would begin."""
    part = Caller("olga", frozenset({"files:read:/data"}), role=Role.OWNER)
    for asked in (None, ["files:read:/data"], ["files:read://data/."]):
        assert grantable(asked, part, Role.OWNER) == {"files:read:/data"}
    for more in ("files:read", "files:read:/", "files:read:/dat", "files:write:/data"):
        with pytest.raises(NotAllowed, match="needs the scope"):
            grantable([more], part, Role.OWNER)
    with pytest.raises(NotAllowed, match="not below it"):
        grantable(["files:read:/data/a"], part, Role.OWNER)


@pytest.mark.parametrize("below", ["files:read:/a/b", "files:write:/a/b/c"])
def test_no_folder_below_one_that_may_be_written(below: str) -> None:
    """Its name could be given to a link that leads elsewhere."""
    with pytest.raises(InvalidContent, match="below one that may be written"):
        grantable([below, "files:write:/a"], caller("olga"), Role.OWNER)
    apart = {"files:read:/a", "files:write:/a", "files:write:/ab"}
    assert grantable(apart, caller("olga"), Role.OWNER) == apart


def test_no_folder_where_all_may_be_written() -> None:
    """Who writes everywhere could put a link in the place of the one to be read."""
    narrow = ["files:write", "files:read:/a"]
    with pytest.raises(InvalidContent, match="“files:read:/a” is below"):
        grantable(narrow, caller("olga"), Role.OWNER)
    for no_limit in ("files:read", "files:write:/a"):
        asked = frozenset({"files:write", "files:read", no_limit})
        assert grantable(asked, caller("olga"), Role.OWNER) == asked
