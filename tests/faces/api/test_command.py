"""Commands over HTTP, through a real worker process."""

import asyncio
import resource
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp
from tests.faces.api.files.conftest import (
    LIMITS,
    app,
    client,
    client_of,
    home,
    services,
)
from tests.support.app import caller
from tests.support.workers import is_running, wait_until

from gatewright.core.caller import Caller, Role, visitor

__all__ = ["app", "client", "home", "services"]
Run = Callable[..., Coroutine[None, None, Any]]


@pytest.fixture
def run(client: httpx.AsyncClient) -> Run:
    async def run(*argv: str, status: int = 200, **more: object) -> Any:
        body = {"command": list(argv), **more}
        answer = await client.post("/command/local", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    return run


async def test_a_command(run: Run, home: Path) -> None:
    found = await run("sh", "-c", "cat; echo error >&2; exit 3", stdin="in é\n")
    assert found == {
        "exit_code": 3,
        "stdout": "in é\n",
        "stderr": "error\n",
        "stdout_truncated": False,
        "stderr_truncated": False,
        "timed_out": False,
    }


async def test_no_shell_reads_the_arguments(run: Run) -> None:
    found = await run("printf", "%s|", "$HOME", "a b", ";", "`id`", "é\n", "-x", "")
    assert found["stdout"] == "$HOME|a b|;|`id`|é\n|-x||"


async def test_where_and_with_what(run: Run, home: Path) -> None:
    (home / "a b").mkdir()
    assert (await run("pwd"))["stdout"] == f"{home}\n"
    assert (await run("pwd", directory="a%20b"))["stdout"] == f"{home}/a b\n"
    assert (await run("pwd", directory="/a b"))["stdout"] == f"{home}/a b\n"
    assert (await run("pwd", directory="~"))["stdout"] == f"{home}\n"
    found = await run("env", environment={"GREETING": "hé llo"})
    assert "GREETING=hé llo\n" in found["stdout"]
    assert "PATH=" in found["stdout"]
    await run("pwd", directory="none", status=404)
    await run("pwd", directory="../x", status=400)


async def test_output_that_is_not_text(run: Run) -> None:
    assert (await run("printf", r"\377\000a"))["stdout"] == "\ufffd\0a"


async def test_output_above_the_cap(run: Run) -> None:
    found = await run("sh", "-c", "head -c 5000000 /dev/zero; echo done >&2")
    assert len(found["stdout"]) == 1000
    assert found["stdout_truncated"]
    assert (found["stderr"], found["stderr_truncated"]) == ("done\n", False)
    assert found["exit_code"] == 0


async def test_time_is_limited_and_all_is_killed(run: Run, home: Path) -> None:
    began = time.monotonic()
    script = "sleep 300 & echo $! > pid; echo partial; sleep 300"
    found = await run("sh", "-c", script, seconds=5)  # more than its first words take
    assert time.monotonic() - began < LIMITS.command_seconds
    assert found["timed_out"]
    assert found["exit_code"] == 137
    assert found["stdout"] == "partial\n"
    pid = int((home / "pid").read_text())
    wait_until(lambda: not is_running(pid), 60)


async def test_what_a_command_leaves_is_killed(run: Run, home: Path) -> None:
    began = time.monotonic()
    found = await run("sh", "-c", "sleep 300 & echo $! > pid")
    assert time.monotonic() - began < LIMITS.command_seconds
    assert (found["exit_code"], found["timed_out"]) == (0, False)
    pid = int((home / "pid").read_text())
    wait_until(lambda: not is_running(pid), 60)


async def test_a_command_that_closes_its_output(run: Run) -> None:
    found = await run("sh", "-c", "exec >&- 2>&-; sleep 0.1; exit 4")
    assert found["exit_code"] == 4


async def test_a_signal_is_an_exit_code(run: Run) -> None:
    assert (await run("sh", "-c", "kill -TERM $$"))["exit_code"] == 143


async def test_limits_are_those_of_the_gateway(run: Run) -> None:
    found = await run("sh", "-c", "ulimit -n")
    assert int(found["stdout"]) == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


async def test_many_at_once(run: Run) -> None:
    found = await asyncio.gather(*(run("echo", f"{n}") for n in range(30)))
    assert [one["stdout"] for one in found] == [f"{n}\n" for n in range(30)]


async def test_programs_that_cannot_be_run(run: Run, home: Path) -> None:
    found = await run("no-such-program", status=404)
    assert "no-such-program" in found["detail"]
    (home / "plain").write_text("not a program")
    await run(str(home / "plain"), status=403)
    (home / "plain").chmod(0o755)
    await run(str(home / "plain"), status=400)
    await run("echo", "x" * 200_000, status=413)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"command": []},
        {"command": [""]},
        {"command": "ls"},
        {"command": ["ls"], "seconds": 0},
        {"command": ["ls"], "seconds": -1},
        {"command": ["ls"], "seconds": 1000},
        {"command": ["ls"], "environment": {"a=b": "x"}},
        {"command": ["ls"], "environment": {"": "x"}},
        {"command": ["ls"], "more": 1},
        {"command": [1]},
    ],
)
async def test_bodies_that_are_wrong(client: httpx.AsyncClient, body: object) -> None:
    answer = await client.post("/command/local", json=body)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "text",
    [
        '{"command": ["a\\u0000b"]}',
        '{"command": ["\\ud800"]}',
        '{"command": ["ls"], "seconds": NaN}',
        '{"command": ["ls"], "seconds": 1e400}',
        '{"command": ' + "[" * 100_000,
        "",
    ],
)
async def test_json_that_is_wrong(client: httpx.AsyncClient, text: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/command/local", content=text, headers=headers)
    assert answer.status_code in {400, 422}


async def test_other_systems(client: httpx.AsyncClient) -> None:
    answer = await client.post("/command/other", json={"command": ["ls"]})
    assert answer.status_code == 404


async def test_who_may_not(app: ASGIApp, services: Any) -> None:
    token = Caller("ada", frozenset({"files:read", "files:write"}), role=Role.OWNER)
    for who, status in (
        (visitor(), 401),
        (caller("eve", Role.GUEST), 403),
        (token, 403),
    ):
        async with client_of(app, services, who) as client:
            answer = await client.post("/command/local", json={"command": ["ls"]})
            assert answer.status_code == status


async def test_a_command_ends_with_the_gateway(
    run: Run, services: Any, home: Path
) -> None:
    script = "echo $$ > pid.new; mv pid.new pid; sleep 300"
    running = asyncio.create_task(run("sh", "-c", script))
    while not (home / "pid").exists():
        await asyncio.sleep(0.01)
    pid = int((home / "pid").read_text())
    await services.worker.close()
    wait_until(lambda: not is_running(pid), 60)
    with pytest.raises(AssertionError):
        await running
