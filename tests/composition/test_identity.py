import os
import pwd
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gatewright.cli.root import warn_if_root
from gatewright.composition.identity import open_identity, owner_name
from gatewright.composition.state import open_database
from gatewright.core.caller import visitor
from gatewright.core.config import Config, Gateway, Identity
from gatewright.core.errors import NotSignedIn
from gatewright.domains.identity import operator


def test_the_owner_is_the_configured_one() -> None:
    assert owner_name(Config(identity=Identity(owner="olga"))) == "olga"


@pytest.mark.parametrize(
    ("login", "owner"), [("ada", "ada"), ("DOM\\ada", "owner"), (None, "owner")]
)
def test_or_the_one_who_started_the_gateway(
    monkeypatch: pytest.MonkeyPatch, login: str | None, owner: str
) -> None:
    def getpwuid(number: int) -> pwd.struct_passwd:
        assert number == os.geteuid()
        if login is None:
            raise KeyError
        return pwd.struct_passwd((login, "x", number, 0, "", "/", "/bin/sh"))

    monkeypatch.setattr(pwd, "getpwuid", getpwuid)
    assert owner_name(Config()) == owner


def test_root_is_warned(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not warn_if_root()
    assert not caplog.text
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert warn_if_root()
    assert "runs as root" in caplog.text


async def test_identity_with_its_own_hasher(tmp_path: Path) -> None:
    config = Config(gateway=Gateway(state=tmp_path), identity=Identity(owner="olga"))
    for _ in range(2):
        async with AsyncExitStack() as stack:
            database = await open_database(config, stack)
            identity = await open_identity(config, database, stack)
            owner = await identity.users.get(operator("olga"), "olga")
            assert not owner.has_password
            with pytest.raises(NotSignedIn):
                await identity.sessions.sign_in(visitor(), "olga", "x")
