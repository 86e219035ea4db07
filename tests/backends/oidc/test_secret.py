"""The file with a client's secret."""

import os
from pathlib import Path

import pytest

from gatewright.backends.oidc import read_secret
from gatewright.core.errors import InvalidRequest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "client.secret"
    file.touch(mode=0o600)
    file.write_text(" a secret\n")
    return file


def test_it_is_read_without_the_space_around_it(file: Path) -> None:
    assert read_secret(file) == "a secret"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o610])
def test_one_that_is_open_to_others_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(InvalidRequest, match="chmod 600"):
        read_secret(file)


def test_what_is_no_file_of_a_secret_is_refused(file: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    tmp_path.chmod(0o700)
    for path in (pipe, tmp_path):
        with pytest.raises(InvalidRequest, match="has to be a file"):
            read_secret(path)
    with pytest.raises(InvalidRequest, match="No such file"):
        read_secret(tmp_path / "nothing")
    file.write_text("\n")
    with pytest.raises(InvalidRequest, match="is empty"):
        read_secret(file)


def test_one_of_another_account_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = file.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if owner == 0:
        assert read_secret(file) == "a secret"
        os.chown(file, 12345, 12345)
    with pytest.raises(InvalidRequest, match="has to belong to the gateway's account"):
        read_secret(file)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert read_secret(file) == "a secret"
