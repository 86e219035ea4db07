"""Fields and codings of answers: security, CORS, gzip, rates, times, counts, logs."""

import gzip
import json
import logging
import os
from collections.abc import Iterable
from dataclasses import replace

import pytest
from starlette.types import Receive, Scope, Send
from tests.support.app import caller
from tests.support.asgi import Answer, Pair, ask, constant, failing, scope_of

from gatewright.core.caller import Caller, visitor
from gatewright.core.config import Config
from gatewright.core.errors import TooManyRequests
from gatewright.web.context import SCOPE_KEY, RequestContext
from gatewright.web.middleware.access_log import AccessLog
from gatewright.web.middleware.compression import Compression, accepts_gzip
from gatewright.web.middleware.cors import Cors
from gatewright.web.middleware.metrics import Meters, Metrics
from gatewright.web.middleware.observed import observed
from gatewright.web.middleware.private_answers import PrivateAnswers
from gatewright.web.middleware.rate_limit import Buckets, RateLimit, charges
from gatewright.web.middleware.security_headers import SecurityHeaders
from gatewright.web.middleware.server_timing import ServerTiming

ORIGIN = "https://app.example"
PUBLIC = ("/dap/", "/vo/")


async def test_every_answer_has_the_security_fields() -> None:
    answer = await ask(SecurityHeaders(constant(), secure=True), scope_of())
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


async def test_a_face_may_set_its_own_policy() -> None:
    own = [(b"content-security-policy", b"default-src 'self'")]
    app = SecurityHeaders(constant(headers=own), secure=False, public=PUBLIC)
    answer = await ask(app, scope_of(target="/dap/x"))
    assert answer.headers.getlist("content-security-policy") == ["default-src 'self'"]
    assert "strict-transport-security" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


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
    app = Cors(failing(AssertionError()), frozenset({ORIGIN}), PUBLIC)
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
    app = Cors(constant(), frozenset({ORIGIN}), PUBLIC)
    answer = await ask(app, scope_of(target=path, headers=fields))
    assert answer.headers.get("access-control-allow-origin") == allowed
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]


async def test_options_without_a_preflight_reaches_the_route() -> None:
    app = Cors(constant(b"dav"), frozenset(), PUBLIC)
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
    app = Compression(constant(body, status, [*fields]))
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


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the moment."""
        return self.now


async def test_above_the_rate_is_429_until_time_passes() -> None:
    clock = Clock()
    app = RateLimit(constant(), Buckets(2.0, 3, clock=clock))
    left = [(await ask(app, scope_of())).headers["ratelimit"] for _ in range(3)]
    assert left == ['"default";r=2', '"default";r=1', '"default";r=0']
    with pytest.raises(TooManyRequests) as caught:
        await ask(app, scope_of())
    assert caught.value.retry_after == 1
    assert caught.value.headers["RateLimit-Policy"] == '"default";q=3;w=2'
    assert (await ask(app, scope_of(client="192.0.2.8"))).status == 200
    assert (await ask(app, scope_of(target="/health/live"))).status == 200
    clock.now += 0.5
    assert (await ask(app, scope_of())).status == 200


def test_refused_requests_do_not_put_the_next_one_off() -> None:
    clock = Clock()
    buckets = Buckets(1.0, 1, clock=clock)
    assert buckets.take("a") == 0
    for _ in range(100):
        assert buckets.take("a") < 0
    clock.now += 1
    assert buckets.take("a") >= 0


def test_what_is_remembered_is_bounded() -> None:
    buckets = Buckets(1.0, 1, clock=Clock(), maximum_keys=10)
    for number in range(100):
        buckets.take(str(number))
    assert len(buckets) == 10


def _scope_for(who: Caller, method: str = "GET", address: str = "192.0.2.7") -> Scope:
    context = RequestContext(None, who, "id")  # type: ignore[arg-type]
    return scope_of(method, client=address) | {SCOPE_KEY: context}


def test_a_token_counts_before_its_user_and_a_user_before_the_address() -> None:
    who = caller("ada")
    assert charges(_scope_for(who)) == [("user:ada", 1)]
    token = replace(who, token="key")
    assert charges(_scope_for(token)) == [("token:key", 1), ("tokens:ada", 0.25)]
    assert charges(scope_of()) == [("address:192.0.2.7", 1)]
    assert charges(_scope_for(visitor())) == [("address:192.0.2.7", 1)]
    assert charges(_scope_for(visitor(), "DELETE")) == [("changes:192.0.2.7", 10)]
    six = "2001:db8::1:2:3:4"
    assert charges(_scope_for(visitor(), "GET", six)) == [("address:2001:db8::/64", 1)]


async def test_many_tokens_are_not_many_users() -> None:
    app = RateLimit(constant(), Buckets(1.0, 4, clock=Clock()))
    statuses = []
    for number in range(20):
        who = replace(caller("ada"), token=f"key{number}")
        try:
            statuses.append((await ask(app, _scope_for(who))).status)
        except TooManyRequests:
            statuses.append(429)
    assert statuses == [200] * 16 + [429] * 4
    other = replace(caller("ben"), token="another")
    assert (await ask(app, _scope_for(other))).status == 200


async def test_changes_without_an_account_are_dear() -> None:
    app = RateLimit(constant(), Buckets(1.0, 25, clock=Clock()))
    scope = _scope_for(visitor(), "POST")
    left = [(await ask(app, scope)).headers["ratelimit"] for _ in range(2)]
    assert left == ['"default";r=1', '"default";r=0']
    with pytest.raises(TooManyRequests) as caught:
        await ask(app, scope)
    assert caught.value.retry_after == 5
    assert (await ask(app, _scope_for(visitor()))).status == 200
    small = RateLimit(constant(), Buckets(1.0, 2, clock=Clock()))
    assert (await ask(small, scope)).status == 200


async def test_a_lecture_hall_behind_one_address_signs_in() -> None:
    """And who floods the address with refused tokens keeps nobody there from it."""
    limits, clock = Config().limits, Clock()
    buckets = Buckets(limits.requests_per_second, limits.requests_burst, clock=clock)
    hall = RateLimit(constant(), buckets)
    refused = RateLimit(constant(status=401), buckets, refusal=True)
    for _ in range(200):
        assert (await ask(refused, _scope_for(visitor()))).status == 401
    with pytest.raises(TooManyRequests):
        await ask(refused, _scope_for(visitor()))
    for _ in range(200):
        assert (await ask(hall, _scope_for(visitor(), "POST"))).status == 200
    for seat in range(200):
        assert (await ask(hall, _scope_for(caller(f"seat{seat}")))).status == 200
    clock.now += 1
    for _ in range(20):
        assert (await ask(hall, _scope_for(visitor(), "POST"))).status == 200


def test_a_bucket_that_is_in_use_is_not_forgotten_for_new_ones() -> None:
    """Who is slowed down gets no fresh one by coming from many places as well."""
    buckets = Buckets(1.0, 3, clock=Clock(), maximum_keys=10)
    for number in range(1000):
        buckets.take("own")
        buckets.take(f"other{number}")
    assert buckets.take("own") < 0


@pytest.mark.parametrize(
    ("kept", "user", "expected", "vary"),
    [
        ("", "ada", "private, no-cache", True),
        ("", "", None, True),
        ("no-store", "ada", "no-store", True),
        ("public, max-age=9", "ada", "public, max-age=9", False),
        ("max-age=9,public", "", "max-age=9,public", False),
        ('private="x-public"', "ada", 'private="x-public"', True),
    ],
)
async def test_no_cache_gives_ones_answers_to_another(
    kept: str, user: str, expected: str | None, *, vary: bool
) -> None:
    fields = [(b"cache-control", kept.encode())] if kept else []
    app = PrivateAnswers(constant(headers=[*fields, (b"vary", b"Origin")]))
    who = caller(user) if user else visitor()
    answer = await ask(app, _scope_for(who))
    assert answer.headers.get("cache-control") == expected
    named = "Origin, Authorization, Cookie" if vary else "Origin"
    assert answer.headers["vary"] == named


def test_a_request_without_an_address_has_a_key_too() -> None:
    assert charges({"client": None, "method": "GET"}) == [("address:", 1)]


async def test_the_time_taken_is_told() -> None:
    answer = await ask(ServerTiming(constant()), scope_of())
    name, _, value = answer.headers["server-timing"].partition(";dur=")
    assert name == "total"
    assert 0 <= float(value) < 1000


async def test_requests_are_counted_by_the_templates_of_their_routes() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        observed(scope).route = "/api/v1/files/{system}"
        await constant(b"12345")(scope, receive, send)

    meters = Meters()
    await ask(Metrics(app, meters), scope_of(target="/api/v1/files/secret-name"))
    await ask(Metrics(constant(), meters), scope_of("BREW", "/coffee"))
    with pytest.raises(OSError, match="x"):
        await ask(Metrics(failing(OSError("x")), meters), scope_of())
    page = meters.render().decode()
    counted = 'method="GET",route="/api/v1/files/{system}",status="200"} 1.0'
    assert counted in page
    assert 'method="other",route="none",status="200"} 1.0' in page
    assert "gatewright_sent_bytes_total 7.0" in page
    assert "gatewright_requests_running 0.0" in page
    assert "secret-name" not in page
    assert "coffee" not in page


async def test_each_app_counts_for_itself() -> None:
    first, second = Meters(), Meters()
    await ask(Metrics(constant(), first), scope_of())
    assert b'status="200"' not in second.render()


async def logged(scope: Scope, caplog: pytest.LogCaptureFixture) -> dict[str, object]:
    with caplog.at_level(logging.INFO, "gatewright.access"):
        await ask(AccessLog(constant(b"abc")), scope)
    fields: dict[str, object] = caplog.records[-1].__dict__["fields"]
    return fields


async def test_a_request_is_one_record(caplog: pytest.LogCaptureFixture) -> None:
    scope = scope_of("POST", "/api/v1/jobs/local?limit=5")
    observed(scope).user = "ada"
    scope["gatewright.request_id"] = "id-12345"
    entry = await logged(scope, caplog)
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
    observed(scope).user = "u" * 10_000
    entry = await logged(scope, caplog)
    assert all(len(str(value)) < 600 for value in entry.values())
    line = json.dumps(entry)
    assert "\n" not in line
    assert "\x1b" not in line


async def test_without_the_logger_nothing_is_measured(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, "gatewright.access"):
        answer = await ask(AccessLog(constant()), scope_of())
    assert answer.status == 200
    assert not caplog.records
