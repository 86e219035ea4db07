"""The gateway's own accounts as a directory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.identity import World, world

from gatewright.core.caller import Role
from gatewright.domains.identity import Directory, Person
from gatewright.testing.identity import DirectoryContract, Known


class TestLocalAccounts(DirectoryContract):
    @pytest.fixture
    async def there(self, tmp_path: Path) -> AsyncIterator[World]:
        async with world(tmp_path) as opened:
            yield opened

    @pytest.fixture
    async def known(self, there: World) -> Known:
        users = there.identity.users
        await users.add(there.owner, "cy", "Correct horse")
        await users.join(there.owner, "cy", "sky")
        return Known(Person("cy", frozenset({"sky"}), Role.GUEST), "Correct horse")

    @pytest.fixture
    def directory(self, there: World, known: Known) -> Directory:
        return there.identity.directories._places["local"]

    async def test_an_account_without_a_password_signs_nobody_in(
        self, there: World, directory: Directory
    ) -> None:
        name = there.identity.users.owner
        assert await directory.find(name) == Person(name, role=Role.OWNER)
        assert await directory.check(name, "") is None
