"""The body of a request, read once, and never more of it or for longer than is allowed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from xorca.handlers.asgi.begun import Begun
from xorca.handlers.asgi.problems import HttpProblem

if TYPE_CHECKING:
    from starlette.types import Message, Receive

_CLOSE = {"Connection": "close"}


class Intake:
    """Reads the body of one request.

    Args:
        receive: As the server gave it.
        declared: The Content-Length, empty if the request has none.
        most: The largest body, in bytes.
        within: How long it may take, in seconds.
    """

    __slots__ = ("_body", "_declared", "_given", "_most", "_receive", "_within")

    def __init__(self, receive: Receive, *, declared: str, most: int, within: float) -> None:
        self._receive, self._declared = receive, declared
        self._most, self._within = most, within
        self._body: bytes | None = None
        self._given = False

    async def body(self) -> bytes:
        """Give the whole body.

        Raises:
            HttpProblem: 413 it is too large, 408 it comes too slowly, 400 it was cut off.
        """
        if self._body is None:
            self._check_declared()
            reading = Begun(self._read())
            self._body = reading.result if reading.done else await self._in_time(reading)
        return self._body

    async def receive(self) -> Message:
        """Give the body in one message, then what the server says: as an ASGI app asks."""
        if self._given:
            return await self._receive()
        body, self._given = await self.body(), True
        return {"type": "http.request", "body": body, "more_body": False}

    async def until_gone(self) -> None:
        """Wait until the client is gone; the body must have been read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _in_time(self, reading: Begun[bytes]) -> bytes:
        try:
            async with asyncio.timeout(self._within):
                return await reading
        except TimeoutError:
            raise HttpProblem(
                408,
                "slow-body",
                f"The body did not arrive within {self._within:g} s.",
                headers=_CLOSE,
            ) from None

    def _check_declared(self) -> None:
        declared = self._declared
        if declared.isdecimal() and self._is_over(int(declared[:20])):
            raise self._too_large()

    async def _read(self) -> bytes:
        found = bytearray()
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise HttpProblem(400, "cut-off", "The body was cut off.", headers=_CLOSE)
            found += message.get("body", b"")
            if self._is_over(len(found)):
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(found)

    def _is_over(self, size: int) -> bool:
        return size > self._most

    def _too_large(self) -> HttpProblem:
        return HttpProblem(
            413,
            "too-large",
            f"The body is larger than the {self._most} bytes that are taken here; store the data"
            " elsewhere and send a reference to it.",
            headers=_CLOSE,
        )
