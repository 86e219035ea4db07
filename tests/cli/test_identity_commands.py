"""``gatewright user``, ``token`` and ``audit``, as an operator types them."""

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.support.identity import OWNER, World
from tests.support.identity import world as open_world

from gatewright.cli.main import main
from gatewright.core.caller import visitor
from gatewright.core.config import Config, Gateway, Identity
from gatewright.core.config_file import FILE_NAME
from gatewright.core.config_text import to_toml
from gatewright.core.errors import NotSignedIn


def run(state: Path, *arguments: str, stdin: str = "") -> Result:
    """Run a command with ``--state`` put after its words."""
    words = [word for word in arguments if not word.startswith("-")]
    count = 3 if words[1:2] == ["group"] else 2
    typed = [*arguments[:count], "--state", str(state), *arguments[count:]]
    return CliRunner().invoke(main, typed, input=stdin)


def done(state: Path, *arguments: str, stdin: str = "") -> str:
    result = run(state, *arguments, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout


def failed(state: Path, *arguments: str, stdin: str = "") -> str:
    result = run(state, *arguments, stdin=stdin)
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    assert not result.exception or isinstance(result.exception, SystemExit)
    return result.stderr


def test_users(state: Path) -> None:
    add = ("user", "add", "ada", "--password-stdin")
    assert done(state, *add, stdin="correct horse\n") == "ada is created, as guest.\n"
    assert "already" in failed(state, *add, stdin="correct horse\n")
    owner = ("user", "add", "ben", "--password-stdin", "--role", "owner")
    assert done(state, *owner, stdin="correct horse") == "ben is created, as owner.\n"
    first = done(state, "user", "add", OWNER, "--password-stdin", stdin="12345678\n")
    assert first == f"{OWNER} is created, as owner.\n"
    done(state, "user", "group", "add", "ada", "sky")
    done(state, "user", "group", "add", "ada", "climate")
    listed = done(state, "user", "list").splitlines()
    assert [re.sub(r"\t[0-9-]{10}\t", "\t", line) for line in listed] == [
        "ada\tguest\tclimate,sky",
        "ben\towner\t-",
        f"{OWNER}\towner\t-",
    ]
    done(state, "user", "group", "remove", "ada", "sky")
    assert "not in" in failed(state, "user", "group", "remove", "ada", "sky")
    assert done(state, "user", "disable", "ada") == "ada is disabled.\n"
    assert "cannot be disabled" in failed(state, "user", "disable", OWNER)
    assert done(state, "user", "enable", "ada") == "ada is enabled.\n"
    done(state, "user", "remove", "ada")
    assert "no user" in failed(state, "user", "remove", "ada")
    assert "cannot be removed" in failed(state, "user", "remove", OWNER)


def test_a_link_signs_in_once(state: Path) -> None:
    done(state, "user", "add", "ada", "--password-stdin", stdin="correct horse")
    link = done(state, "user", "link", "ada")
    address, code = link.strip().split("/sign-in?code=")
    assert address == "http://127.0.0.1:8000"

    async def sign_in() -> str:
        async with open_world(state) as world:
            world.clock.now = time.time()  # the command's own
            new = await world.identity.sessions.sign_in_by_link(visitor(), code)
            return new.user.name

    assert asyncio.run(sign_in()) == "ada"
    with pytest.raises(NotSignedIn):
        asyncio.run(sign_in())
    assert "no user" in failed(state, "user", "link", "bob")


def test_a_link_to_a_port_that_changes_says_so(state: Path) -> None:
    gateway = Gateway(state=state, listen="127.0.0.1:0")
    config = Config(gateway=gateway, identity=Identity(owner=OWNER))
    (state / FILE_NAME).write_text(to_toml(config))
    done(state, "user", "add", "ada", "--password-stdin", stdin="correct horse")
    made = run(state, "user", "link", "ada")
    assert made.stdout.startswith("/sign-in?code=")
    assert "address" in made.stderr


def test_passwords(state: Path) -> None:
    add = ("user", "add", "ada", "--password-stdin")
    assert "1 to 1024" in failed(state, *add, stdin="")
    assert "1 to 1024" in failed(state, *add, stdin="\nsecond line\n")
    result = run(state, *add, stdin="short\r\nsecond line")
    assert result.exit_code == 0
    assert "shorter than 8" in result.stderr
    change = ("user", "password", "ada", "--password-stdin")
    assert done(state, *change, stdin="another one\n")
    assert "--password-stdin" in failed(state, "user", "add", "cy")

    async def sign_in(password: str) -> str:
        async with open_world(state) as world:
            new = await world.identity.sessions.sign_in(visitor(), "ada", password)
            return new.user.name

    assert asyncio.run(sign_in("another one")) == "ada"


def test_tokens(state: Path) -> None:
    made = done(state, "token", "create", "--user", OWNER)
    assert re.fullmatch(r"gw_[0-9a-z]{26}\.[A-Za-z0-9_-]{43}\n", made)
    narrow = done(
        state, "token", "create", "--user", OWNER, "--scope", "data:read",
        "--scope", "store:notes", "--expires", "7d", "--label", "cron",
    )  # fmt: skip
    listed = done(state, "token", "list").splitlines()
    assert len(listed) == 2
    columns = next(line for line in listed if "cron" in line).split("\t")
    assert columns[0] == narrow[3:29]
    assert columns[1] == OWNER
    assert columns[3:] == ["never", "data:read,store:notes", "cron"]
    assert done(state, "token", "revoke", made[3:29]) == "1 revoked.\n"
    assert "no such token" in failed(state, "token", "revoke", made[3:29])
    assert "no user" in failed(state, "token", "create", "--user", "nobody")
    for scope in ("root", "\0"):
        assert "no scope" in failed(
            state, "token", "create", "--user", OWNER, "--scope", scope
        )


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("files:read:/\udcff", "files:read:/%FF"),
        ("files:read:/a,exec", "files:read:/a%2Cexec"),
        ("files:read:/a\tb\n", "files:read:/a%09b%0A"),
    ],
)
def test_folders_of_odd_names(state: Path, typed: str, kept: str) -> None:
    """A name has any bytes, and no list of scopes shows more of them than there are."""
    done(state, "token", "create", "--user", OWNER, "--scope", typed)
    (listed,) = done(state, "token", "list").splitlines()
    assert listed.split("\t")[4] == kept


@pytest.mark.parametrize(
    "time", ["7", "d", "-7d", "7y", "1e3d", "\u0667d", "9999w", "0d"]
)
def test_times_that_no_token_lasts(state: Path, time: str) -> None:
    message = failed(state, "token", "create", "--user", OWNER, "--expires", time)
    assert "is not a time such as" in message or "366 days" in message


def test_a_guest_has_a_guests_scopes(state: Path) -> None:
    done(state, "user", "add", "ada", "--password-stdin", stdin="correct horse\n")
    assert "does not have the scope" in failed(
        state, "token", "create", "--user", "ada", "--scope", "exec"
    )
    done(state, "token", "create", "--user", "ada")
    scopes = done(state, "token", "list").split("\t")[4]
    assert scopes == "account:manage,account:read,data:read,sky:read,sky:vote,store"


def test_one_gateway_is_named(state: Path) -> None:
    result = CliRunner().invoke(main, ["user", "list"])
    assert result.exit_code == 2
    assert "Give one of" in result.output
    named = ["user", "list", "--config", str(state / FILE_NAME)]
    result = CliRunner().invoke(main, named)
    assert result.exit_code == 0
    assert OWNER in result.output


def test_commands_are_recorded(state: Path) -> None:
    done(state, "user", "add", "ada", "--password-stdin", stdin="canary password")
    failed(state, "user", "add", "ada", "--password-stdin", stdin="canary password")
    made = done(state, "token", "create", "--user", "ada", "--scope", "store")
    done(state, "user", "list")
    verified = done(state, "audit", "verify")
    assert (found := re.fullmatch(r"3 records, head ([0-9a-f]{64})\n", verified))
    assert done(state, "audit", "verify", "--head", found[1]) == verified
    with sqlite3.connect(state / "gateway.sqlite") as connection:
        rows = list(connection.execute("SELECT * FROM audit_record ORDER BY number"))
        connection.execute("UPDATE audit_record SET status = 200 WHERE number = 2")
    connection.close()
    assert [row[2:7] for row in rows] == [
        (OWNER, "", "CLI", "user add ada --role guest", 200),
        (OWNER, "", "CLI", "user add ada --role guest", 409),
        (OWNER, "", "CLI", "token create --user ada --scope store", 200),
    ]
    assert "canary" not in str(rows)
    assert made.strip()[30:] not in str(rows)
    assert "Record 2" in failed(state, "audit", "verify")


@pytest.fixture
async def world(state: Path) -> AsyncIterator[World]:
    async with open_world(state) as opened:
        yield opened


async def test_beside_a_running_gateway(state: Path, world: World) -> None:
    """Another process's token works at once, and stops at once."""
    text = await asyncio.to_thread(done, state, "token", "create", "--user", OWNER)
    world.clock.now = _now(state)
    async with world.client() as http:
        told = await http.get("/api/v1/session", auth=("", text.strip()))
        assert told.json()["user"] == OWNER
        await asyncio.to_thread(done, state, "token", "revoke", text[3:29])
        told = await http.get("/api/v1/session", auth=("", text.strip()))
        assert told.status_code == 401


def _now(state: Path) -> float:
    with sqlite3.connect(state / "gateway.sqlite") as connection:
        (now,) = connection.execute("SELECT MAX(created_at) FROM token").fetchone()
    connection.close()
    return float(now)
