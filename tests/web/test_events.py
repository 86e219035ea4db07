import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.types import Message as AsgiMessage
from tests.support.asgi import Answer, scope_of

from gatewright.core.errors import InvalidRequest
from gatewright.core.events import Event
from gatewright.web.disconnect import STOPPING, Stopping
from gatewright.web.events import (
    Message,
    encode_event,
    event_stream,
    last_event_id,
)

EVENT = Event(7, 0.0, "job.completed", "jobs/local/1", "ada", {"text": "a\nb"})


def fields(lines: bytes) -> list[tuple[str, str]]:
    """Read a message as a browser does (WHATWG HTML, section 9.2.6)."""
    assert lines.endswith(b"\n\n")
    parts = (line.partition(": ") for line in lines.decode()[:-2].split("\n"))
    return [(name, value) for name, _, value in parts]


def test_an_event_is_a_message_with_its_number() -> None:
    (id_, kind, data) = fields(encode_event(EVENT))
    assert id_ == ("id", "7")
    assert kind == ("event", "job.completed")
    assert json.loads(data[1]) == {
        "id": 7,
        "at": "1970-01-01T00:00:00.000Z",
        "kind": "job.completed",
        "subject": "jobs/local/1",
        "data": {"text": "a\nb"},
    }


def test_each_line_of_a_text_is_a_line_of_data() -> None:
    message = Message("a\nb\r\nc\rd", kind="x\nevil: 1", id="1\0\n2")
    assert fields(encode_event(message)) == [
        ("id", "1 2"),
        ("event", "x evil: 1"),
        ("data", "a"),
        ("data", "b"),
        ("data", "c"),
        ("data", "d"),
    ]
    assert encode_event(Message("")) == b"data: \n\n"


@pytest.mark.parametrize(
    ("field", "number"),
    [(b"", None), (b" 17 ", 17), (b"0", 0), (b"9999999999999999999", 2**63 - 1)],
)
def test_the_last_id_is_read(field: bytes, number: int | None) -> None:
    request = Request(scope_of(headers=[(b"last-event-id", field)]))
    assert last_event_id(request) == number
    assert last_event_id(Request(scope_of())) is None


@pytest.mark.parametrize("field", [b"-1", b"1.5", b"x", b"9" * 20, b"\xb2"])
def test_an_id_that_was_not_given_is_a_400(field: bytes) -> None:
    with pytest.raises(InvalidRequest):
        last_event_id(Request(scope_of(headers=[(b"last-event-id", field)])))


class Stream:
    """Runs an event stream by hand."""

    def __init__(self, events: AsyncIterator[Event | Message | None]) -> None:
        self.response = event_stream(events, heartbeat=0.02, headers={"X-A": "b"})
        self.answer = Answer()
        self.gone = asyncio.Event()
        self.stopping = Stopping()
        self.news = asyncio.Event()

    async def run(self, method: str = "GET", *, with_state: bool = True) -> Answer:
        scope = scope_of(method)
        if with_state:
            scope["state"] = {STOPPING: self.stopping}
        await self.response(scope, self._receive, self._send)
        return self.answer

    async def _receive(self) -> AsgiMessage:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: AsgiMessage) -> None:
        self.answer.messages.append(dict(message))
        self.news.set()

    async def until(self, text: bytes) -> None:
        """Wait until the text was sent."""
        async with asyncio.timeout(60):
            while text not in self.answer.body:
                self.news.clear()
                await self.news.wait()


async def test_a_stream_that_ends_comes_to_its_end() -> None:
    async def two() -> AsyncIterator[Event | None]:
        yield EVENT
        yield None
        yield EVENT

    answer = await Stream(two()).run(with_state=False)
    assert answer.body == encode_event(EVENT) * 2
    assert answer.ended
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-a"] == "b"
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("end", ["gone", "stopping"])
async def test_a_stream_ends_with_its_client_or_server(end: str) -> None:
    closed = asyncio.Event()

    async def forever() -> AsyncIterator[Event]:
        try:
            yield EVENT
            await asyncio.Event().wait()
        finally:
            closed.set()

    stream = Stream(forever())
    running = asyncio.create_task(stream.run())
    await stream.until(b": heartbeat\n\n")
    getattr(stream, end).set()
    answer = await asyncio.wait_for(running, 60)
    assert answer.body.startswith(encode_event(EVENT))
    assert answer.ended
    assert closed.is_set()


async def test_a_failure_is_no_normal_end() -> None:
    async def fails() -> AsyncIterator[Event]:
        yield EVENT
        raise OSError("away")

    stream = Stream(fails())
    with pytest.raises(OSError, match="away"):
        await stream.run()
    assert not stream.answer.ended


async def test_head_asks_for_no_events() -> None:
    closed: list[str] = []

    async def never() -> AsyncIterator[Event]:
        assert closed, "it was asked for"
        yield EVENT

    assert (await Stream(never()).run("HEAD")).body == b""
