"""What a URL must look like before anything is sent to it: a small and strict grammar.

Every parser of URLs reads what passes here alike, so that what was judged is what is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from xorca.errors import DestinationRefused
from xorca.providers.http.addresses import fault_of

_LONGEST: Final = 2048
_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[^\[\]:/?#@\\]*)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:/[A-Za-z0-9\-._~!$&'()*+,;=:@%/]*)?(?:\?[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*)?)"
)
# A client takes these out of a path, so that something else would be asked than was signed.
_DOTS: Final = re.compile(r"^[^?]*/\.{1,2}(?:[/?]|$)")
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")
_METADATA: Final = frozenset(
    ("metadata", "metadata.google.internal", "metadata.goog", "metadata.azure.internal")
)
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Policy:
    """Where requests may go: by default to public addresses, by https, on any port.

    ``allow_private`` allows loopback and private networks, and names of one label that a
    search domain completes; ``ports`` names the only ones that are allowed.
    """

    allow_http: bool = False
    allow_private: bool = False
    ports: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL that keeps the rules, taken apart; ``host`` is in lower case, without brackets."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def shown(self) -> str:
        """Give the URL for people and logs, without its query, which may hold a secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.target.partition('?')[0]}"


def destination_of(url: str, policy: Policy) -> Destination:
    """Take a URL apart, and judge everything that can be judged without asking for addresses.

    Raises:
        DestinationRefused: nothing may be sent there; ``reason`` says which rule it breaks.
    """
    found = _URL.fullmatch(url) if len(url) <= _LONGEST else None
    if found is None or _DOTS.search(found["target"]):
        raise _refused(url, "it is no plain URL", "write https://host/path in ASCII", "url")
    scheme, host = found["scheme"].lower(), found["host"].lower()
    _check_scheme(url, scheme, policy)
    port = int(found["port"] or _PORTS[scheme])
    if not 0 < port < 65536 or (policy.ports is not None and port not in policy.ports):
        raise _refused(url, f"the port {port} is not allowed", "name an allowed one", "port")
    host = host.strip("[]") if host.startswith("[") else host
    check_host(host, policy)
    return Destination(scheme, host, port, found["target"])


def check_host(host: str, policy: Policy) -> None:
    """Refuse a host that may not be asked, or that somebody may read in another way.

    Raises:
        DestinationRefused: as it says.
    """
    literal = _literal(host)
    if literal is not None:
        check_address(host, literal, policy)
        return
    if len(host) > 253 or _NAME.fullmatch(host) is None:
        raise _refused(host, "that is no host name", "write its ASCII form, without user", "host")
    if host in _METADATA:
        raise _refused(host, "that is a metadata service", "name another host", "address")
    local = "." not in host or host.endswith(".localhost")
    if local and not policy.allow_private:
        raise _refused(host, "that is a local name", "name a public host", "address")


def check_address(host: str, address: str, policy: Policy) -> None:
    """Refuse an address that a host stands for.

    Raises:
        DestinationRefused: nothing may be sent to it.
    """
    fault = fault_of(address, allow_private=policy.allow_private)
    if fault:
        what = f"{address} is {fault}"
        raise _refused(host, what, "name a host that may be asked", "address")


def _check_scheme(url: str, scheme: str, policy: Policy) -> None:
    if scheme not in _PORTS:
        raise _refused(url, f"{scheme}: cannot be asked", "write https://", "scheme")
    if scheme == "http" and not policy.allow_http:
        raise _refused(
            url,
            "http: can be read and changed on the way",
            "write https://, or allow http",
            "scheme",
        )


def _literal(host: str) -> str | None:
    """Give the address that a host is written as; None for a name."""
    if ":" in host:
        return _parsed(IPv6Address, host)
    # Resolvers take 2130706433, 0x7f.1 and 0177.0.0.1 for addresses: only one form is taken.
    return _parsed(IPv4Address, host) if _NUMBER.fullmatch(host) else None


def _parsed(kind: type[IPv4Address | IPv6Address], host: str) -> str:
    try:
        return str(kind(host))
    except ValueError:
        raise _refused(
            host, "that is no address in its usual form", "write it as 192.0.2.1", "host"
        ) from None


def _refused(given: str, why: str, cure: str, reason: str) -> DestinationRefused:
    # What stands before the last @ may be a password, whatever it looks like.
    _, at, rest = given.rpartition("@")
    shown = f"{'…' if at else ''}{rest.partition('?')[0]}"[:100]
    return DestinationRefused(f"nothing is sent to {shown!r}: {why}; {cure}", reason=reason)
