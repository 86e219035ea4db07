"""What a run of tests leaves behind when it is killed, and the next one removes."""

import grp
import pwd
import subprocess
import sys
from pathlib import Path

import pytest
from tests.broker.conftest import Accounts
from tests.support.leftovers import is_left, new_name, remove_leftovers

ROOT = Path(__file__).resolve().parents[2]
MAKES = """
import sys
from pathlib import Path
from tests.broker.conftest import Accounts
from tests.support.leftovers import new_name
accounts = Accounts()
group = accounts.group()
user = accounts.user(group)
folder = Path("/run") / new_name()
folder.mkdir()
print(group, user.name, folder, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_run_made_is_removed_by_the_next(accounts: Accounts) -> None:
    own = accounts.user(None)
    with subprocess.Popen(
        [sys.executable, "-c", MAKES], cwd=ROOT, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
    ) as run:  # fmt: skip
        assert run.stdout is not None
        group, user, folder = run.stdout.readline().split()
        remove_leftovers()
        home = Path(pwd.getpwnam(user).pw_dir)
        assert home.is_dir()
        assert Path(folder).is_dir()
        run.kill()
    assert is_left(user)
    remove_leftovers()
    assert not home.exists()
    assert not Path(folder).exists()
    with pytest.raises(KeyError):
        pwd.getpwnam(user)
    with pytest.raises(KeyError):
        grp.getgrnam(group)
    assert pwd.getpwnam(own.name).pw_uid == own.uid


@pytest.mark.parametrize("name", ["root", "gwt", "gwt-1-2", "gatewright"])
def test_what_no_test_has_named_is_let_be(name: str) -> None:
    assert not is_left(name)
    assert not is_left(new_name())
