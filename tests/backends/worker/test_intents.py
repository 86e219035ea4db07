"""What a worker does for an intent while its person is absent, and what it refuses.

Beside each refusal the unaltered request of the same intent succeeds.
"""

import asyncio
import errno
import hashlib
import hmac
import json
import os
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.backends.worker.test_permit import (
    KEY,
    PERSON,
    BrokersStarter,
    Tickets,
)
from tests.support.workers import wait_until

from gatewright.backends.broker import KeyGranter, grants
from gatewright.backends.worker import (
    HOLE,
    NUMBER_HOLE,
    IntentTicket,
    Worker,
    digest_of,
)
from gatewright.backends.worker.connection import Connection
from gatewright.backends.worker.program.permit import MOST_INPUT, tag_of

REFUSED = errno.EKEYEXPIRED
ECHO: Mapping[str, Any] = {
    "op": "run", "root": "/", "path": "/", "word": "", "argv": ["cat"],
    "environment": {"A": "b"}, "seconds": 60.0, "output_bytes": 1000, "only": [],
}  # fmt: skip
INPUT = b"#!/bin/sh\ntrue\n"


def person_key(name: str = PERSON) -> bytes:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return hmac.new(KEY, f"person {boot} {name}".encode(), hashlib.sha256).digest()


@pytest.fixture
def granter(tmp_path: Path) -> KeyGranter:
    (tmp_path / "key").write_bytes(KEY)
    return KeyGranter(tmp_path / "key")


@pytest.fixture
async def connection(granter: KeyGranter) -> AsyncIterator[Connection]:
    """Yield the socket of a worker whose person's ticket has ended."""
    tickets = Tickets(granter)
    tickets.seconds = 0.0
    worker = Worker(BrokersStarter(person_key()), ticketer=tickets)
    arguments = {"root": "/", "path": "/", "follow": True}
    answer = await worker.exchange("stat", arguments, seconds=60)
    assert answer.errno == REFUSED
    assert worker._connection is not None
    yield worker._connection
    await worker.close()


def until(seconds: float = 600.0) -> float:
    return time.monotonic() + seconds


async def ask(
    connection: Connection,
    request: Mapping[str, Any],
    stdin: bytes | int | None = INPUT,
) -> int | str:
    """Return the ``errno`` of a refusal, or else what the program printed."""
    given = stdin
    if isinstance(stdin, bytes):
        given = os.memfd_create("input")
        os.pwrite(given, stdin, 0)
    assert given is None or isinstance(given, int)
    try:
        answer = await connection.request(dict(request), os.O_RDWR, given)
    finally:
        if isinstance(stdin, bytes) and given is not None:
            os.close(given)
    if answer.errno or answer.descriptor is None:
        return answer.errno
    try:
        size = msgspec.json.decode(answer.body)["stdout"]
        return os.pread(answer.descriptor, size, 0).decode()
    finally:
        os.close(answer.descriptor)


async def intend(connection: Connection, ticket: IntentTicket, **other: Any) -> int:
    message = {"op": "intent", "ticket": ticket.text, "frames": ticket.frames}
    return (await connection.request(message | other, None)).errno


def of(
    request: Mapping[str, Any] = ECHO, stdin: bytes | None = INPUT
) -> tuple[str, ...]:
    return (digest_of(dict(request), stdin),)


async def test_the_very_request_is_carried_out_and_no_other(
    connection: Connection, granter: KeyGranter
) -> None:
    assert await ask(connection, ECHO) == REFUSED
    assert await intend(connection, granter.intent_ticket(PERSON, until(), of())) == 0
    altered: tuple[Mapping[str, Any], ...] = (
        {"argv": ["cat", "/etc/hostname"]},
        {"argv": ["id"]},
        {"argv": ["cat", ""]},
        {"environment": {}},
        {"environment": {"A": "b", "LD_PRELOAD": "/tmp/x.so"}},
        {"path": "/tmp"},
        {"root": "/tmp"},
        {"seconds": 61.0},
        {"output_bytes": 1001},
        {"only": ["\n", ""]},
        {"within": "/"},
        {"op": "launch"},
        {"op": "open"},
    )
    for changed in altered:
        assert await ask(connection, {**ECHO, **changed}) == REFUSED, changed
    without = {key: value for key, value in ECHO.items() if key != "word"}
    assert await ask(connection, without) == REFUSED
    for stdin in (b"", INPUT + b" ", INPUT[:-1], None):
        assert await ask(connection, ECHO, stdin) == REFUSED, stdin
    for free in ("ping", "in_hand"):
        assert (await connection.request({"op": free}, None)).errno == 0
    assert await ask(connection, ECHO) == INPUT.decode()
    assert await ask(connection, ECHO) == INPUT.decode()


@pytest.mark.parametrize(
    "operation", ["stat", "list", "launch", "begin", "remove", "move", "chmod", "x"]
)
async def test_an_intent_is_of_no_other_operations(
    connection: Connection, granter: KeyGranter, operation: str
) -> None:
    """Even if authn was made to sign them: it is shown digests alone."""
    request = {"op": operation, "root": "/", "path": "/tmp", "follow": True}
    reading = {**request, "op": "open"}
    frames = of(request, None) + of(reading, None)
    assert await intend(connection, granter.intent_ticket(PERSON, until(), frames)) == 0
    assert await ask(connection, request, None) == REFUSED
    assert await ask(connection, reading, None) == 0


async def test_the_word_is_all_that_is_left_open(
    connection: Connection, granter: KeyGranter, tmp_path: Path
) -> None:
    for name in ("claim_17", "claim_18", "claim.17"):
        (tmp_path / name).write_text(name)
    opening = {
        "op": "open", "root": "/", "path": f"{tmp_path}/claim{HOLE}", "follow": True,
        "word": "",
    }  # fmt: skip
    listing = {
        **ECHO,
        "argv": ["printf", f"a gw:1:x{HOLE}.b gw:2:x{HOLE}."],
        "only": [f"{HOLE}.", "gw:2:x"],
    }
    frames = of(opening, None) + of(listing)
    assert await intend(connection, granter.intent_ticket(PERSON, until(), frames)) == 0
    for word in ("_17", "_18"):
        answer = await connection.request({**opening, "word": word}, os.O_RDONLY)
        assert answer.descriptor is not None
        assert os.pread(answer.descriptor, 100, 0).decode() == f"claim{word}"
        os.close(answer.descriptor)
    words: tuple[object, ...] = (
        ".17", "/../claim_17", "_" * 17, "-n", HOLE, "\n", "_17 ", "G", 1, None,
        [".17"], "17", "0@", "a_",
    )  # fmt: skip
    for odd in words:
        assert await ask(connection, {**opening, "word": odd}, None) == errno.EINVAL
    assert await ask(connection, {**opening, "path": 1}, None) == REFUSED
    told = await ask(connection, {**listing, "word": "@12ab"})
    assert told == "b gw:2:x@12ab."


async def test_the_number_of_a_job_is_left_open_too(
    connection: Connection, granter: KeyGranter
) -> None:
    listing = {
        **ECHO,
        "argv": ["printf", f"%s{HOLE}", "--jobs", NUMBER_HOLE, "end"],
        "number": "",
    }
    plain = {**ECHO, "argv": listing["argv"]}
    ticket = granter.intent_ticket(PERSON, until(), of(listing))
    assert await intend(connection, ticket) == 0
    for number in ("21", "21_3", "9" * 24, ""):
        told = await ask(connection, {**listing, "word": "@1", "number": number})
        assert told == f"--jobs@1{number}@1end@1"
    numbers: tuple[object, ...] = (
        "21,22", "9" * 25, "-1", "21 ", "\n", "a", HOLE, NUMBER_HOLE, 21, None, ["21"],
    )  # fmt: skip
    for odd in numbers:
        assert await ask(connection, {**listing, "number": odd}) == errno.EINVAL, odd
    # It is no part of a request whose grant has none.
    assert await ask(connection, plain) == REFUSED


async def test_a_word_hides_no_ends_of_records(
    connection: Connection, granter: KeyGranter
) -> None:
    """``squeue`` takes digits after a field's ``:0`` for more of its size."""
    squeue = """
    end=${1#Comment:0}
    while case $end in [0-9]*) ;; *) false ;; esac; do end=${end#?}; done
    printf "%s$end\\n" gw:1:x gw:2:x gw:3:x
    """
    listing = {
        **ECHO,
        "argv": ["sh", "-c", squeue, "squeue", f"Comment:0{HOLE}."],
        "only": [f"{HOLE}.", "gw:2:x"],
    }
    ticket = granter.intent_ticket(PERSON, until(), of(listing))
    assert await intend(connection, ticket) == 0
    for word in ("0", "00", "0@", "_0", "@", ""):
        told = await ask(connection, {**listing, "word": word})
        assert told in {errno.EINVAL, f"\ngw:2:x{word}."}, word


async def test_tickets_of_others_and_altered_ones_are_refused(
    connection: Connection, granter: KeyGranter
) -> None:
    """Of another person, with another end, other requests, or of another kind."""
    right = granter.intent_ticket(PERSON, until(), of())
    end, tag = right.text.split(" ")
    later = str(int(end) + 1)
    plain = granter.ticket(PERSON, until())
    for ticket in (
        granter.intent_ticket("bob", until(), of()),
        IntentTicket(f"{later} {tag}", right.frames),
        IntentTicket(f"{later} {tag_of(b'x' * 32, later)}", right.frames),
        IntentTicket(right.text, of({**ECHO, "argv": ["id"]})),
        IntentTicket(right.text, right.frames + of({**ECHO, "argv": ["id"]})),
        IntentTicket(right.text, ()),
        IntentTicket(plain.text, ()),
        IntentTicket(plain.text, right.frames),
        IntentTicket("", right.frames),
        IntentTicket(f"{end} ", right.frames),
    ):
        assert await intend(connection, ticket) == errno.EKEYREVOKED, ticket
    for odd in (None, 1, [1], {"a": 1}, ["\ud800"]):
        assert await intend(connection, right, frames=odd)
    # Nor does the ticket of an intent allow all else.
    for text in (right.text, f"{end} {right.frames[0]} {tag}", f"intent {right.text}"):
        message: dict[str, object] = {"op": "ticket", "ticket": text}
        assert (await connection.request(message, None)).errno == errno.EKEYREVOKED
    assert await ask(connection, ECHO) == REFUSED
    assert await intend(connection, right) == 0
    assert await ask(connection, ECHO) == INPUT.decode()


async def test_an_intent_ends_with_its_ticket(
    connection: Connection, granter: KeyGranter
) -> None:
    other = {**ECHO, "argv": ["cat", "-"]}
    soon = granter.intent_ticket(PERSON, until(-0.001), of())
    assert await intend(connection, soon) == 0
    assert await ask(connection, ECHO) == REFUSED
    later = granter.intent_ticket(PERSON, until(), of(other))
    assert await intend(connection, later) == 0
    assert await ask(connection, ECHO) == REFUSED
    assert await ask(connection, other) == INPUT.decode()


async def test_an_intent_from_before_the_machine_was_restarted_is_refused(
    connection: Connection, granter: KeyGranter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(grants, "boot_id", lambda: "another run of the machine")
        old = granter.intent_ticket(PERSON, until(86_400), of())
    assert await intend(connection, old) == errno.EKEYREVOKED


@pytest.mark.parametrize("has_asked", [False, True])
async def test_the_input_is_what_it_was_when_it_was_compared(
    connection: Connection, granter: KeyGranter, tmp_path: Path, *, has_asked: bool
) -> None:
    """A gateway that was taken over still holds the file, and changes it then.

    The control is a person's own request, whose file is passed on as it is.
    """
    script = "touch begun; while [ ! -e go ]; do sleep 0.05; done; cat"
    request = {**ECHO, "path": str(tmp_path), "argv": ["sh", "-c", script]}
    if has_asked:
        ticket = granter.ticket(PERSON, until())
        message: dict[str, object] = {"op": "ticket", "ticket": ticket.text}
        assert (await connection.request(message, None)).errno == 0
    else:
        intent = granter.intent_ticket(PERSON, until(), of(request))
        assert await intend(connection, intent) == 0
    given = os.memfd_create("input")
    try:
        os.pwrite(given, INPUT, 0)
        running = asyncio.create_task(ask(connection, request, given))
        await asyncio.to_thread(wait_until, (tmp_path / "begun").exists)
        os.pwrite(given, b"#!/bin/id\n#### ", 0)
        (tmp_path / "go").touch()
        changed = os.pread(given, 100, 0).decode()
        assert await running == (changed if has_asked else INPUT.decode())
    finally:
        os.close(given)


async def test_an_input_without_an_end_is_not_read_on(
    connection: Connection, granter: KeyGranter
) -> None:
    """Nor is one waited for that may never come; the worker goes on."""
    intent = granter.intent_ticket(PERSON, until(), of())
    assert await intend(connection, intent) == 0
    large = os.memfd_create("input")
    reading, writing = os.pipe()
    try:
        os.truncate(large, MOST_INPUT + 1)
        assert await ask(connection, ECHO, large) == errno.EFBIG
        assert await ask(connection, ECHO, reading) == errno.ESPIPE
    finally:
        for descriptor in (large, reading, writing):
            os.close(descriptor)
    assert await ask(connection, ECHO) == INPUT.decode()


def test_the_digest_is_of_all_that_is_carried_out() -> None:
    """It is that of another implementation of BLAKE2b, and of JSON in one order."""
    shuffled = dict(reversed(list(ECHO.items()))) | {"id": 7, "stop": object()}
    covered = json.dumps(
        [
            {**ECHO, "id": 0, "descriptor": None, "stop": None},
            hashlib.blake2b(INPUT).hexdigest(),
        ],
        sort_keys=True,
        separators=(",", ":"),
    )
    right = hashlib.blake2b(covered.encode(), digest_size=32).hexdigest()
    assert digest_of(shuffled, INPUT) == right
