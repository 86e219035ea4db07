"""Contract tests of ``Directory``."""

from dataclasses import dataclass

import pytest

from gatewright.domains.identity import Directory, Person


@dataclass(frozen=True, slots=True)
class Known:
    """A person that the directory under test has."""

    person: Person
    """The person as the directory describes them."""
    password: str
    """Password of the person, at least eight characters long."""


class DirectoryContract:
    """Tests that every ``Directory`` passes; provide ``directory`` and ``known``."""

    async def test_the_right_password_says_who_it_is(
        self, directory: Directory, known: Known
    ) -> None:
        proof = await directory.check(known.person.name, known.password)
        assert proof is not None
        assert proof.person == known.person
        assert await directory.find(known.person.name) == known.person

    async def test_other_passwords_are_nobodys(
        self, directory: Directory, known: Known
    ) -> None:
        right = known.password
        for wrong in ("", right[:-1], f"{right}x", right.swapcase(), f"{right}\0"):
            assert await directory.check(known.person.name, wrong) is None

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "nobody-of-this-name",
            " ",
            "*",
            "a:b",
            "../x",
            "x\0",
            "\ud800",
            "é" * 99,
        ],
    )
    async def test_other_names_are_nobody(
        self, directory: Directory, known: Known, name: str
    ) -> None:
        assert await directory.check(name, known.password) is None
        assert await directory.find(name) is None

    @pytest.mark.parametrize("password", ["\0", "\ud800", "é" * 1024, "\n"])
    async def test_odd_passwords_are_wrong_and_no_failure(
        self, directory: Directory, known: Known, password: str
    ) -> None:
        assert await directory.check(known.person.name, password) is None
