"""The one access rule: who is admitted, and that nobody is without one."""

from typing import Any

import pytest
from tests.support.app import caller

from gatewright.core.access import (
    NOBODY,
    PUBLIC,
    USERS,
    Access,
    access_of,
    access_of_text,
)
from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.errors import InvalidRequest

GUEST = caller("bob", Role.GUEST)
MEMBER = caller("eve", Role.GUEST, "observers")
OWNER = caller("olga", Role.OWNER)


@pytest.mark.parametrize(
    ("rule", "admitted"),
    [
        (NOBODY, ()),
        (PUBLIC, (visitor(), GUEST, MEMBER, OWNER)),
        (USERS, (GUEST, MEMBER, OWNER)),
        (access_of(["bob"]), (GUEST,)),
        (access_of(["observers"]), (MEMBER,)),
        (access_of(["observers", "bob"]), (GUEST, MEMBER)),
        (access_of(["bo", "observer", ""]), ()),
        (access_of([]), ()),
    ],
)
def test_who_is_admitted(rule: Access, admitted: tuple[Caller, ...]) -> None:
    everybody = (visitor(), GUEST, MEMBER, OWNER)
    assert tuple(who for who in everybody if rule.admits(who)) == admitted


@pytest.mark.parametrize("setting", ["public", "users", ["ada", "team"], []])
def test_a_rule_goes_into_a_setting_and_back(setting: Any) -> None:
    assert access_of(setting).setting == setting
    assert access_of(access_of(setting).setting) == access_of(setting)


@pytest.mark.parametrize("word", ["", "Public", "ada", "nobody"])
def test_another_word_is_refused_and_not_taken_for_letters(word: str) -> None:
    with pytest.raises(InvalidRequest, match="list of accounts and groups"):
        access_of(word)


@pytest.mark.parametrize("rule", [NOBODY, PUBLIC, USERS, access_of(["é", "team"])])
def test_a_rule_goes_into_a_database_and_back(rule: Access) -> None:
    assert access_of_text(rule.text) == rule


@pytest.mark.parametrize("text", ["", "{", "3", "null", '"all"', "\0"])
def test_a_stored_rule_that_cannot_be_read_admits_nobody(text: str) -> None:
    assert access_of_text(text) == NOBODY
