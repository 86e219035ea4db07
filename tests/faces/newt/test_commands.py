"""Commands by NEWT's URLs that fail, take too long, or say too much."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.whole import Whole, whole

CUT = (
    "The output is cut after 2000 bytes. Let the command write to a file, and read "
    "that."
)


async def run(gateway: Whole, url: str, field: str, line: str) -> dict[str, Any]:
    client = await gateway.client("ada")
    answer = await client.post(url, data={field: line})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_output_that_is_cut_is_not_called_right(tmp_path: Path) -> None:
    """A page took a part of a listing for the whole, since the status was OK."""
    line = '/bin/sh -c "seq 2000; echo warned >&2"'
    whole_output = "".join(f"{number}\n" for number in range(1, 2001))
    limits = {"command_output_bytes": 2000}
    async with whole(tmp_path, {"limits": limits}) as gateway:
        classic = await run(gateway, "/newt/command/local", "executable", line)
        second = await run(gateway, "/newt/api/command/local", "command", line)
    assert classic["output"] == second["output"]["output"] == whole_output[:2000]
    assert (classic["status"], classic["error"]) == ("ERROR", f"warned\n{CUT}")
    assert second["output"]["error"] == f"warned\n{CUT}"
    assert second["output"]["retcode"] == 0


async def test_a_command_that_takes_too_long_is_told_of(tmp_path: Path) -> None:
    line = "/bin/sleep 600"
    said = (
        "The command was ended after 0.5 seconds, the longest time of one. Submit a "
        "job for longer work."
    )
    async with whole(tmp_path, {"limits": {"command_seconds": 0.5}}) as gateway:
        classic = await run(gateway, "/newt/command/local", "executable", line)
        second = await run(gateway, "/newt/api/command/local", "command", line)
    assert (classic["status"], classic["error"]) == ("ERROR", said)
    assert second["output"]["error"] == said
    assert second["output"]["retcode"] != 0


@pytest.mark.parametrize(
    ("line", "status", "error"),
    [
        ("/bin/true", "OK", ""),
        ('/bin/sh -c "exit 3"', "ERROR", "The command ended with exit status 3."),
        ('/bin/sh -c "echo no >&2; exit 3"', "ERROR", "no\n"),
    ],
)
async def test_a_command_that_fails_says_so(
    gateway: Whole, line: str, status: str, error: str
) -> None:
    classic = await run(gateway, "/newt/command/local", "executable", line)
    assert (classic["status"], classic["error"]) == (status, error)
