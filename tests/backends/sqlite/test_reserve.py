import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from gatewright.backends.sqlite.reserve import RESERVE_BYTES, Reserve


def test_it_is_taken_given_back_and_taken_again(tmp_path: Path) -> None:
    path = tmp_path / "gateway.sqlite-reserve"
    reserve = Reserve(tmp_path / "gateway.sqlite")
    assert path.stat().st_blocks * 512 >= RESERVE_BYTES
    other = Reserve(tmp_path / "gateway.sqlite")
    for _ in range(2):
        reserve.give_back()
        assert (reserve.spent, path.exists()) == (True, False)
    other.give_back()
    reserve.keep()
    other.keep()  # the one that is there serves both
    assert (reserve.spent, other.spent, path.exists()) == (False, False, True)


def test_it_is_not_taken_of_a_disk_that_is_nearly_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = Reserve(tmp_path / "gateway.sqlite")
    reserve.give_back()
    volume = SimpleNamespace(f_bavail=RESERVE_BYTES, f_frsize=1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", lambda _: volume)
        reserve.keep()
    assert (reserve.spent, list(tmp_path.iterdir())) == (True, [])

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        reserve.keep()
    assert (reserve.spent, list(tmp_path.iterdir())) == (True, [])
    reserve.keep()
    assert not reserve.spent
