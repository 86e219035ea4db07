"""Cross-site requests: the matrix of what a browser may send."""

from pathlib import Path

import pytest
from starlette.datastructures import Headers

from gatewright.core.config import Config, Gateway
from gatewright.core.errors import NotAllowed
from gatewright.web.own_pages import OwnPages

HTTPS = "https://gateway.example.org"


def pages(url: str = HTTPS, *more: str, listen: str = "127.0.0.1:8000") -> OwnPages:
    gateway = Gateway(
        url=url, listen=listen, allowed_hosts=list(more), state=Path("/nowhere")
    )
    return OwnPages(Config(gateway=gateway))


def headers(host: str = "gateway.example.org", **fields: str) -> Headers:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return Headers({"host": host, **named})


OWN = [
    {"sec_fetch_site": "same-origin"},
    {"sec_fetch_site": "same-origin", "origin": HTTPS},
    {"origin": HTTPS},
    {"origin": f"{HTTPS}:443"},
    {"origin": "https://GATEWAY.example.org"},
]
NOT_OWN = [
    {},
    {"sec_fetch_site": "none"},
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-site"},
    {"sec_fetch_site": ""},
    {"sec_fetch_site": "SAME-ORIGIN"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "https://evil.example"},
    {"origin": "http://gateway.example.org"},
    {"origin": f"{HTTPS}:8443"},
    {"origin": f"{HTTPS}.evil.example"},
    {"origin": "https://evil.example#gateway.example.org"},
    {"origin": "https://gateway.example.org@evil.example"},
    {"origin": "https://sub.gateway.example.org"},
    {"origin": f"{HTTPS}/path"},
    {"origin": f"{HTTPS}?x"},
    {"origin": "https://["},
    {"origin": "https://gateway.example.org:99999"},
    {"origin": "gateway.example.org"},
    {"origin": "file://"},
    {"origin": "null", "sec_fetch_site": "same-origin"},
    {"origin": "https://evil.example", "sec_fetch_site": "same-origin"},
    {"origin": HTTPS, "sec_fetch_site": "cross-site"},
    {"origin": HTTPS, "sec_fetch_site": "same-site"},
]


@pytest.mark.parametrize("fields", OWN)
def test_own(fields: dict[str, str]) -> None:
    assert pages().is_own(headers(**fields))
    assert not pages().is_foreign(headers(**fields))
    pages().refuse_foreign_sign_in(headers(**fields))
    pages().require_own_change(headers(x_requested_with="x", **fields))
    with pytest.raises(NotAllowed, match="X-Requested-With"):
        pages().require_own_change(headers(**fields))


@pytest.mark.parametrize("fields", NOT_OWN)
def test_not_own(fields: dict[str, str]) -> None:
    assert not pages().is_own(headers(**fields))
    with pytest.raises(NotAllowed, match="Sec-Fetch-Site"):
        pages().require_own_change(headers(x_requested_with="x", **fields))


@pytest.mark.parametrize("fields", [f for f in NOT_OWN if f])
def test_no_sign_in_for_other_pages(fields: dict[str, str]) -> None:
    with pytest.raises(NotAllowed, match="own pages"):
        pages().refuse_foreign_sign_in(headers(**fields))


def test_a_program_says_nothing() -> None:
    pages().refuse_foreign_sign_in(headers())
    assert not pages().is_foreign(headers())


@pytest.mark.parametrize(
    ("fields", "foreign"),
    [
        ({"sec_fetch_site": "none", "sec_fetch_mode": "navigate"}, False),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, False),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}, True),
        ({"sec_fetch_site": "same-site", "sec_fetch_mode": "cors"}, True),
        ({"sec_fetch_site": "same-origin", "sec_fetch_mode": "cors"}, False),
        (
            {"origin": "null", "sec_fetch_mode": "navigate", "sec_fetch_site": "none"},
            True,
        ),
    ],
)
def test_reading(fields: dict[str, str], *, foreign: bool) -> None:
    assert pages().is_foreign(headers(**fields)) is foreign


def test_two_origins_are_none() -> None:
    raw = [(b"host", b"gateway.example.org"), (b"origin", HTTPS.encode())]
    assert pages().is_own(Headers(raw=raw))
    assert not pages().is_own(Headers(raw=[*raw, (b"origin", HTTPS.encode())]))


@pytest.mark.parametrize(
    ("host", "origin", "own"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000", True),
        ("localhost:8000", "http://localhost:8000", True),
        ("[::1]:8000", "http://[::1]:8000", True),
        ("named.example:8000", "http://named.example:8000", True),
        ("other.example:8000", "http://other.example:8000", False),
        ("localhost:8000", "http://localhost:8001", False),
        ("localhost:8000", "https://localhost:8000", False),
        ("", "http://localhost:8000", False),
        ("localhost:99999", "http://localhost:99999", False),
    ],
)
def test_names_of_loopback(host: str, origin: str, *, own: bool) -> None:
    local = pages("", "named.example")
    assert local.is_own(headers(host, origin=origin)) is own


def test_the_path_of_the_gateways_address_is_no_part_of_its_origin() -> None:
    own = pages(f"{HTTPS}/a/gateway")
    assert own.is_own(headers(origin=HTTPS))
    assert own.is_foreign(headers(origin="https://evil.example"))


@pytest.mark.parametrize(
    ("named", "host"), [("Other.LAN", "other.lan"), ("[2001:db8::1]", "[2001:db8::1]")]
)
def test_pages_of_another_name_are_own_however_it_is_written(
    named: str, host: str
) -> None:
    """Such a name was answered, but nobody could sign in there."""
    own = pages(HTTPS, named)
    sent = headers(host, origin=f"https://{host}", x_requested_with="gatewright")
    own.require_own_change(sent)
    assert own.is_own(sent)
    assert not own.is_own(headers(host, origin="https://evil.example"))
