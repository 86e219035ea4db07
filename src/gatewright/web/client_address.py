"""Finds the IP address of the client, also behind trusted reverse proxies.

``X-Forwarded-For`` is read only if the connection comes from a proxy that the operator
trusts (``trusted_proxies``). The client's address is the rightmost in the list that is
no trusted proxy's: each proxy appends the address that it saw, so anything further left
may be made up by the client. The scheme and the host of a request are never taken from
such headers.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.types import Scope

CONNECTIONS_PER_ADDRESS = 512
"""Most connections that one address may have open, or requests through trusted
proxies."""

_MOST_HOPS = 32
_LONGEST_FIELD = 4096
_PORT = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+))(?::[0-9]{1,5})?")


def client_address(scope: Scope) -> str:
    """Return the client's IP address; empty if the connection has none."""
    client = scope.get("client")
    return client[0] if client else ""


class TrustedProxies:
    """The reverse proxies whose ``X-Forwarded-For`` header is believed.

    Parameters
    ----------
    names
        Addresses and networks (``10.0.0.0/8``), validated by the configuration.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._networks = [ip_network(name) for name in names]

    def __bool__(self) -> bool:
        """Return whether any proxy is trusted."""
        return bool(self._networks)

    def trusts(self, address: str) -> bool:
        """Return whether an address belongs to a trusted proxy."""
        plain = _plain(address)
        if plain is None:
            return False
        parsed = ip_address(plain)
        return any(parsed in network for network in self._networks)

    def client(self, peer: str, fields: Sequence[bytes]) -> str:
        """Return the address of the client behind a trusted proxy.

        It is the leftmost address if all in the list are trusted. It is the proxy's own
        address if the header is missing, or if the search meets something that is no
        address or goes beyond 32 proxies.

        Parameters
        ----------
        peer
            Address of the proxy that made the connection.
        fields
            Values of the ``X-Forwarded-For`` header lines, in their order.
        """
        if not fields or sum(map(len, fields)) > _LONGEST_FIELD:
            return peer
        hops = b",".join(fields).decode("latin-1").split(",")
        found = peer
        for hop in reversed(hops[-_MOST_HOPS:]):
            text = hop.strip(" \t")
            with_port = _PORT.fullmatch(text)
            if with_port:
                text = with_port["six"] or with_port["four"]
            plain = _plain(text)
            if plain is None:
                return peer
            found = plain
            if not self.trusts(found):
                return found
        return found if len(hops) <= _MOST_HOPS else peer


def _plain(text: str) -> str | None:
    """Return the normal form of an IP address, or None for other text.

    An IPv4-mapped IPv6 address becomes an IPv4 address. An address with a zone
    (``fe80::1%eth0``) is refused, since the zone may be any text.
    """
    if "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)
