"""Network addresses: one spelling for each, and what limits count by. Pure."""

import ipaddress

IPV6_PREFIX = 64
"""A line gets at least this much of IPv6 for itself, so that single addresses of it tell nobody apart."""


def parse_address(text: str) -> str | None:
    """Returns an address in its one spelling, None for what is none.

    A port, brackets, quotes and a zone are cut off, as proxies write them (RFC 7239, 6); an IPv4 address that is
    written as an IPv6 one is IPv4.
    """
    written = text.strip().strip('"')
    if written.startswith("["):
        host, bracket, port = written[1:].partition("]")
        is_good = bool(bracket) and (not port or _is_port(port))
    elif written.count(":") == 1:
        host, colon, port = written.partition(":")
        is_good = _is_port(colon + port)
    else:
        host, is_good = written, True
    try:
        address = ipaddress.ip_address(host.partition("%")[0]) if is_good else None
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return None if address is None else str(address)


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isascii() and text[1:].isdigit()


def network_of(address: str) -> str:
    """Returns what a limit by address counts together: an IPv4 address, the /64 of an IPv6 one, else the words."""
    parsed = parse_address(address)
    if parsed is None or ":" not in parsed:
        return parsed or address
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
