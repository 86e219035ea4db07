"""Sign-out that begins at an identity provider, by real and by forged messages."""

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from joserfc import jwt
from tests.faces.site.sign_in.conftest import Browser, Logouts
from tests.faces.site.sign_in.test_by_provider import who
from tests.support.bent_provider import (
    CLIENT,
    KEY,
    OTHER_KEY,
    BentProvider,
    signed_by,
    signed_by_public_key,
    unsigned,
)
from tests.support.identity import own_identity
from tests.support.oidc_provider import RealProvider, go_through, sign_out_at
from tests.support.whole import Whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENT = "http://schemas.openid.net/event/backchannel-logout"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_numbers = iter(range(10**6))


async def signed_in(
    browser: Browser, person: httpx.AsyncClient, provider: str
) -> httpx.AsyncClient:
    client = browser()
    begun = await client.get(f"/sign-in/with/{provider}")
    back = await go_through(person, begun.headers["Location"], "bob")
    assert (await client.get(back)).status_code == 303
    assert await who(client) == "bob"
    return client


@pytest.mark.parametrize("provider", ["centre", "campus"])
async def test_a_person_who_signs_out_at_the_provider(
    provider: str,
    providers: Mapping[str, RealProvider],
    logouts: Logouts,
    gateway: Whole,
    browser: Browser,
) -> None:
    """Centre names its session, of which other sessions are not; campus the person."""
    async with httpx.AsyncClient() as person, httpx.AsyncClient() as elsewhere:
        first = await signed_in(browser, person, provider)
        second = await signed_in(browser, elsewhere, provider)
        await sign_out_at(person, providers[provider].issuer)
        body = logouts[1].get(timeout=60)
        address = f"/sign-in/with/{provider}/sign-out"
        told = await browser().post(address, content=body, headers=FORM)
        assert (told.status_code, told.content) == (200, b"")
        assert told.headers["Cache-Control"] == "no-store"
        assert await who(first) is None
        assert await who(second) == ("bob" if provider == "centre" else None)
        records = await own_identity(gateway.services).audit.after(0)
        ended = 1 if provider == "centre" else 2
        assert records[-1].entry.note == f"signed out by {provider}: {ended} sessions"
        other = "campus" if provider == "centre" else "centre"
        for path in (address, f"/sign-in/with/{other}/sign-out"):
            again = await browser().post(path, content=body, headers=FORM)
            assert again.status_code == 400
        token = parse_qs(body.decode())["logout_token"][0]
        assert token not in str(records)


def logout_token(bent: BentProvider, **changes: Any) -> dict[str, Any]:
    """Return the claims of a logout token; None leaves one out."""
    now = int(time.time())
    claims = {
        "iss": bent.issuer,
        "aud": CLIENT,
        "iat": now,
        "exp": now + 120,
        "jti": f"message {next(_numbers)}",
        "sub": "sub-of-bob",
        "events": {EVENT: {}},
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


async def send(client: httpx.AsyncClient, token: str) -> int:
    answer = await client.post(
        "/sign-in/with/bent/sign-out", data={"logout_token": token}
    )
    assert answer.status_code in {200, 400}, answer.text
    if answer.status_code == 400:
        assert answer.json()["detail"] == "The logout token is not valid."
    return answer.status_code


@pytest.fixture
async def session(bent: BentProvider, browser: Browser) -> httpx.AsyncClient:
    """A session that the bent provider began as its session “s”."""
    bent.claims["sid"] = "s"
    client = browser()
    assert (await bent.come_back(client)).status_code == 303
    return client


GOOD: dict[str, dict[str, Any]] = {
    "who": {},
    "which session": {"sub": None, "sid": "s"},
    "who and which session": {"sid": "s"},
    "several readers": {"aud": [CLIENT, "another"]},
    "of an end far away": {"exp": 10**400},
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD.keys())
@pytest.mark.parametrize("kind", ["logout+jwt", "application/logout+jwt", "JWT", None])
async def test_a_message_that_ends_the_session(
    changes: dict[str, Any],
    kind: str | None,
    bent: BentProvider,
    browser: Browser,
    session: httpx.AsyncClient,
) -> None:
    token = signed_by(KEY, typ=kind)(logout_token(bent, **changes))
    assert await who(session) == "bob"
    assert await send(browser(), token) == 200
    assert await who(session) is None


async def test_another_session_and_another_person_go_on(
    bent: BentProvider, browser: Browser, session: httpx.AsyncClient
) -> None:
    for changes in ({"sid": "other"}, {"sub": "sub-of-eve"}, {"sub": None, "sid": "o"}):
        assert (
            await send(browser(), signed_by(KEY)(logout_token(bent, **changes))) == 200
        )
    assert await who(session) == "bob"


@pytest.mark.parametrize("charset", ["undefined", "punycode", "unicode_escape"])
async def test_a_form_in_an_odd_encoding(charset: str, browser: Browser) -> None:
    answer = await browser().post(
        "/sign-in/with/centre/sign-out",
        content="--x\r\nContent-Disposition: form-data; name=logout_token\r\n\r\n"
        "\\ud800_\r\n--x--\r\n",
        headers={"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"},
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"]


Sign = Callable[[dict[str, Any]], str]
FORGED: dict[str, dict[str, Any]] = {
    "of another issuer": {"iss": "https://elsewhere.example"},
    "of no issuer": {"iss": None},
    "for another client": {"aud": "another"},
    "for other clients": {"aud": ["another", "third"]},
    "for nobody": {"aud": None},
    "without time": {"iat": None},
    "of no time": {"iat": "now"},
    "of tomorrow": {"iat": int(time.time()) + 86_400},
    "too old": {"iat": int(time.time()) - 3600},
    "ended": {"exp": int(time.time()) - 3600},
    "without end": {"exp": None},
    "of an odd end": {"exp": "never"},
    "without a name": {"jti": None},
    "of an odd name": {"jti": 7},
    "of a name with control characters": {"jti": "a\nb"},
    "with a nonce": {"nonce": "n"},
    "with an empty nonce": {"nonce": ""},
    "without events": {"events": None},
    "of another event": {"events": {"https://example.org/other": {}}},
    "of a list of events": {"events": [EVENT]},
    "of an odd event": {"events": {EVENT: True}},
    "about nobody": {"sub": None},
    "about an odd person": {"sub": 7},
    "about an odd session": {"sid": ["s"]},
    "about a very long session": {"sid": "s" * 256},
}
SIGNED: dict[str, Sign] = {
    "by nobody": unsigned,
    "by the public key": signed_by_public_key,
    "by another key": signed_by(OTHER_KEY, kid=KEY.kid),
    "by an unknown key": signed_by(OTHER_KEY),
    "as an access token": signed_by(KEY, typ="at+jwt"),
    "as an odd type": signed_by(KEY, typ=""),
}


@pytest.mark.parametrize("changes", FORGED.values(), ids=FORGED.keys())
async def test_a_message_that_is_not_to_be_trusted(
    changes: dict[str, Any],
    bent: BentProvider,
    browser: Browser,
    session: httpx.AsyncClient,
) -> None:
    assert await send(browser(), signed_by(KEY)(logout_token(bent, **changes))) == 400
    assert await who(session) == "bob"


@pytest.mark.parametrize("sign", SIGNED.values(), ids=SIGNED.keys())
async def test_a_message_that_is_not_signed_by_the_provider(
    sign: Sign, bent: BentProvider, browser: Browser, session: httpx.AsyncClient
) -> None:
    assert await send(browser(), sign(logout_token(bent))) == 400
    assert await who(session) == "bob"


async def test_an_id_token_ends_no_session(
    bent: BentProvider, browser: Browser, session: httpx.AsyncClient
) -> None:
    assert await send(browser(), bent.id_token()) == 400
    assert await who(session) == "bob"


@pytest.mark.parametrize(
    ("method", "form", "status"),
    [
        ("GET", {}, 405),
        ("PUT", {"logout_token": "a.b.c"}, 405),
        ("POST", {}, 400),
        ("POST", {"logout_token": ""}, 400),
        ("POST", {"logout_token": "x" * 20_000}, 400),
        ("POST", {f"n{n}": "v" for n in range(20)}, 400),
        ("POST", {"logout_token": "a.b.c"}, 400),
        ("POST", {"logout_token": "\ud800"}, 400),
    ],
)
async def test_what_is_no_message(
    method: str, form: dict[str, str], status: int, bent: BentProvider, browser: Browser
) -> None:
    data = {
        name: value.encode("utf-8", "surrogatepass") for name, value in form.items()
    }
    address = "/sign-in/with/bent/sign-out"
    answer = await browser().request(method, address, data=data)
    assert answer.status_code == status, answer.text
    nobody = await browser().post(
        "/sign-in/with/nobody/sign-out", data={"logout_token": "a"}
    )
    assert nobody.status_code == 404


async def test_tokens_are_made_as_these_tests_think(bent: BentProvider) -> None:
    token = signed_by(KEY, typ="logout+jwt")(logout_token(bent))
    read = jwt.decode(token, KEY, algorithms=["RS256"])
    assert read.header["typ"] == "logout+jwt"
    assert read.claims["events"] == {EVENT: {}}
