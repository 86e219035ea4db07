"""Who a request is from: told by trusted proxies, and by nobody else."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send
from tests.support.asgi import ask, constant, scope_of

from gatewright.core.config_file import ConfigurationError, parse_config
from gatewright.core.errors import TooManyRequests
from gatewright.web.client_address import TrustedProxies, client_address
from gatewright.web.middleware.client_address import ClientAddress, ForwardedRequests

PROXIES = TrustedProxies(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("fields", "client"),
    [
        ([], "127.0.0.1"),
        ([b"192.0.2.1"], "192.0.2.1"),
        ([b"203.0.113.9, 192.0.2.1"], "192.0.2.1"),
        ([b"192.0.2.1, 10.0.0.7"], "192.0.2.1"),
        ([b"127.0.0.1, 192.0.2.1, 10.1.1.1, 10.0.0.7"], "192.0.2.1"),
        ([b"192.0.2.1", b"10.0.0.7"], "192.0.2.1"),
        ([b"192.0.2.1:8080"], "192.0.2.1"),
        ([b"2001:DB9::0:1"], "2001:db9::1"),
        ([b"[2001:db9::1]"], "2001:db9::1"),
        ([b"[2001:db9::1]:443"], "2001:db9::1"),
        ([b"::ffff:192.0.2.1"], "192.0.2.1"),
        ([b"\t192.0.2.1 "], "192.0.2.1"),
        ([b"192.0.2.1, 2001:db8::1"], "192.0.2.1"),
        ([b"10.2.2.2, 10.0.0.7"], "10.2.2.2"),
        ([b""], "127.0.0.1"),
        ([b"unknown"], "127.0.0.1"),
        ([b"192.0.2.1,"], "127.0.0.1"),
        ([b"192.0.2.1, nonsense, 10.0.0.7"], "127.0.0.1"),
        ([b"192.0.2.256"], "127.0.0.1"),
        ([b"fe80::1%<script>"], "127.0.0.1"),
        ([b"[2001:db9::1"], "127.0.0.1"),
        ([b"1"], "127.0.0.1"),
        ([b"\xff\xfe"], "127.0.0.1"),
        ([b"192.0.2.1" + b", 10.0.0.1" * 31], "192.0.2.1"),
        ([b"192.0.2.1" + b", 10.0.0.1" * 32], "127.0.0.1"),
        ([b"192.0.2.1" + b" " * 4096], "127.0.0.1"),
    ],
)
def test_the_rightmost_that_is_no_proxy_is_the_client(
    fields: list[bytes], client: str
) -> None:
    assert PROXIES.client("127.0.0.1", fields) == client


@pytest.mark.parametrize("peer", ["192.0.2.9", "", "::1", "not an address"])
def test_others_are_not_trusted(peer: str) -> None:
    assert not PROXIES.trusts(peer)


def test_an_ipv4_peer_on_an_ipv6_socket_is_trusted() -> None:
    assert PROXIES.trusts("::ffff:10.1.2.3")
    assert not TrustedProxies(())


@given(st.lists(st.binary(max_size=80), max_size=6))
def test_whatever_is_sent_the_client_is_an_address(fields: list[bytes]) -> None:
    client = PROXIES.client("10.0.0.1", fields)
    assert str(ip_address(client)) == client


ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)


@given(
    st.lists(ADDRESSES, max_size=5),
    st.ip_addresses(v=4, network="192.0.2.0/24")
    | st.ip_addresses(v=6, network="2a00::/16"),
    st.lists(st.integers(0, 2**24 - 1), max_size=5),
)
def test_what_the_client_wrote_to_its_left_counts_for_nothing(
    written: list[str], client: IPv4Address | IPv6Address, hosts: list[int]
) -> None:
    network = ip_network("10.0.0.0/8")
    proxies = [str(network[host]) for host in hosts]
    field = ", ".join([*written, str(client), *proxies]).encode()
    assert PROXIES.client("127.0.0.1", [field]) == str(client)


async def address_seen(peer: str, *fields: bytes) -> str:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(client_address(scope))
        await constant()(scope, receive, send)

    headers = [(b"x-forwarded-for", field) for field in fields]
    scope = scope_of(headers=headers, client=peer)
    await ask(ClientAddress(app, PROXIES), scope)
    return seen[0]


async def test_only_a_trusted_peer_is_believed() -> None:
    assert await address_seen("127.0.0.1", b"192.0.2.1") == "192.0.2.1"
    assert await address_seen("192.0.2.9", b"192.0.2.1") == "192.0.2.9"
    assert client_address({"client": None}) == ""


async def test_a_client_behind_a_proxy_has_only_so_many_requests_open() -> None:
    async def busy(scope: Scope, receive: Receive, send: Send) -> None:
        if client_address(scope) == "192.0.2.1":
            other = {**scope, "client": ("192.0.2.2", 0)}
            assert (await ask(bounded, other)).status == 200
            with pytest.raises(TooManyRequests):
                await bounded(scope, receive, send)
        await constant()(scope, receive, send)

    bounded = ForwardedRequests(busy, most=1)
    app = ClientAddress(bounded, PROXIES)
    forwarded = [(b"x-forwarded-for", b"192.0.2.1")]
    for _ in range(2):  # what has ended is forgotten
        scope = scope_of(headers=forwarded, client="127.0.0.1")
        assert (await ask(app, scope)).status == 200
    direct = scope_of(headers=forwarded, client="192.0.2.2")
    assert (await ask(app, direct)).status == 200


@pytest.mark.parametrize("name", ["10.0.0.1/8", "proxy.example", "0.0.0.0/0", "::/0"])
def test_a_proxy_that_is_no_network_is_refused(name: str) -> None:
    text = f'[gateway]\ntrusted_proxies = ["{name}"]'
    with pytest.raises(ConfigurationError, match="trusted_proxies"):
        parse_config(text)
