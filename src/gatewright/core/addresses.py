"""Network addresses, as far as they say whose a request is."""

from ipaddress import AddressValueError, IPv6Address

_SUBSCRIBER_BITS = 64


def network_of(address: str) -> str:
    """Return what rates and bans of an address are counted by.

    It is the address itself, but for IPv6 its /64 network: one machine has all of its
    addresses (RFC 4291, section 2.5.4; RFC 8981), so that each alone bounds nobody.
    IPv4 within IPv6 counts as IPv4.
    """
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except AddressValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    if parsed.is_loopback:
        return str(parsed)
    prefix = int(parsed) >> _SUBSCRIBER_BITS << _SUBSCRIBER_BITS
    return f"{IPv6Address(prefix)}/{_SUBSCRIBER_BITS}"
