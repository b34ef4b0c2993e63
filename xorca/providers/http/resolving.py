"""From a host to the addresses that are connected to: judged, and then held on to."""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Sequence
from time import monotonic
from typing import Protocol

from xorca.errors import DestinationRefused, Unavailable
from xorca.providers.http.destinations import Policy, check_address, check_host

_MOST = 1024
_MOST_ADDRESSES = 8


class Resolver(Protocol):
    """What turns a name into addresses."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Give the addresses of a host as text, the best first.

        Raises:
            OSError: they cannot be found.
        """
        ...


class SystemResolver:
    """Ask the operating system, in a thread of its own."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Give the addresses of a host as text, the best first."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Guard:
    """Give addresses that may be connected to, and the same ones for a while.

    A name whose owner answers with another address at the second look (DNS rebinding) gains
    nothing: what was judged is what is connected to, also by a retry, and whatever is asked
    for later is judged anew.

    Args:
        policy: Where requests may go.
        resolver: What turns names into addresses.
        hold: For how long judged addresses are held on to, in seconds.
    """

    def __init__(
        self, policy: Policy, *, resolver: Resolver | None = None, hold: float = 60.0
    ) -> None:
        self.policy = policy
        self._resolver: Resolver = resolver or SystemResolver()
        self._hold = hold
        self._held: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()

    async def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """Give the judged addresses of a host; one bad address condemns them all.

        Raises:
            DestinationRefused: nothing may be sent to the host.
            Unavailable: its addresses cannot be found at the moment.
        """
        host = host.lower()
        check_host(host, self.policy)
        held = self._held.get(host)
        if held is not None and held[0] > monotonic():
            return held[1]
        found = await self._judged(host, port)
        self._held[host] = (monotonic() + self._hold, found)
        self._held.move_to_end(host)
        if len(self._held) > _MOST:
            self._held.popitem(last=False)
        return found

    def forget(self, host: str) -> None:
        """Let go of a host's addresses: none of them answers."""
        self._held.pop(host.lower(), None)

    async def _judged(self, host: str, port: int) -> tuple[str, ...]:
        try:
            found = await self._resolver.resolve(host, port)
        except OSError as exc:
            raise Unavailable(f"the addresses of {host!r} cannot be found: {exc}") from exc
        if not found:
            raise DestinationRefused(
                f"nothing is sent to {host!r}: it has no address; look at its name", reason="host"
            )
        for address in found:
            check_address(host, address, self.policy)
        return tuple(found[:_MOST_ADDRESSES])
