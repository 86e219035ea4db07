"""Request ids, sizes, times, hosts, malformed requests, strict bodies."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send
from tests.support.asgi import Pair, ask, constant, scope_of

from gatewright.core.config import Config, Limits
from gatewright.core.errors import (
    GatewayError,
    InvalidRequest,
    RequestTimeout,
    TooLarge,
    UnsupportedMediaType,
    UriTooLong,
)
from gatewright.web.exchange import exchange_of
from gatewright.web.middleware.answers import Answers, add_request_id
from gatewright.web.middleware.hosts import Hosts, allowed_hosts
from gatewright.web.middleware.malformed import Malformed
from gatewright.web.middleware.sizes import Sizes
from gatewright.web.middleware.strict_bodies import StrictBodies
from gatewright.web.middleware.timeouts import BodyTimeout

LIMITS = Limits(body_bytes=1024, upload_bytes=4096, url_bytes=256)


class Reads:
    """An application that keeps what it read."""

    def __init__(self) -> None:
        self.body = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body and answer."""
        message: Message = {"more_body": True}
        while message.get("more_body", False):
            message = await receive()
            self.body += message.get("body", b"")
        await constant()(scope, receive, send)


def identified() -> Answers:
    return Answers(constant(), fields=(add_request_id,))


@pytest.mark.parametrize(
    ("given_id", "kept"),
    [
        (b"abc-12345.6_7", True),
        (b"short", False),
        (b"a" * 65, False),
        (b"evil\nid12345", False),
        (b"<script>aaaa", False),
    ],
)
async def test_a_sane_request_id_is_kept(given_id: bytes, kept: bool) -> None:
    scope = scope_of(headers=[(b"x-request-id", given_id)])
    answer = await ask(identified(), scope)
    told = answer.headers["x-request-id"]
    assert (told.encode() == given_id) is kept
    assert told == scope["gatewright.request_id"]
    assert len(told) >= 8


async def test_each_request_gets_its_own_id() -> None:
    ids = {
        (await ask(identified(), scope_of())).headers["x-request-id"] for _ in range(5)
    }
    assert len(ids) == 5


async def raises(app: object, scope: Scope, *body: bytes) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await ask(app, scope, body)  # type: ignore[arg-type]
    return caught.value


async def test_a_long_url_is_refused() -> None:
    app = Sizes(constant(), LIMITS)
    assert (await ask(app, scope_of(target="/" + "a" * 200))).status == 200
    for target in ("/" + "a" * 256, "/?q=" + "a" * 256):
        assert isinstance(await raises(app, scope_of(target=target)), UriTooLong)


@pytest.mark.parametrize("length", [b"1025", b"9" * 19, b"99999999999999999999"])
async def test_a_large_length_is_refused_before_the_body(length: bytes) -> None:
    scope = scope_of("POST", "/", [(b"content-length", length)])
    error = await raises(Sizes(constant(), LIMITS), scope)
    assert isinstance(error, TooLarge)
    assert error.headers["Connection"] == "close"


@pytest.mark.parametrize("length", [b"-1", b"1e3", b"abc", b""])
async def test_a_length_that_is_none_is_refused(length: bytes) -> None:
    scope = scope_of("POST", "/", [(b"content-length", length)])
    error = await raises(Sizes(constant(), LIMITS), scope)
    assert isinstance(error, InvalidRequest)


async def test_a_body_is_counted_as_it_comes() -> None:
    app = Sizes(Reads(), LIMITS)
    assert (await ask(app, scope_of("POST"), [b"x" * 1024])).status == 200
    error = await raises(app, scope_of("POST"), b"x" * 1000, b"x" * 25)
    assert isinstance(error, TooLarge)


async def test_an_upload_has_its_own_limit_and_encoding() -> None:
    fields = [(b"content-length", b"4096"), (b"content-encoding", b"gzip")]
    scope = scope_of("PUT", "/a.gz", fields)
    exchange_of(scope).upload = True
    assert (await ask(Sizes(Reads(), LIMITS), scope, [b"x" * 4096])).status == 200
    error = await raises(Sizes(Reads(), LIMITS), scope, b"x" * 4097)
    assert isinstance(error, TooLarge)


@pytest.mark.parametrize(
    ("coding", "taken"), [(b"gzip", False), (b"br, gzip", False), (b"Identity", True)]
)
async def test_compressed_bodies_are_refused(coding: bytes, taken: bool) -> None:
    scope = scope_of("POST", "/", [(b"content-encoding", coding)])
    app = Sizes(constant(), LIMITS)
    if taken:
        assert (await ask(app, scope)).status == 200
    else:
        assert isinstance(await raises(app, scope), UnsupportedMediaType)


async def test_a_body_that_stalls_is_refused() -> None:
    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await BodyTimeout(Reads(), 0.01)(scope, never, send)

    scope = scope_of("POST", "/", [(b"transfer-encoding", b"chunked")])
    error = await raises(app, scope)
    assert isinstance(error, RequestTimeout)
    assert error.headers["Connection"] == "close"


async def test_waiting_for_the_client_to_go_has_no_limit() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["body"] == b"x"
        assert (await receive())["type"] == "http.disconnect"
        await constant()(scope, receive, send)

    scope = scope_of("POST", "/", [(b"content-length", b"1")])
    assert (await ask(BodyTimeout(app, 0.01), scope, [b"x"])).status == 200
    assert (await ask(BodyTimeout(constant(), 0.01), scope_of())).status == 200


CONFIG = Config.model_validate(
    {
        "gateway": {
            "url": "https://Gate.Example.org:8443/",
            "allowed_hosts": ["Other.example"],
        }
    }
)


def with_host(*hosts: bytes, version: str = "1.1") -> dict[str, Any]:
    scope = scope_of(target="/api/v1")
    scope["headers"] = [(b"host", host) for host in hosts]
    scope["http_version"] = version
    return scope


@pytest.mark.parametrize(
    "host",
    [
        b"gate.example.org",
        b"GATE.example.org:8443",
        b"other.example",
        b"localhost:1",
        b"127.0.0.1",
        b"[::1]:80",
    ],
)
async def test_own_hosts_are_answered(host: bytes) -> None:
    app = Hosts(constant(), allowed_hosts(CONFIG))
    assert (await ask(app, with_host(host))).status == 200


@pytest.mark.parametrize(
    "hosts",
    [
        (b"evil.example",),
        (b"gate.example.org.evil.example",),
        (b"",),
        (b"a b",),
        (b"user@localhost",),
        (b"localhost:99999999",),
        (b"localhost", b"localhost"),
        (),
    ],
)
async def test_other_hosts_are_refused(hosts: tuple[bytes, ...]) -> None:
    app = Hosts(constant(), allowed_hosts(CONFIG))
    assert isinstance(await raises(app, with_host(*hosts)), InvalidRequest)


async def test_an_old_client_needs_no_host_and_a_probe_may_have_any() -> None:
    app = Hosts(constant(), allowed_hosts(CONFIG))
    assert (await ask(app, with_host(version="1.0"))).status == 200
    probe = with_host(b"10.0.0.1") | {"path": "/health/live"}
    assert (await ask(app, probe)).status == 200


def test_an_ipv6_address_is_a_host_of_its_own() -> None:
    config = Config.model_validate({"gateway": {"url": "http://[2001:db8::1]:8000"}})
    assert "[2001:db8::1]" in allowed_hosts(config)


@pytest.mark.parametrize(
    "target",
    [
        "/a%00b",
        "/" + "9" * 1000,
        "/%",
        "/%zz",
        "/a%2",
        "/?q=%00",
        "/?q=%",
        "/?%ed%a0%80",
        "/?q=%ff",
    ],
)
async def test_malformed_targets_are_refused(target: str) -> None:
    error = await raises(Malformed(constant()), scope_of(target=target))
    assert error.status == 400


@pytest.mark.parametrize(
    "target",
    [
        "/a%ffb",
        "/%2e%2e/x",
        "/?q=%C3%A9",
        "/?a[0:1:3]=b",
        "/a%20b?c=d+e&f",
        "/%F0%9F%98%80",
    ],
)
async def test_names_of_files_may_be_any_bytes(target: str) -> None:
    assert (await ask(Malformed(constant()), scope_of(target=target))).status == 200


@pytest.mark.parametrize("path", ["/a\0b", "/\ud800"])
async def test_a_path_that_is_no_text_is_refused(path: str) -> None:
    scope = scope_of() | {"path": path, "raw_path": None}
    assert (await raises(Malformed(constant()), scope)).status == 400


@pytest.mark.parametrize("value", [b"a\rb", b"a\nb", b"a\0b", b"\x1b[31m"])
async def test_control_characters_in_headers_are_refused(value: bytes) -> None:
    for pair in ((b"x-a", value), (value, b"a")):
        error = await raises(Malformed(constant()), scope_of(headers=[pair]))
        assert error.status == 400


async def test_a_raw_byte_in_the_query_must_be_text() -> None:
    scope = scope_of() | {"query_string": b"q=\xff"}
    assert (await raises(Malformed(constant()), scope)).status == 400


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_target_passes_or_is_a_400(path: bytes, query: bytes) -> None:
    scope = scope_of() | {"raw_path": b"/" + path, "query_string": query}
    with suppress(InvalidRequest):  # any other error fails the test
        assert asyncio.run(ask(Malformed(constant()), scope)).status == 200


JSON: Pair = (b"content-type", b"application/json; charset=utf-8")
FORM: Pair = (b"content-type", b"application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    "body",
    [b"{", b"1e400", b"NaN", b'"\\ud800"', b'"\\u0000"', b"[" * 100_000, b"\xff"],
)
async def test_json_that_is_not_strict_is_refused(body: bytes) -> None:
    scope = scope_of("POST", "/", [JSON])
    error = await raises(StrictBodies(constant()), scope, body[:1], body[1:])
    assert error.status == 400


async def test_a_good_body_comes_through_whole() -> None:
    reads = Reads()
    body = json.dumps({"a": [1, 2.5, "é"]}).encode()
    await ask(StrictBodies(reads), scope_of("POST", "/", [JSON]), [body[:5], body[5:]])
    assert reads.body == body


@pytest.mark.parametrize(
    ("kind", "body"),
    [(JSON, b""), (FORM, b"a=b&c=%C3%A9\r\n"), ((b"content-type", b"text/x"), b"\0{")],
)
async def test_other_bodies_pass(kind: Pair, body: bytes) -> None:
    reads = Reads()
    await ask(StrictBodies(reads), scope_of("POST", "/", [kind]), [body])
    assert reads.body == body


@pytest.mark.parametrize("body", [b"a=%00", b"a=%ff", b"a=%zz", b"a=\0"])
async def test_forms_that_are_no_text_are_refused(body: bytes) -> None:
    scope = scope_of("POST", "/", [FORM])
    assert (await raises(StrictBodies(constant()), scope, body)).status == 400


async def test_an_uploaded_json_file_is_not_read_here() -> None:
    reads = Reads()
    scope = scope_of("PUT", "/a.json", [JSON])
    exchange_of(scope).upload = True
    await ask(StrictBodies(reads), scope, [b"{"])
    assert reads.body == b"{"


async def test_a_client_that_goes_within_the_body_ends_the_request() -> None:
    scope = scope_of("POST", "/", [JSON])
    with pytest.raises(InvalidRequest, match="disconnected"):
        await ask(StrictBodies(constant()), scope, gone=True)


async def test_after_the_body_the_client_is_still_watched() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["body"] == b"{}"
        assert (await receive())["type"] == "http.disconnect"
        await constant()(scope, receive, send)

    scope = scope_of("POST", "/", [JSON])
    guarded = Answers(StrictBodies(app))
    assert (await ask(guarded, scope, [b"{}"])).status == 200
