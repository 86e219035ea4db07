"""Whose a request is by its network address: the one place that says so.

A proxy that the operator trusts (``trusted_proxies``) says in ``X-Forwarded-For`` from
whom it has a request; what anybody else says there counts for nothing. Of the header's
list the rightmost address that is no trusted proxy's is the client's: a proxy adds the
address it saw at the end, so everything left of it is what the client wrote.

The scheme and the host of a request are never taken from such headers.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.types import Scope

CONNECTIONS_PER_ADDRESS = 512
"""Connections that one address may have open, or requests through trusted proxies."""

_MOST_HOPS = 32
_LONGEST_FIELD = 4096
_PORT = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+))(?::[0-9]{1,5})?")


def client_address(scope: Scope) -> str:
    """Return the client's address; empty where the connection has none."""
    client = scope.get("client")
    return client[0] if client else ""


class TrustedProxies:
    """The proxies that are believed when they say from whom a request comes.

    Parameters
    ----------
    names
        Addresses and networks (``10.0.0.0/8``), as the configuration has checked them.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._networks = [ip_network(name) for name in names]

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._networks)

    def trusts(self, address: str) -> bool:
        """Return whether an address is one of theirs."""
        plain = _plain(address)
        if plain is None:
            return False
        parsed = ip_address(plain)
        return any(parsed in network for network in self._networks)

    def client(self, peer: str, fields: Sequence[bytes]) -> str:
        """Return the address of the client behind a trusted peer.

        It is the peer's own where the header says nothing, or nothing that can be
        read: at a place that is no address, or beyond 32 proxies. Where all are
        trusted it is the leftmost.

        Parameters
        ----------
        peer
            Address of the proxy that made the connection.
        fields
            Values of ``X-Forwarded-For``, in the order of the header's lines.
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
    """Return an address in its one form, IPv4 within IPv6 as IPv4; None if it is none.

    A zone (``%eth0``) may be any text, so an address from outside has none.
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
