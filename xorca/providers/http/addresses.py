"""Which addresses a request may go to: public ones, and private ones where that was asked for."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

_Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address

_NEVER: Final = {
    "169.254.0.0/16": "link-local, where clouds keep their metadata",
    "168.63.129.16/32": "a metadata service",
    "100.100.100.200/32": "a metadata service",
    "192.0.0.0/24": "reserved",
    "fd00:ec2::/32": "a metadata service",
    "fd20:ce::/32": "a metadata service",
    "0.0.0.0/8": "unspecified",
    "192.0.2.0/24": "reserved",
    "192.88.99.0/24": "reserved",
    "198.18.0.0/15": "reserved",
    "198.51.100.0/24": "reserved",
    "203.0.113.0/24": "reserved",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
    "::ffff:0:0/96": "an IPv4 address in IPv6 form",
    "64:ff9b::/96": "an IPv4 address behind NAT64",
    "64:ff9b:1::/48": "an IPv4 address behind NAT64",
    "2002::/16": "an IPv4 address behind 6to4",
    "2001::/32": "an IPv4 address behind Teredo",
    "2001::/23": "reserved",
    "2001:db8::/32": "reserved",
    "3fff::/20": "reserved",
    "fe80::/10": "link-local",
    "fec0::/10": "link-local",
    "ff00::/8": "multicast",
}
"""In the order in which they are looked at: the first that fits names the cause."""

_PRIVATE: Final = {
    "127.0.0.0/8": "loopback",
    "10.0.0.0/8": "private",
    "172.16.0.0/12": "private",
    "192.168.0.0/16": "private",
    "100.64.0.0/10": "private",
    "::1/128": "loopback",
    "fc00::/7": "private",
}

_GLOBAL_IPV6: Final = IPv6Network("2000::/3")
_ISATAP: Final = (0x00005EFE, 0x02005EFE)


def _networks(table: dict[str, str]) -> tuple[tuple[_Network, str], ...]:
    return tuple((ip_network(text), kind) for text, kind in table.items())


_NEVER_NETWORKS: Final = _networks(_NEVER)
_PRIVATE_NETWORKS: Final = _networks(_PRIVATE)


@lru_cache(maxsize=1024)
def fault_of(address: str, *, allow_private: bool = False) -> str:
    """Say why nothing may be sent to an address; an empty text where it may.

    ``allow_private`` allows loopback and the private networks. Link-local addresses, the
    metadata services of clouds, multicast, reserved networks, and IPv4 addresses in any IPv6
    form are never allowed.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "no address"
    never = _kind(parsed, _NEVER_NETWORKS) or _embedded(parsed)
    if never:
        return never
    private = _kind(parsed, _PRIVATE_NETWORKS)
    if private:
        return "" if allow_private else private
    if isinstance(parsed, IPv6Address) and parsed not in _GLOBAL_IPV6:
        return "reserved"
    return ""


def _kind(address: _Address, table: tuple[tuple[_Network, str], ...]) -> str:
    for network, kind in table:
        if address.version == network.version and address in network:
            return kind
    return ""


def _embedded(address: _Address) -> str:
    if isinstance(address, IPv6Address) and int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        return "an IPv4 address behind ISATAP"
    return ""
