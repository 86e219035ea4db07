"""Fields and codings of answers: security, CORS, gzip, rates, times, counts, logs."""

import gzip
import json
import logging
import os
import time
from collections.abc import Iterable

import pytest
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.support.asgi import Answer, Pair, ask, constant, failing, scope_of

from gatewright.composition import Services
from gatewright.web.dispatch import Dispatch
from gatewright.web.exchange import exchange_of
from gatewright.web.face import Face, Faces
from gatewright.web.middleware.access_log import AccessLog
from gatewright.web.middleware.answers import AddFields, Answers, tell_time_taken
from gatewright.web.middleware.compression import (
    Compression,
    accepts_gzip,
    vary_by_coding,
)
from gatewright.web.middleware.cors import Cors
from gatewright.web.middleware.metrics import Meters, Metrics
from gatewright.web.middleware.security_headers import SecurityFields

ORIGIN = "https://app.example"


def nothing(services: Services) -> ASGIApp:
    raise AssertionError


FACES = Faces(
    Face(name, f"/{name}", nothing, open=("/",) if name != "api" else ())
    for name in ("dap", "vo", "api")
)


def answering(app: ASGIApp, *fields: AddFields) -> Answers:
    return Answers(app, FACES, fields=fields)


async def test_every_answer_has_the_security_fields() -> None:
    answer = await ask(answering(constant(), SecurityFields(secure=True)), scope_of())
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


async def test_a_face_may_set_its_own_policy() -> None:
    own = [(b"content-security-policy", b"default-src 'self'")]
    app = answering(constant(headers=own), SecurityFields(secure=False))
    answer = await ask(app, scope_of(target="/dap/x"))
    assert answer.headers.getlist("content-security-policy") == ["default-src 'self'"]
    assert "strict-transport-security" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize(
    ("location", "path"),
    [
        (b"http://gateway.example:8000/docs?a=//b&c", b"/docs?a=//b&c"),
        (b"http://gateway.example", b"/"),
        (b"/docs/api", b"/docs/api"),
        (b"http://gateway.example//evil.example/a", b"/evil.example/a"),
        (b"http://gateway.example/\\evil.example/a", b"/evil.example/a"),
        (b"//evil.example/a", b"/a"),
    ],
)
async def test_redirects_stay_here(location: bytes, path: bytes) -> None:
    fields = [(b"location", location), (b"x-more", b"http://a/b")]
    app = answering(constant(status=307, headers=fields), SecurityFields(secure=True))
    answer = await ask(app, scope_of())
    assert answer.headers["location"] == path.decode()
    assert answer.headers["x-more"] == "http://a/b"
    made = answering(constant(status=201, headers=fields), SecurityFields(secure=True))
    assert (await ask(made, scope_of())).headers["location"] == location.decode()


def preflight(origin: str, path: str, method: str = "DELETE") -> Scope:
    asked = [
        (b"origin", origin.encode()),
        (b"access-control-request-method", method.encode()),
        (b"access-control-request-headers", b"authorization"),
    ]
    return scope_of("OPTIONS", path, asked)


@pytest.mark.parametrize(
    ("origin", "path", "allowed", "methods"),
    [
        (ORIGIN, "/api/v1/files/local/a", ORIGIN, "DELETE"),
        (ORIGIN, "/dap/x", ORIGIN, "DELETE"),
        ("https://evil.example", "/api/v1/files/local/a", None, None),
        ("https://evil.example", "/dap/x", "*", "GET, HEAD"),
        ("null", "/api/v1/session", None, None),
        ("null", "/vo/sia/query", "*", "GET, HEAD"),
        ("https://app.example.evil", "/api/v1/session", None, None),
        ("HTTPS://APP.EXAMPLE", "/api/v1/session", None, None),
        ("http://app.example", "/api/v1/session", None, None),
        ("https://app.example:8443", "/api/v1/session", None, None),
    ],
)
async def test_the_preflight_matrix(
    origin: str, path: str, allowed: str | None, methods: str | None
) -> None:
    cors = Cors(frozenset({ORIGIN}))
    app = answering(cors.answering(failing(AssertionError())), cors.add)
    answer = await ask(app, preflight(origin, path))
    assert answer.status == 204
    assert answer.headers.get("access-control-allow-origin") == allowed
    assert (methods or "") in answer.headers.get("access-control-allow-methods", "")
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]
    sends_tokens = "authorization" in (
        answer.headers.get("access-control-allow-headers", "").lower()
    )
    assert sends_tokens is (allowed == ORIGIN)


@pytest.mark.parametrize(
    ("origin", "path", "allowed"),
    [
        (ORIGIN, "/api/v1/session", ORIGIN),
        ("https://evil.example", "/api/v1/session", None),
        ("https://evil.example", "/dap/x", "*"),
        ("", "/api/v1/session", None),
        ("", "/dap/x", "*"),
    ],
)
async def test_answers_say_who_may_read_them(
    origin: str, path: str, allowed: str | None
) -> None:
    fields = [(b"origin", origin.encode())] if origin else []
    cors = Cors(frozenset({ORIGIN}))
    app = answering(cors.answering(constant()), cors.add)
    answer = await ask(app, scope_of(target=path, headers=fields))
    assert answer.headers.get("access-control-allow-origin") == allowed
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]
    readable = answer.headers.get("access-control-expose-headers", "").split(", ")
    assert (allowed is not None) is ({"ETag", "Sunset", "Link"} <= set(readable))


@pytest.mark.parametrize(
    ("user", "path", "shared"),
    [
        ("", "/dap/x", True), (None, "/dap/x", True), ("ada", "/dap/x", False),
        ("", "/kit/a.js", True), ("ada", "/kit/a.js", True), ("", "/other", False),
    ],
)  # fmt: skip
async def test_what_an_account_is_answered_is_shown_by_no_other_page(
    user: str | None, path: str, shared: bool
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        exchange_of(scope).user = user
        await constant()(scope, receive, send)

    site = Face("site", "", nothing, public=("/kit/",))
    faces = Faces([Face("dap", "/dap", nothing, open=("/",)), site])
    fields = (Cors(frozenset()).add, SecurityFields(secure=False))
    answer = await ask(Answers(app, faces, fields=fields), scope_of(target=path))
    allowed = answer.headers.get("access-control-allow-origin")
    policy = answer.headers["cross-origin-resource-policy"]
    assert (allowed, policy) == (
        ("*", "cross-origin") if shared else (None, "same-origin")
    )


async def test_options_without_a_preflight_reaches_the_route() -> None:
    app = Cors(frozenset()).answering(constant(b"dav"))
    assert (await ask(app, scope_of("OPTIONS", "/dav/"))).body == b"dav"


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


async def test_the_time_taken_is_told() -> None:
    began = time.perf_counter()
    answer = await ask(answering(constant(), tell_time_taken), scope_of())
    took = (time.perf_counter() - began) * 1000
    name, _, value = answer.headers["server-timing"].partition(";dur=")
    assert name == "total"
    assert 0 <= float(value) <= round(took, 2)


def counted(app: ASGIApp, meters: Meters) -> Answers:
    return Answers(app, watchers=(Metrics(meters),))


async def test_requests_are_counted_by_the_templates_of_their_routes() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = Route("/files/{system}", nothing)
        await constant(b"12345")(scope, receive, send)

    meters = Meters()
    await ask(
        counted(Dispatch({"/api/v1": app}), meters),
        scope_of(target="/api/v1/files/secret-name"),
    )
    await ask(counted(constant(), meters), scope_of("BREW", "/coffee"))
    with pytest.raises(OSError, match="x"):
        await ask(counted(failing(OSError("x"), started=True), meters), scope_of())
    page = meters.render().decode()
    line = 'method="GET",route="/api/v1/files/{system}",status="200"} 1.0'
    assert line in page
    assert 'seconds_count{route="/api/v1/files/{system}"} 1.0' in page
    assert 'method="other",route="none",status="200"} 1.0' in page
    assert "gatewright_sent_bytes_total 8.0" in page
    assert "gatewright_requests_running 0.0" in page
    assert "secret-name" not in page
    assert "coffee" not in page


async def test_each_app_counts_for_itself() -> None:
    first, second = Meters(), Meters()
    await ask(counted(constant(), first), scope_of())
    assert b'status="200"' not in second.render()


async def test_several_processes_tell_their_counts_apart() -> None:
    meters = Meters(several=True)
    await ask(counted(constant(), meters), scope_of())
    for line in meters.render().decode().splitlines():
        assert line.startswith("#") or f'process="{os.getpid()}"' in line
    assert b'route="none"' in meters.render()


async def logged(
    scope: Scope, caplog: pytest.LogCaptureFixture, user: str = ""
) -> dict[str, object]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        exchange_of(scope).user = user
        await constant(b"abc")(scope, receive, send)

    with caplog.at_level(logging.INFO, "gatewright.access"):
        await ask(Answers(app, watchers=(AccessLog(),)), scope)
    fields: dict[str, object] = caplog.records[-1].__dict__["fields"]
    return fields


async def test_a_request_is_one_record(caplog: pytest.LogCaptureFixture) -> None:
    fields = [(b"x-request-id", b"id-12345")]
    scope = scope_of("POST", "/api/v1/jobs/local?limit=5", fields)
    entry = await logged(scope, caplog, "ada")
    assert entry.pop("milliseconds") >= 0  # type: ignore[operator]
    assert entry == {
        "method": "POST",
        "path": "/api/v1/jobs/local",
        "query": "limit=5",
        "status": 200,
        "bytes": 3,
        "whole": True,
        "user": "ada",
        "address": "192.0.2.7",
        "request_id": "id-12345",
    }


async def test_secrets_in_the_query_are_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    target = "/sign-in?code=s3cret&token=s3cret&X-Amz-Signature=s3cret&q=s3cret"
    entry = await logged(scope_of(target=target), caplog)
    assert "s3cret" not in json.dumps(entry)
    assert entry["query"] == "code=...&token=...&X-Amz-Signature=...&q=..."


async def test_what_a_client_wrote_is_escaped_and_cut(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scope = scope_of(target="/?limit=%0a%1b[31m")
    scope["raw_path"] = b"/\x1b[31m\n\xff" + b"a" * 9000
    entry = await logged(scope, caplog, "u" * 10_000)
    assert all(len(str(value)) < 600 for value in entry.values())
    line = json.dumps(entry)
    assert "\n" not in line
    assert "\x1b" not in line


async def test_without_the_logger_nothing_is_measured(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, "gatewright.access"):
        answer = await ask(Answers(constant(), watchers=(AccessLog(),)), scope_of())
    assert answer.status == 200
    assert not caplog.records
