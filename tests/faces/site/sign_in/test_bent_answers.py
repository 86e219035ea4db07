"""What a provider must not get away with, and what happens when it is away."""

import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from tests.faces.site.sign_in.conftest import Browser
from tests.support.bent_provider import (
    ACCESS,
    CLIENT,
    KEY,
    OTHER_KEY,
    BentProvider,
    signed_by,
    signed_by_public_key,
    unsigned,
)
from tests.support.identity import own_identity
from tests.support.whole import Whole

from gatewright.backends.oidc.kept import Kept, steady_clock
from gatewright.backends.oidc.keys import Keys

pytestmark = pytest.mark.asyncio(loop_scope="module")

Bend = Callable[[BentProvider], None]
ACCESS_HASH = "YiHPD2T9DaX5B837XJXtow"


@pytest.fixture(autouse=True)
def forget(gateway: Whole, bent: BentProvider) -> None:
    """Let the gateway forget what it has read of the provider before."""
    providers = own_identity(gateway.services).providers
    offered: Any = providers._offered["bent"].provider
    offered._metadata = Kept(offered._fetch_metadata, steady_clock)
    offered._keys = Keys(offered._fetch_keys, steady_clock)


def says(**claims: Any) -> Bend:
    return lambda bent: bent.claims.update(claims)


def ago(**seconds: float) -> Bend:
    """Claims that are times, in seconds before the test."""

    def bend(bent: BentProvider) -> None:
        now = time.time()
        bent.claims.update({name: int(now - one) for name, one in seconds.items()})

    return bend


def answers(path: str, status: int, body: bytes = b"{}", **headers: str) -> Bend:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda bent: bent.answers.update({path: lambda: (status, named, body)})


def signs(sign: Callable[[dict[str, Any]], str]) -> Bend:
    return lambda bent: setattr(bent, "sign", sign)


def discovers(**metadata: Any) -> Bend:
    return lambda bent: bent.metadata.update(metadata)


def gives(**tokens: Any) -> Bend:
    return lambda bent: bent.tokens.update(tokens)


def named(name: str) -> Bend:
    def bend(bent: BentProvider) -> None:
        bent.claims.update(sub=name)
        bent.userinfo.update(sub=name)

    return bend


STRAIGHT = {
    "as it should be": says(),
    "several clients, of which it is for us": says(aud=["other", CLIENT], azp=CLIENT),
    "for us, twice": says(azp=CLIENT),
    "expired half a minute ago": ago(exp=30),
    "made in half a minute": ago(iat=-30),
    "named no key": signs(signed_by(KEY, kid=None)),
}


@pytest.mark.parametrize("bend", STRAIGHT.values(), ids=STRAIGHT)
async def test_what_is_taken(bend: Bend, bent: BentProvider, browser: Browser) -> None:
    """The same as below without its fault, so that each fault is what is refused."""
    bend(bent)
    client = browser()
    answer = await bent.come_back(client)
    assert answer.status_code == 303, answer.text
    assert (await client.get("/api/v1/session")).json()["user"] == "bob"


CROOKED = {
    "another nonce": says(nonce="x" * 43),
    "no nonce": says(nonce=None),
    "another client": says(aud="another"),
    "no client": says(aud=None),
    "several clients": says(aud=["another", CLIENT]),
    "another party": says(azp="another"),
    "a list of parties": says(azp=[CLIENT]),
    "another issuer": says(iss="http://127.0.0.1:9"),
    "made before all time": says(iat=-(10**400)),
    "two lines for a name": named("eve\nroot"),
    "half a character for a token": gives(access_token="\ud800"),
    "expired": ago(exp=120),
    "never expires": says(exp=None),
    "expires some day": says(exp="tomorrow"),
    "made in the future": ago(iat=-120),
    "made an hour ago": ago(iat=3600),
    "made at no time": says(iat=None),
    "not yet good": ago(nbf=-120),
    "nobody": says(sub=None),
    "a number for a person": says(sub=7),
    "too long a name": says(sub="x" * 256),
    "another access token": says(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "a number for a hash": says(at_hash=7),
    "alg none": signs(unsigned),
    "the public key as a secret": signs(signed_by_public_key),
    "an algorithm not allowed": signs(signed_by(KEY, alg="RS512")),
    "an unknown key": signs(signed_by(OTHER_KEY)),
    "another's key under a known name": signs(signed_by(OTHER_KEY, kid="first")),
    "no key": lambda bent: bent.keys.clear(),
    "too long": says(picture="x" * 70_000),
    "no ID token": gives(id_token=None),
    "no access token": gives(access_token=None),
    "an ID token that is none": gives(id_token="a.b.c"),
    "an ID token of two parts": gives(id_token="a.b"),
    "an ID token with é": gives(id_token="é.é.é"),
    "userinfo of another person": lambda bent: bent.userinfo.update(sub="another"),
    "userinfo refused": answers("/userinfo", 401),
    "a list": answers("/token", 200, b"[]"),
    "no JSON": answers("/token", 200, b"<html>"),
    "deep JSON": answers("/token", 200, b"[" * 100_000),
    "an endless answer": answers("/token", 200, b" " * 3_000_000),
    "a compressed answer": answers("/token", 200, b"{}", Content_Encoding="gzip"),
    "a way to another host": answers("/token", 307, Location="http://127.0.0.1:9/"),
    "the client refused": answers("/token", 401, b'{"error": "invalid_client"}'),
    "the client refused by a page": answers("/token", 403, b"<html>"),
    "keys refused": answers("/jwks", 404),
    "keys that are none": answers("/jwks", 200, b'{"keys": [{"kty": "RSA"}, 7, {}]}'),
    "keys that are no list": answers("/jwks", 200, b'{"keys": 7}'),
}


@pytest.mark.parametrize("bend", CROOKED.values(), ids=CROOKED)
async def test_what_is_not_trusted(
    bend: Bend,
    bent: BentProvider,
    browser: Browser,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bend(bent)
    client = browser()
    answer = await bent.come_back(client)
    assert answer.status_code == 502
    assert "cannot be used: it gave" in caplog.text
    assert "it gave the ID token" not in caplog.text
    assert "an answer that the gateway cannot use or trust" in answer.text
    assert "Traceback" not in answer.text
    assert (await client.get("/api/v1/session")).json()["user"] is None


UNFIT = {
    "another issuer": discovers(issuer="http://127.0.0.1:9"),
    "no issuer": discovers(issuer=None),
    "no way to sign in": discovers(authorization_endpoint=None),
    "tokens elsewhere": discovers(token_endpoint="http://127.0.0.1:9/token"),
    "tokens at another machine": discovers(token_endpoint="http://evil.example/token"),
    "keys in a file": discovers(jwks_uri="file:///etc/passwd"),
    "keys at a number": discovers(jwks_uri=7),
    "keys at no port": discovers(jwks_uri="http://127.0.0.1:x/"),
    "userinfo elsewhere": discovers(userinfo_endpoint="https://evil.example/"),
    "a password in an address": discovers(jwks_uri="http://a:b@127.0.0.1/"),
    "PKCE in plain": discovers(code_challenge_methods_supported=["plain"]),
    "PKCE in no list": discovers(code_challenge_methods_supported="S256"),
    "no page": answers("/.well-known/openid-configuration", 404),
}


@pytest.mark.parametrize("bend", UNFIT.values(), ids=UNFIT)
async def test_a_provider_that_does_not_fit(
    bend: Bend, bent: BentProvider, browser: Browser
) -> None:
    bend(bent)
    answer = await browser().get("/sign-in/with/bent")
    assert answer.status_code == 502
    assert "Location" not in answer.headers
    assert "cannot use or trust" in answer.text


AWAY = {
    "an error": answers("/.well-known/openid-configuration", 500),
    "too many requests": answers("/.well-known/openid-configuration", 429),
    "half an answer": answers(
        "/.well-known/openid-configuration", 200, Transfer_Encoding="chunked"
    ),
}


@pytest.mark.parametrize("bend", AWAY.values(), ids=AWAY)
async def test_a_provider_that_does_not_answer(
    bend: Bend, bent: BentProvider, browser: Browser
) -> None:
    bend(bent)
    answer = await browser().get("/sign-in/with/bent")
    assert answer.status_code == 503
    assert "bent does not answer" in answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert "Set-Cookie" not in answer.headers


async def test_a_provider_that_hangs(bent: BentProvider, browser: Browser) -> None:
    def hang() -> tuple[int, dict[str, str], bytes]:
        time.sleep(3)
        return 200, {}, b"{}"

    bent.answers["/token"] = hang
    # What the provider says of itself is kept: only the hanging address is asked below.
    assert (await browser().get("/sign-in/with/bent")).status_code == 303
    with patch("gatewright.backends.oidc.http.SECONDS", 0.5):
        answer = await bent.come_back(browser())
    assert answer.status_code == 503
    assert "does not answer" in answer.text


async def test_a_provider_that_answers_again(
    bent: BentProvider, browser: Browser
) -> None:
    """What it published is good for a day; nobody waits for it in the meantime."""
    discovery = "/.well-known/openid-configuration"
    assert (await bent.come_back(browser())).status_code == 303
    answers(discovery, 500)(bent)
    answers("/jwks", 500)(bent)
    assert (await bent.come_back(browser())).status_code == 303
    assert bent.asked[discovery] == 1
    assert bent.asked["/jwks"] == 1


async def test_a_new_key_is_fetched_once_a_minute(
    bent: BentProvider, browser: Browser
) -> None:
    assert (await bent.come_back(browser())).status_code == 303
    bent.keys, bent.sign = [OTHER_KEY], signed_by(OTHER_KEY)
    assert (await bent.come_back(browser())).status_code == 303
    assert bent.asked["/jwks"] == 2
    bent.sign = signed_by(KEY, kid="third")
    for _ in range(3):
        assert (await bent.come_back(browser())).status_code == 502
    assert bent.asked["/jwks"] == 2


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"state": "x" * 43}, 400),
        ({"state": "short"}, 400),
        ({"state": None}, 400),
        ({"iss": None}, 400),
        ({"iss": "http://127.0.0.1:9"}, 400),
        ({"code": None}, 400),
        ({"code": None, "error": "invalid_scope"}, 400),
        ({"code": None, "error": "access_denied"}, 403),
        ({"error": "access_denied"}, 403),
        ({"code": None, "error": "server_error"}, 503),
    ],
)
async def test_an_answer_without_what_it_needs(
    changes: dict[str, Any], status: int, bent: BentProvider, browser: Browser
) -> None:
    answer = await bent.come_back(browser(), **changes)
    assert answer.status_code == status
    assert "You are not signed in" in answer.text
    assert bent.asked["/token"] == 0


async def test_refused_codes_do_not_ban_their_address(
    bent: BentProvider, browser: Browser
) -> None:
    answers("/token", 400, b'{"error": "invalid_grant"}')(bent)
    client = browser()
    found = [(await bent.come_back(client)).status_code for _ in range(12)]
    assert found == [400] * 12
    bent.straighten()
    client.cookies.clear()  # as another browser of the same office
    assert (await bent.come_back(client)).status_code == 303


async def test_a_public_client_shows_its_name_and_the_verifier(
    bent: BentProvider, browser: Browser
) -> None:
    await bent.come_back(browser())
    sent = bent.sent[0]
    assert (sent["client_id"], sent["authorization"]) == (CLIENT, "")
    assert len(sent["code_verifier"]) == 43
    assert sent["redirect_uri"].endswith("/sign-in/with/bent/done")


async def test_the_hash_of_the_access_token_fits(
    bent: BentProvider, browser: Browser
) -> None:
    """The value was made by openssl: dgst -sha256 -binary | head -c16 | base64."""
    assert ACCESS == "an-access-token"
    says(at_hash=ACCESS_HASH)(bent)
    assert (await bent.come_back(browser())).status_code == 303
