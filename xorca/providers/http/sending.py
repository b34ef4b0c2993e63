"""Requests to the outside that cannot be led astray: judged addresses, no redirects, bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from xorca.errors import MissingExtra, Unavailable
from xorca.providers.http.destinations import Policy, destination_of
from xorca.providers.http.resolving import Guard, Resolver

if TYPE_CHECKING:
    import httpx

ANSWER_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: names of headers in lower case, and the body up to the bound."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    cut: bool = False


class GuardedSender:
    """Send requests to URLs that come from events or data, and so may be chosen by strangers.

    By default only https to public addresses. Every address is judged before it is connected
    to, and is the one that is connected to; no redirect is followed; no proxy is asked; of an
    answer no more than ``answer`` bytes are read, as they come (nothing is unpacked).

    Args:
        policy: Where requests may go.
        resolver: What turns names into addresses.
        timeout: How long one request may take with everything, in seconds.
        answer: The most bytes of an answer that are kept.
        connections: The most that are open at once.
        client: An httpx client to send by. It connects as it was made to: the URL is judged,
            and the addresses that its host stands for are not.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        resolver: Resolver | None = None,
        timeout: float = 10.0,
        answer: int = ANSWER_BYTES,
        connections: int = 16,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self.policy = policy or Policy()
        self._guard = Guard(self.policy, resolver=resolver)
        self._timeout, self._answer, self._connections = timeout, answer, connections
        self._given = client
        self._own: tuple[asyncio.AbstractEventLoop, httpx.AsyncClient] | None = None
        _check_extra()

    async def send(
        self, url: str, *, method: str = "POST", headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Send one request, once.

        Raises:
            DestinationRefused: nothing may be sent there, and nothing was.
            Unavailable: there was no answer; whether it was received is not known.
        """
        import httpx

        destination = destination_of(url, self.policy)
        request = self._client().build_request(method, url, headers=headers, content=body)
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(request)
        except TimeoutError as exc:
            raise Unavailable(
                f"{destination.shown} gave no answer within {self._timeout:g} s"
            ) from exc
        except (httpx.HTTPError, httpx.StreamError, OSError) as exc:
            why = str(exc) or type(exc).__name__
            raise Unavailable(f"{destination.shown} cannot be asked: {why}") from exc

    async def close(self) -> None:
        """Close the connections; a closed sender opens again on use."""
        own, self._own = self._own, None
        if own is not None and own[0] is asyncio.get_running_loop():
            await own[1].aclose()

    async def _exchange(self, request: httpx.Request) -> Answer:
        response = await self._client().send(request, stream=True, follow_redirects=False)
        try:
            body, cut = await _read(response.aiter_raw(), self._answer)
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, body, cut)

    def _client(self) -> httpx.AsyncClient:
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        if self._own is None or self._own[0] is not loop:
            self._own = (loop, self._new_client())
        return self._own[1]

    def _new_client(self) -> httpx.AsyncClient:
        import httpx

        from xorca.providers.http.connecting import GuardedTransport

        transport = GuardedTransport(self._guard, connections=self._connections)
        return httpx.AsyncClient(
            transport=transport,
            headers={"user-agent": "xorca", "accept": "*/*", "accept-encoding": "identity"},
            # No taker is to be told what another request was given, nor to fill the memory.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=self._timeout,
            follow_redirects=False,
            trust_env=False,
        )


async def _read(parts: AsyncIterator[bytes], most: int) -> tuple[bytes, bool]:
    """Read so many bytes at most, and tell whether there were more."""
    body = bytearray()
    async for part in parts:
        body += part
        if len(body) > most:
            return bytes(body[:most]), True
    return bytes(body), False


def _check_extra() -> None:
    if find_spec("httpx") is None:
        raise MissingExtra("sending by HTTP", "httpx", "http")
