"""Groups client addresses by subscriber, for rate limits and bans."""

from ipaddress import AddressValueError, IPv6Address

_SUBSCRIBER_BITS = 64


def network_of(address: str) -> str:
    """Return the key under which requests from an IP address are counted.

    For IPv4 it is the address itself. For IPv6 it is the /64 network, since one
    subscriber can use every address in it (RFC 4291, section 2.5.4; RFC 8981), and a
    limit on single addresses would limit nobody. An IPv4-mapped IPv6 address counts as
    its IPv4 address. Text that is no IP address is returned unchanged.
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
