"""What a command says when it cannot: plain words, what to do, and an exit code."""

import errno
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gatewright.cli import demo
from gatewright.cli.main import main


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(
        main, list(arguments), env=environment, prog_name="gatewright"
    )


def test_a_state_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("demo", "--state", str(tmp_path / "file" / "state"))
    assert done.exit_code == 1
    assert "cannot be used: Not a directory. Choose another" in done.output
    assert "--state DIR" in done.output


def test_a_state_folder_of_somebody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> None:
        number = errno.EACCES
        raise PermissionError(number, os.strerror(number), str(folder))

    monkeypatch.setattr(demo, "prepare", refuse)
    done = run("demo", "--state", str(tmp_path))
    assert done.exit_code == 1
    assert f"“{tmp_path}” cannot be used: Permission denied. Choose another" in (
        done.output
    )


def test_a_demo_without_a_home_says_where_it_may_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nowhere() -> Path:
        raise RuntimeError

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    done = run("demo")
    assert done.exit_code == 2
    assert "say with --state DIR" in done.output


@pytest.mark.parametrize("origin", ["localhost:5173", "https://a.example/page", "*"])
def test_what_is_no_origin_of_a_page(origin: str, tmp_path: Path) -> None:
    done = run("demo", "--state", str(tmp_path / "s"), "--cors-origin", origin)
    assert done.exit_code == 2
    assert f"“{origin}” is no origin, such as https://pages.example.org" in done.output
    assert not (tmp_path / "s").exists()


def test_a_command_for_a_demo_that_is_not_there(tmp_path: Path) -> None:
    done = run("token", "create", "--state", str(tmp_path / "s"), "--user", "demo")
    assert done.exit_code == 2
    assert f"gatewright demo --state {tmp_path / 's'}" in done.output


def test_a_file_that_the_system_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        number = errno.ENOSPC
        raise OSError(number, os.strerror(number), "/somewhere")

    monkeypatch.setattr("gatewright.cli.check.load_config", refuse)
    done = run("check", str(tmp_path / "g.toml"))
    assert done.exit_code == 1
    assert done.output == "Error: /somewhere: No space left on device.\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--version"], 0),
        (["check", "--reference"], 0),
        (["check", "there-is-no-such-file.toml"], 1),
        (["check"], 2),
        (["demo", "--port", "70000"], 2),
        (["demo", "--data", "there-is-no-such-folder"], 2),
        (["token", "create"], 2),
        (["user", "add", "ada"], 2),
        (["nothing"], 2),
    ],
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    done = run(*arguments)
    assert done.exit_code == code
    assert "Traceback" not in done.output


def test_a_shell_completes_commands() -> None:
    script = run(_GATEWRIGHT_COMPLETE="bash_source")
    assert "_GATEWRIGHT_COMPLETE=bash_complete" in script.output
    found = run(
        _GATEWRIGHT_COMPLETE="bash_complete", COMP_WORDS="gatewright de", COMP_CWORD="1"
    )
    assert found.output == "plain,demo\n"
