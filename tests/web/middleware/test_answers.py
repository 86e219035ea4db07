"""Header fields of answers: security, redirects, and who may read them."""

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.support.answering import answering, nothing
from tests.support.asgi import ask, constant, failing, scope_of

from gatewright.web.exchange import exchange_of
from gatewright.web.face import Face, Faces
from gatewright.web.middleware.answers import Answers
from gatewright.web.middleware.cors import Cors
from gatewright.web.middleware.security_headers import SecurityFields

ORIGIN = "https://app.example"


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


async def test_a_redirect_leads_elsewhere_only_where_its_handler_says() -> None:
    """As to an identity provider, whose address the operator has configured."""
    provider = "https://sso.example/auth?state=x"
    fields = [(b"location", provider.encode())]
    inner = constant(status=303, headers=fields)

    def leading_to(address: str) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            exchange_of(scope).leads_to = address
            await inner(scope, receive, send)

        return answering(app, SecurityFields(secure=True))

    led = await ask(leading_to(provider), scope_of())
    assert led.headers["location"] == provider
    kept = await ask(leading_to("https://sso.example/auth"), scope_of())
    assert kept.headers["location"] == "/auth?state=x"


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
