"""The state folder of a gateway, for commands."""

from pathlib import Path

import pytest
from tests.support.identity import OWNER, cheap_hasher

from gatewright.core.config import Config, Gateway, Identity
from gatewright.core.config_file import FILE_NAME
from gatewright.core.config_text import to_toml


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("gatewright.composition.identity.Argon2Hasher", cheap_hasher)
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    config = Config(gateway=Gateway(state=folder), identity=Identity(owner=OWNER))
    (folder / FILE_NAME).write_text(to_toml(config))
    return folder
