"""Answers that are compressed, and those that are not."""

import gzip
import json
import os
from collections.abc import Iterable

import pytest
from starlette.types import Receive, Scope, Send
from tests.support.answering import answering
from tests.support.asgi import Answer, Pair, ask, constant, scope_of

from gatewright.web.middleware.compression import (
    Compression,
    accepts_gzip,
    vary_by_coding,
)

GZIP: Pair = (b"accept-encoding", b"gzip, deflate, br")
TEXT = json.dumps(list(range(2000))).encode()


async def squeezed(
    body: bytes = TEXT,
    fields: Iterable[Pair] = ((b"content-type", b"application/json"),),
    asked: Iterable[Pair] = (GZIP,),
    *,
    method: str = "GET",
    status: int = 200,
) -> Answer:
    app = answering(Compression(constant(body, status, [*fields])), vary_by_coding)
    return await ask(app, scope_of(method, headers=asked))


@pytest.mark.parametrize("size", [1024, 4096, 100_000])
async def test_text_is_compressed_and_keeps_its_tag_apart(size: int) -> None:
    fields = [
        (b"content-type", b"application/json"),
        (b"etag", b'"abc"'),
        (b"accept-ranges", b"bytes"),
        (b"content-length", str(size).encode()),
    ]
    body = os.urandom(size // 2).hex().encode()
    answer = await squeezed(body, fields)
    assert gzip.decompress(answer.body) == body
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["etag"] == '"abc-gzip"'
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "accept-ranges" not in answer.headers


@pytest.mark.parametrize(
    ("kind", "status", "field"),
    [
        (b"image/png", 200, None),
        (b"application/octet-stream", 200, None),
        (b"text/event-stream", 200, None),
        (b"text/plain", 206, None),
        (b"text/plain", 200, (b"content-encoding", b"br")),
        (b"text/plain", 200, (b"cache-control", b"no-transform")),
    ],
)
async def test_what_must_not_be_compressed_is_not(
    kind: bytes, status: int, field: Pair | None
) -> None:
    fields = [(b"content-type", kind), *([field] if field else [])]
    answer = await squeezed(fields=fields, status=status)
    assert answer.body == TEXT
    assert answer.headers.get("content-encoding") in {None, "br"}


async def test_small_bodies_and_refusals_of_gzip_stay_as_they_are() -> None:
    small = await squeezed(b"x" * 1023)
    assert small.body == b"x" * 1023
    plain = await squeezed(asked=[(b"accept-encoding", b"gzip;q=0, *;q=1")])
    assert plain.body == TEXT
    assert plain.headers["vary"] == "Accept-Encoding"
    head = await squeezed(method="HEAD")
    assert "content-encoding" not in head.headers


async def test_a_stream_of_parts_is_passed_on_at_once() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/csv")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in (b"a" * 2000, b""):
            message = {"type": "http.response.body", "body": part}
            await send({**message, "more_body": bool(part)})

    answer = await ask(Compression(app), scope_of(headers=[GZIP]))
    assert answer.body == b"a" * 2000


async def test_the_mark_is_taken_off_conditions() -> None:
    seen: list[Pair] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend(scope["headers"])
        await constant()(scope, receive, send)

    asked = [(b"if-match", b'"abc-gzip", "d"'), (b"x-other", b'"abc-gzip"')]
    await ask(Compression(app), scope_of(headers=asked))
    assert (b"if-match", b'"abc", "d"') in seen
    assert (b"x-other", b'"abc-gzip"') in seen


async def test_a_range_does_not_go_on_from_the_compressed_form() -> None:
    seen: list[Pair] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend(scope["headers"])
        await constant()(scope, receive, send)

    asked = [(b"range", b"bytes=5-"), (b"if-range", b'"abc-gzip"')]
    await ask(Compression(app), scope_of(headers=asked))
    assert seen[1:] == asked


@pytest.mark.parametrize(
    ("asked", "tag"),
    [
        ([GZIP, (b"if-none-match", b'"abc-gzip"')], '"abc-gzip"'),
        ([GZIP, (b"if-none-match", b'"d", W/"abc-gzip"')], '"abc-gzip"'),
        ([GZIP, (b"if-none-match", b'"abc"')], '"abc"'),
        ([GZIP, (b"if-none-match", b'"d-gzip", "abc"')], '"abc"'),
        ([(b"if-none-match", b'"abc-gzip"')], '"abc"'),
    ],
)
async def test_not_modified_names_the_form_that_the_client_has(
    asked: Iterable[Pair], tag: str
) -> None:
    answer = await squeezed(b"", [(b"etag", b'"abc"')], asked, status=304)
    assert answer.headers["etag"] == tag
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_vary_names_the_coding_once() -> None:
    fields = [(b"content-type", b"text/css"), (b"vary", b"Accept-Encoding")]
    assert (await squeezed(TEXT, fields)).headers["vary"] == "Accept-Encoding"


async def test_an_answer_without_a_tag_gets_none() -> None:
    assert "etag" not in (await squeezed()).headers


@pytest.mark.parametrize(
    ("field", "accepted"),
    [
        ("gzip", True),
        ("GZIP;q=0.5", True),
        ("x-gzip", True),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, *", False),
        ("identity", False),
        ("", False),
        ("gzip;q=nonsense", False),
        ("gzip;level=9", True),
    ],
)
def test_accept_encoding_is_read_with_its_weights(field: str, accepted: bool) -> None:
    assert accepts_gzip(field) is accepted
