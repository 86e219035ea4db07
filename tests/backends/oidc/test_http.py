"""Which hosts of a provider are asked."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from gatewright.backends.oidc import Http
from gatewright.core.errors import BackendFailed

MakeHttp = Callable[..., Http]


@pytest.fixture
async def http() -> AsyncIterator[MakeHttp]:
    async with AsyncExitStack() as stack:

        def make(issuer: str, *hosts: str) -> Http:
            made = Http("Centre", issuer, hosts)
            stack.push_async_callback(made.close)
            return made

        yield make


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://sso.example.org/token", True),
        ("https://SSO.example.org:443/token", True),
        ("https://keys.example.org/jwks", True),
        ("https://other.example.org:8443/jwks", True),
        ("https://other.example.org/jwks", False),
        ("https://sso.example.org:8443/", False),
        ("https://sso.example.org.evil.example/", False),
        ("https://sso.example.org@evil.example/", False),
        ("https://evil.example/sso.example.org", False),
        ("https://evil.example\\@sso.example.org/", False),
        ("https://sso.example.org\t/", False),
        ("http://sso.example.org/token", False),
        ("http://127.0.0.1/token", False),
        ("file:///etc/passwd", False),
        ("https://[::1/", False),
        ("//sso.example.org/", False),
        ("", False),
        (None, False),
        (["https://sso.example.org/"], False),
    ],
)
async def test_what_is_a_provider_s_own(
    http: MakeHttp, url: object, *, own: bool
) -> None:
    hosts = ("keys.example.org", "other.example.org:8443")
    assert http("https://sso.example.org/realms/x", *hosts).is_own(url) is own


async def test_plain_http_is_for_this_machine_only(http: MakeHttp) -> None:
    here = http("http://127.0.0.1:8080", "sso.example.org")
    assert here.is_own("http://127.0.0.1:8080/token")
    assert not here.is_own("http://127.0.0.1/token")
    assert not here.is_own("http://sso.example.org/token")
    assert not here.is_own("https://sso.example.org/token")


async def test_no_other_host_is_asked(http: MakeHttp) -> None:
    with pytest.raises(BackendFailed, match="cannot use or trust"):
        await http("https://sso.example.org").ask("http://127.0.0.1:9/")
