"""What only a real server shows: clients that go away, and bodies that trickle or never end."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import httpx
import pytest

from tests.unit.handlers.asgi.shop import PROBLEM, STRUCTURED, Shop, noted, post, sell
from tests.unit.handlers.asgi.sockets import served
from xorca.handlers.asgi import HttpLimits

PATIENCE = 30.0


async def speak(url: str, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send some bytes, one part after the other; give what comes back meanwhile."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    said = bytearray()

    async def listen() -> None:
        with suppress(ConnectionError):
            while part := await reader.read(65_536):
                said.extend(part)

    listening = asyncio.ensure_future(listen())
    try:
        with suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
        async with asyncio.timeout(PATIENCE):
            await listening
    finally:
        listening.cancel()
        writer.close()
    return bytes(said)


def head(length: int | None, path: str = "/") -> bytes:
    """Give the head of a request in structured mode; without a length it is chunked."""
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return (
        f"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Type: {STRUCTURED}\r\n{size}\r\n\r\n"
    ).encode()


async def test_a_client_that_goes_away_waits_no_more() -> None:
    """Its place is free again, long before its time is over."""
    shop = Shop(limits=HttpLimits(waiters=1, wait=PATIENCE))
    path = "/processes/shop.sale/1.0.0/s-1/result"
    async with served(shop.app) as url, httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
        await post(client, sell())
        with pytest.raises(httpx.ReadTimeout):
            await client.get(path, timeout=0.3)
        async with asyncio.timeout(PATIENCE / 3):
            while (await client.get(path, params={"timeout": "0.01"})).status_code == 503:  # noqa: ASYNC110 - a server is asked
                await asyncio.sleep(0.01)


async def test_a_result_is_waited_for_through_a_socket() -> None:
    """As in this process."""
    async with (
        served(Shop().app) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client,
    ):
        await post(client, sell())
        path = "/processes/shop.sale/1.0.0/s-1/result?timeout=20"
        waiting = asyncio.ensure_future(client.get(path))
        await asyncio.sleep(0.1)
        await post(client, noted(id="a", type="evt.stock.reserve.success"))
        response = await waiting

    assert (response.status_code, response.json()["status"]) == (200, "ended")


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_body_that_is_too_large_is_refused_while_it_comes(*, chunked: bool) -> None:
    """413, with the connection closed; the rest is not read."""
    shop = Shop(limits=HttpLimits(body=1000))
    parts = [b"3e8\r\n" + b"x" * 1000 + b"\r\n"] * 2000 if chunked else [b"x" * 10]
    async with served(shop.app) as url:
        said = await speak(url, head(None if chunked else 2_000_000), *parts)

    assert said.startswith(b"HTTP/1.1 413 ")
    assert PROBLEM.encode() in said
    assert shop.store.requests == 0


async def test_a_body_that_trickles_is_given_up() -> None:
    """408, and the connection is closed."""
    shop = Shop(limits=HttpLimits(body_timeout=0.3))
    async with served(shop.app) as url:
        said = await speak(url, head(1000), *[b"x"] * 10, pause=0.05)

    assert said.startswith(b"HTTP/1.1 408 ")
    assert shop.store.requests == 0


async def test_slow_bodies_keep_nobody_from_work() -> None:
    """However many there are, they take no place from requests that are complete."""
    shop = Shop(limits=HttpLimits(concurrency=1, body_timeout=PATIENCE))
    async with served(shop.app) as url, httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
        slow = [asyncio.ensure_future(speak(url, head(1000), b"x")) for _ in range(50)]
        await asyncio.sleep(0.2)
        response = await post(client, sell())
        alive = await client.get("/health")
        for each in slow:
            each.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    assert (response.status_code, alive.status_code) == (200, 200)


async def test_a_body_that_is_cut_off_does_nothing() -> None:
    """The store is not asked."""
    shop = Shop()
    async with served(shop.app) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(head(1000) + json.dumps(sell()).encode())
        await writer.drain()
        writer.close()
        await asyncio.sleep(0.1)

    assert shop.store.requests == 0
