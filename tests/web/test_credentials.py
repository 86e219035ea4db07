import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from gatewright.core.config import Config, Gateway
from gatewright.core.errors import NotSignedIn
from gatewright.web.credentials import (
    SessionCookie,
    cookie_fields,
    no_cookie_fields,
    sent_token,
    session_cookie,
    session_secrets,
)

OWN = SessionCookie("newt_sessionid", "/newt", 43_200)
TOKEN = f"gw_{'0' * 26}.{'A' * 43}"


def config(url: str) -> Config:
    return Config(gateway=Gateway(url=url, state=Path("/nowhere")))


def basic(text: bytes) -> Headers:
    value = b"Basic " + base64.b64encode(text)
    return Headers(raw=[(b"authorization", value)])


def test_cookies_of_a_secure_gateway() -> None:
    secure = config("https://gateway.example")
    assert session_cookie(secure) == "__Host-gw_session"
    assert cookie_fields(secure, "x")["Set-Cookie"] == (
        "__Host-gw_session=x; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure"
    )
    assert no_cookie_fields(secure, OWN)["Set-Cookie"] == (
        "newt_sessionid=; Path=/newt; Max-Age=0; HttpOnly; SameSite=Lax; Secure"
    )


def test_cookies_of_a_plain_gateway() -> None:
    plain = config("http://127.0.0.1:8000")
    assert session_cookie(plain) == "gw_session"
    assert cookie_fields(plain, "x", OWN)["Set-Cookie"] == (
        "newt_sessionid=x; Path=/newt; Max-Age=43200; HttpOnly; SameSite=Lax"
    )


def test_cookies_of_a_gateway_below_a_path() -> None:
    below = config("https://example.org/a/gateway/")
    assert session_cookie(below) == "__Secure-gw_session"
    assert cookie_fields(below, "x")["Set-Cookie"] == (
        "__Secure-gw_session=x; Path=/a/gateway; Max-Age=604800; HttpOnly; "
        "SameSite=Lax; Secure"
    )
    own = cookie_fields(below, "x", OWN)["Set-Cookie"]
    assert own.startswith("newt_sessionid=x; Path=/a/gateway/newt; Max-Age=43200;")


def test_newts_cookie_lives_no_longer_than_a_session() -> None:
    short = Config.model_validate({"identity": {"session_seconds": 600}})
    assert "; Max-Age=600;" in cookie_fields(short, "x", OWN)["Set-Cookie"]


@pytest.mark.parametrize(
    ("cookie", "path", "secrets"),
    [
        ("gw_session=a", "/x", ["a"]),
        ('other=1; gw_session="a"; newt_sessionid=b', "/x", ["a"]),
        ("gw_session=a; newt_sessionid=b", "/newt", ["b", "a"]),
        ("gw_session=a; newt_sessionid=b", "/newt/queue", ["b", "a"]),
        ("newt_sessionid=b", "/newton", []),
        ("gw_session=a; gw_session=b", "/x", ["a", "b"]),
        ("gw_session", "/x", []),
        ("gw_session=; ;=;;x", "/x", []),
        ("GW_SESSION=a; __Host-gw_session=a", "/x", []),
    ],
)
def test_cookies_that_count(cookie: str, path: str, secrets: list[str]) -> None:
    headers = Headers({"cookie": cookie})
    assert session_secrets(headers, "gw_session", path, [OWN]) == secrets


def test_cookies_in_two_fields() -> None:
    raw = [(b"cookie", b"a=1"), (b"cookie", b"gw_session=x")]
    assert session_secrets(Headers(raw=raw), "gw_session", "/") == ["x"]


def test_few_cookies_are_looked_up() -> None:
    """Each costs a read of the database, before any rate is known."""
    cookie = "; ".join(f"gw_session={n:043}" for n in range(1000))
    headers = Headers({"cookie": cookie})
    secrets = session_secrets(headers, "gw_session", "/newt", [OWN])
    assert secrets == [f"{n:043}" for n in range(4)]


def test_a_token_in_each_form() -> None:
    assert sent_token(Headers()) is None
    for value in (f"Bearer {TOKEN}", f"bearer  {TOKEN} ", f"BEARER {TOKEN}"):
        assert sent_token(Headers({"authorization": value})) == TOKEN
    for text in (f"ada:{TOKEN}", f":{TOKEN}", f"{TOKEN}:", f"{TOKEN}:x", f"é:{TOKEN}"):
        assert sent_token(basic(text.encode())) == TOKEN


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" ",
        b"Basic",
        b"Basic ",
        b"Basic !!!!",
        b"Basic YQ",
        b"Basic \xff\xfe",
        b"Basic " + base64.b64encode(b"\xff\xfe:x"),
        b"Basic " + base64.b64encode(b"ada:password"),
        b"Basic " + base64.b64encode(b"nothing"),
        b"Basic " + base64.b64encode(b"\x00:\x00"),
        b"Basic " + b"A" * 60_000,
        b"Bearer " + b"A" * 60_000,
        b"Digest username=x",
        b"Negotiate YQ==",
        TOKEN.encode(),
    ],
)
def test_what_is_no_token(value: bytes) -> None:
    with pytest.raises(NotSignedIn):
        sent_token(Headers(raw=[(b"authorization", value)]))


def test_two_tokens_are_none() -> None:
    field = (b"authorization", f"Bearer {TOKEN}".encode())
    with pytest.raises(NotSignedIn):
        sent_token(Headers(raw=[field, field]))


@given(st.binary(max_size=200))
def test_any_bytes(value: bytes) -> None:
    headers = Headers(raw=[(b"authorization", value), (b"cookie", value)])
    session_secrets(headers, "gw_session", "/newt", [OWN])
    try:
        assert isinstance(sent_token(headers), str)
    except NotSignedIn:
        return
