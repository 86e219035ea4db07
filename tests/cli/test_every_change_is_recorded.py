"""Each command that changes something leaves its record; the others leave none."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner
from tests.support.identity import OWNER

from gatewright.cli.main import main

PASSWORD = "correct horse\n"
CHANGES = [
    ("user add", ["ada", "--password-stdin"], PASSWORD),
    ("user password", ["ada", "--password-stdin"], PASSWORD),
    ("user link", ["ada"], ""),
    ("user group add", ["ada", "sky"], ""),
    ("user group remove", ["ada", "sky"], ""),
    ("token create", ["--user", "ada"], ""),
    ("token revoke", ["{token}"], ""),
    ("user disable", ["ada"], ""),
    ("user enable", ["ada"], ""),
    ("user remove", ["ada"], ""),
    ("survey add", ["night", "{folder}"], ""),
    ("survey remove", ["night"], ""),
]
"""What changes something: the command, its arguments, its standard input."""
SAFE = {
    "user list", "token list", "survey list", "audit list", "audit verify", "check",
    "openapi",
}  # fmt: skip
ELSEWHERE = {"authn", "broker", "demo", "serve"}
"""They run a gateway, or what it needs beside it; the demo's sign-in link is looked for
below."""


def commands(group: click.Group = main, name: str = "") -> Iterator[str]:
    """Yield the words of every command."""
    context = click.Context(group)
    for word in group.list_commands(context):
        found = group.get_command(context, word)
        if isinstance(found, click.Group):
            yield from commands(found, f"{name}{word} ")
        else:
            yield f"{name}{word}"


def records(state: Path) -> list[tuple[str, str, int]]:
    with sqlite3.connect(state / "gateway.sqlite") as connection:
        rows = connection.execute(
            "SELECT account, method || ' ' || path, status FROM audit_record"
            " ORDER BY number"
        ).fetchall()
        intents = connection.execute("SELECT count(*) FROM audit_intent").fetchone()
    connection.close()
    assert intents == (0,)
    return rows


def run(state: Path, words: str, arguments: list[str], stdin: str = "") -> str:
    typed = [*words.split(), "--state", str(state), *arguments]
    done = CliRunner().invoke(main, typed, input=stdin)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_every_command_is_known_here() -> None:
    changes = {words for words, _, _ in CHANGES}
    unknown = set(commands()) - changes - SAFE - ELSEWHERE
    assert not unknown, "say above whether it changes something"


def test_each_change_has_a_record(state: Path) -> None:
    token = ""
    for number, (words, arguments, stdin) in enumerate(CHANGES):
        filled = [a.format(token=token, folder=state.parent) for a in arguments]
        said = run(state, words, filled, stdin)
        token = said[3:29] if said.startswith("gw_") else token
        found = records(state)
        assert len(found) == number + 1, words
        account, what, status = found[-1]
        assert (account, status) == (OWNER, 200)
        assert what.startswith(f"CLI {words} ")
        assert "correct horse" not in what
    for words in SAFE - {"check", "openapi"}:
        run(state, words, [])
    assert len(records(state)) == len(CHANGES)


def test_a_change_that_is_refused_has_a_record(state: Path) -> None:
    typed = ["survey", "add", "--state", str(state), "fixed", "/nowhere/*.fits"]
    assert CliRunner().invoke(main, typed).exit_code == 0
    with sqlite3.connect(state / "gateway.sqlite") as connection:
        connection.execute("UPDATE survey SET configured = 1")
    connection.close()
    assert CliRunner().invoke(main, typed).exit_code == 1
    assert records(state)[-1] == (OWNER, "CLI survey add fixed", 400)


def test_the_log_is_listed_so_that_its_hashes_can_be_made_again(state: Path) -> None:
    for words, arguments, stdin in CHANGES[:4]:
        run(state, words, arguments, stdin)
    lines = [json.loads(line) for line in run(state, "audit list", []).splitlines()]
    assert [line["number"] for line in lines] == [1, 2, 3, 4]
    before = "0" * 64
    for line in lines:
        fields = [
            line[name]
            for name in (
                "number", "at", "user", "token", "method", "path", "status",
                "request_id", "address", "note", "route", "app",
            )
        ]  # fmt: skip
        text = json.dumps([before, *fields], separators=(",", ":"))
        before = hashlib.sha256(text.encode()).hexdigest()
        assert line["hash"] == before
    assert lines[0]["path"] == "user add ada --role guest"
    rest = run(state, "audit list", ["--after", "3"]).splitlines()
    assert [json.loads(line) for line in rest] == lines[3:]
    for options in (
        ["--app", "cli", "--route", ""],
        ["--user", OWNER, "--method", "CLI", "--outcome", "done"],
    ):
        found = run(state, "audit list", options).splitlines()
        assert [json.loads(line) for line in found] == lines
    found = run(state, "audit list", ["--path", "user link"]).splitlines()
    assert [json.loads(line)["number"] for line in found] == [3]
    for options in (["--app", "job"], ["--route", "/x"], ["--outcome", "failed"]):
        assert run(state, "audit list", options) == ""
