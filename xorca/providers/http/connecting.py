"""An httpx transport whose connections go to judged addresses only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import cast

import httpcore
import httpx

from xorca.errors import Unavailable
from xorca.providers.http.destinations import destination_of
from xorca.providers.http.resolving import Guard

_KEEP = 30.0
"""For how long a connection that nobody uses stays open, in seconds."""


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connect to the addresses that a Guard gives, and judge every URL before.

    The name stays what TLS checks. A connection that is used again was judged when it was
    made; proxies of the environment are not asked, for they would resolve the name anew.
    """

    def __init__(self, guard: Guard, *, connections: int = 16) -> None:
        self._guard = guard
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=_KEEP,
            network_backend=_GuardedBackend(guard),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; a redirect comes back as what it is.

        Raises:
            DestinationRefused: nothing may be sent there.
        """
        destination_of(str(request.url), self._guard.policy)
        assert isinstance(request.stream, httpx.AsyncByteStream)  # the request is an async one
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _translated():
            answer = await self._pool.handle_async_request(asked)
        assert not isinstance(answer.stream, Iterator)  # the pool is an async one
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),  # type: ignore[arg-type, unused-ignore]
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        close = getattr(self._stream, "aclose", None)
        if close is not None:
            with _translated():
                await close()


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connect to the address that was judged, not to what a second look would give."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._network = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await self._guard.addresses(host, port)
        except Unavailable as exc:
            raise httpcore.ConnectError(str(exc)) from exc
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.NetworkError, httpcore.TimeoutException) as exc:
                failure = exc
        self._guard.forget(host)
        assert failure is not None  # there is an address at least
        raise failure

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except httpcore.TimeoutException as exc:
        raise httpx.TimeoutException(_said(exc)) from exc
    except httpcore.NetworkError as exc:
        raise httpx.NetworkError(_said(exc)) from exc
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as exc:
        raise httpx.ProtocolError(_said(exc)) from exc


def _said(exc: Exception) -> str:
    return str(exc) or type(exc).__name__
