"""Which addresses are the public internet. What we fetch for others goes nowhere else (`decisions.md` 33)."""

import ipaddress

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in the last 32 bits, which a gateway of ours may translate to our own network."""


def is_public(address: str) -> bool:
    """Tells whether an IP address, as a socket is about to connect to it, is on the public internet.

    Private, loopback, link-local, shared, reserved, multicast and unspecified ones are not, nor is an
    IPv6 address that stands for such an IPv4 address, nor what is no address at all.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is None and parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFF_FFFF)
        if inner is not None:
            return _is_public(inner)
        if parsed.teredo is not None or parsed.is_site_local:
            return False
    return _is_public(parsed)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved
