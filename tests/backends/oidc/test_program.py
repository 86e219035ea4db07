"""A program that says which account a person has."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.go import WAIT_FOR_GO

from gatewright.backends.oidc import AccountProgram
from gatewright.core.errors import BackendFailed, Unavailable
from gatewright.domains.identity import Mapped

CLAIMS = {"sub": "1", "name": "Zoë; $(touch x)", "groups": ["a"]}
MINUTE = 60.0

MakeProgram = Callable[..., AccountProgram]


@pytest.fixture
def program(tmp_path: Path) -> MakeProgram:
    """Makes a program of a script in sh."""

    def make(script: str, *arguments: str, seconds: float = MINUTE) -> AccountProgram:
        path = tmp_path / "account-of"
        path.write_text(f"#!/bin/sh\ncd '{tmp_path}'\n{script}\n")
        path.chmod(0o755)
        return AccountProgram([str(path), *arguments], seconds)

    return make


async def test_it_reads_the_claims_and_prints_a_name(
    program: MakeProgram, tmp_path: Path
) -> None:
    reads = "import json, sys; print('u' + json.load(sys.stdin)['sub'] + sys.argv[1])"
    one = program(f'exec "{sys.executable}" -c "{reads}" "$1"', "; touch y")
    assert await one.account(CLAIMS) is None  # “u1; touch y” is no name
    two = program(f'exec "{sys.executable}" -c "{reads}" "$1"', "-x")
    assert await two.account(CLAIMS) == Mapped("u1-x", exact=False)
    assert {path.name for path in tmp_path.iterdir()} == {"account-of"}


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        "echo ada; exit 3",
        "echo ada; kill -9 $$",
        "",
        "echo",
        "echo ada ben",
        "echo ada; echo ben",
        "echo ../ada",
        "printf 'ada\\0'",
        "printf '\\303\\251'",
        "yes ada | head -c 100000",
    ],
)
async def test_whom_it_refuses(program: MakeProgram, script: str) -> None:
    assert await program(script).account(CLAIMS) is None


async def test_it_may_end_without_reading(program: MakeProgram) -> None:
    many = {"groups": ["x" * 1000] * 1000}
    assert await program("exec <&-; echo ada").account(many) == Mapped(
        "ada", exact=False
    )


async def test_it_sees_nothing_of_the_gateway_s(
    program: MakeProgram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GATEWRIGHT_CANARY", "secret")
    await program("env > seen; ls /proc/self/fd >> seen").account(CLAIMS)
    seen = (tmp_path / "seen").read_text()
    assert "CANARY" not in seen
    assert "PATH=/usr/local/bin:/usr/bin:/bin" in seen


async def test_one_that_takes_too_long_is_killed_with_its_children(
    program: MakeProgram, tmp_path: Path
) -> None:
    slow = f"({WAIT_FOR_GO} touch late) & echo $! > child; wait"
    with pytest.raises(Unavailable, match="could not be found out in time"):
        await program(slow, seconds=5.0).account(CLAIMS)
    child = int((tmp_path / "child").read_text())
    while Path(f"/proc/{child}/stat").exists():
        if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
            break
        os.sched_yield()
    (tmp_path / "go").touch()
    assert not (tmp_path / "late").exists()


@pytest.mark.parametrize("path", ["/nothing/there", "/etc/passwd", "/x\0y"])
async def test_one_that_cannot_be_started(path: str) -> None:
    with pytest.raises(BackendFailed, match="operator finds the reason in the log"):
        await AccountProgram([path], MINUTE).account(CLAIMS)
