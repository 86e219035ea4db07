"""Scopes: a role has its own, a token fewer, a visitor those of public data."""

import pytest

from gatewright.core.caller import ROLE_SCOPES, Caller, Role, Scope, visitor
from gatewright.core.errors import NotAllowed, NotSignedIn


def caller(role: Role, scopes: frozenset[str] | None = None) -> Caller:
    return Caller("ada", scopes or frozenset(ROLE_SCOPES[role]), role=role)


def test_an_owner_may_do_everything() -> None:
    assert ROLE_SCOPES[Role.OWNER] == frozenset(Scope)
    for scope in Scope:
        caller(Role.OWNER).require(scope)


@pytest.mark.parametrize(
    "scope",
    [
        Scope.FILES_READ,
        Scope.FILES_WRITE,
        Scope.EXEC,
        Scope.JOBS_READ,
        Scope.JOBS_SUBMIT,
        Scope.JOBS_CANCEL,
        Scope.SKY_TRAIN,
    ],
)
def test_a_guest_has_no_files_commands_and_jobs(scope: Scope) -> None:
    with pytest.raises(NotAllowed, match="guest"):
        caller(Role.GUEST).require(scope)


def test_a_guest_has_documents_data_and_images() -> None:
    for scope in (Scope.STORE, Scope.DATA_READ, Scope.SKY_READ, Scope.SKY_VOTE):
        caller(Role.GUEST).require(scope)
        assert scope in ROLE_SCOPES[Role.GUEST]


def test_who_cannot_administer_is_told_who_can() -> None:
    """Not that a guest account has no files, which is no answer to that."""
    for role in (Role.GUEST, Role.USER):
        with pytest.raises(NotAllowed, match="Only administrators"):
            caller(role).require("admin")


def test_a_token_does_no_more_than_its_scopes() -> None:
    narrow = caller(Role.OWNER, frozenset({"data:read"}))
    narrow.require("data:read")
    with pytest.raises(NotAllowed, match="files:read"):
        narrow.require("files:read")


def test_a_part_of_the_store_is_within_the_store_and_not_the_reverse() -> None:
    whole = caller(Role.OWNER, frozenset({"store"}))
    part = caller(Role.OWNER, frozenset({"store:runs"}))
    assert whole.may("store:runs")
    assert part.may("store:runs")
    assert not part.may("store:other")
    assert not part.may("store")
    assert not caller(Role.OWNER, frozenset({"files"})).may("files:read")


def test_files_may_be_narrowed_to_folders() -> None:
    some = caller(Role.OWNER, frozenset({"files:read:/b", "files:read:/a%20c"}))
    assert some.folders("files:read") == [b"/a c", b"/b"]
    assert some.may("files:read:/b")
    assert not some.may("files:read:/b/x")
    assert not some.may("files:read")
    assert some.folders("files:write") == []
    whole = caller(Role.OWNER, frozenset({"files:read", "files:read:/b"}))
    assert whole.folders("files:read") == []


def test_a_visitor_is_asked_to_sign_in() -> None:
    someone = visitor(address="127.0.0.1", request_id="r")
    someone.require("data:read")
    assert not someone.signed_in
    with pytest.raises(NotSignedIn):
        someone.require("files:read")
    with pytest.raises(NotSignedIn):
        someone.require_user()


def test_a_signed_in_caller_has_a_name() -> None:
    assert caller(Role.GUEST).require_user() == "ada"
