"""A proxy on 127.0.0.1 that counts requests and adds the faults that emulators never have.

    async with FaultProxy(upstream_url) as proxy:
        proxy.plan(Fault.lost_answer(), only=lambda request: request.method == "PUT")
        ...  # talk to proxy.url
        assert len(proxy.requests) == 2

Requests are forwarded byte for byte, each on a connection of its own.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import NoReturn, Self
from urllib.parse import urlsplit

from tests.emulators.wire import Message, read_answer, read_request


@dataclass(frozen=True, slots=True)
class Request:
    """What came; names of headers in lower case, ``path`` with its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """The operation of a JSON service such as ``PutItem``, else the method."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2] or self.method


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one request instead of being forwarded and answered.

    ``status`` 0 leaves the answer as it is. ``end`` is where the connection is reset:
    ``"before"`` forwarding, ``"after"`` it, or ``"half"`` way through the body of the answer.
    """

    status: int = 0
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    forward: bool = True
    delay: float = 0.0
    end: str = ""

    @classmethod
    def answer(
        cls, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Self:
        """Give this answer, and let nobody upstream know."""
        return cls(status, body, headers or {}, forward=False)

    @classmethod
    def answer_after(cls, status: int, body: bytes = b"") -> Self:
        """Forward the request, and give this answer in place of the true one."""
        return cls(status, body)

    @classmethod
    def slow(cls, seconds: float) -> Self:
        """Forward after so many seconds."""
        return cls(delay=seconds)

    @classmethod
    def lost_request(cls) -> Self:
        """Reset the connection and forward nothing."""
        return cls(forward=False, end="before")

    @classmethod
    def lost_answer(cls) -> Self:
        """Forward the request, then reset the connection."""
        return cls(end="after")

    @classmethod
    def half_answer(cls) -> Self:
        """Forward the request, and reset the connection half way through its answer."""
        return cls(end="half")


Only = Callable[[Request], bool]
IN_A_ROW = 2
"""So often at most does a seed strike one request: a patient client always gets through.

Else a test would fail once in a while, whatever it tests, by nothing but bad luck.
"""


class FaultProxy:
    """Forward to ``upstream``; faults come as planned, else from a seed at a rate."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._path = parts.path
        self.url = ""
        self.requests: list[Request] = []
        self.faults: list[Fault] = []  # those that were given, in their order
        self._planned: list[tuple[Only, Fault]] = []
        self._random, self._rate = Random(0), 0.0
        self._kinds: tuple[Fault, ...] = ()
        self._only: Only = lambda _: True
        self._struck: Counter[tuple[str, str, bytes]] = Counter()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def plan(self, *faults: Fault, only: Only = lambda _: True) -> None:
        """Let the next requests that fit meet these faults, one each."""
        self._planned += [(only, fault) for fault in faults]

    def seed(self, seed: int, rate: float, *kinds: Fault, only: Only = lambda _: True) -> None:
        """Let this share of the requests that fit meet one of these faults; 0 for none.

        Below 1, none meets more than two in a row, however often it is repeated.
        """
        self._random, self._rate, self._kinds, self._only = Random(seed), rate, kinds, only

    def count(self, operation: str = "") -> int:
        """Give how many requests came, of one operation or of all."""
        return sum(operation in ("", request.operation) for request in self.requests)

    def forget(self) -> None:
        """Count from zero again."""
        self.requests.clear()
        self.faults.clear()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}{self._path}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- one connection ---------------------------------------------------------------

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Kept by hand, so that a connection that is still open ends with the proxy.
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (message := await read_request(reader, writer)) is not None:
                await self._exchange(message, writer)
        except (OSError, EOFError):
            _reset(writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _exchange(self, message: Message, writer: asyncio.StreamWriter) -> None:
        method, path, _ = message.first.split(" ", 2)
        request = Request(method, path, message.headers, message.body)
        self.requests.append(request)
        fault = self._choose(request)
        await asyncio.sleep(fault.delay)
        if fault.end == "before":
            _lose()
        if fault.forward:
            answer = await self._ask(message)
            if fault.end == "after":
                _lose()
            if not fault.status:
                await _give(writer, answer, half=fault.end == "half")
                return
        await _give(writer, _made(fault, method))

    def _choose(self, request: Request) -> Fault:
        fault = self._next_planned(request)
        if fault is None and self._strikes(request):
            fault = self._random.choice(self._kinds)
        if fault is None:
            return Fault()
        self.faults.append(fault)
        return fault

    def _strikes(self, request: Request) -> bool:
        if not self._rate or not self._only(request):
            return False
        same = (request.method, request.path, request.body)
        strikes = self._random.random() < self._rate
        if self._rate < 1.0 and self._struck[same] >= IN_A_ROW:
            strikes = False
        self._struck[same] = self._struck[same] + 1 if strikes else 0
        return strikes

    def _next_planned(self, request: Request) -> Fault | None:
        for place, (only, fault) in enumerate(self._planned):
            if only(request):
                del self._planned[place]
                return fault
        return None

    async def _ask(self, message: Message) -> Message:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(message.raw)
            await writer.drain()
            return await read_answer(reader, method=message.first.partition(" ")[0])
        finally:
            writer.close()


async def _give(writer: asyncio.StreamWriter, answer: Message, *, half: bool = False) -> None:
    if half:
        head = len(answer.raw) - len(answer.body)
        writer.write(answer.raw[: head + len(answer.body) // 2])
        await writer.drain()
        await asyncio.sleep(0.01)  # what was written leaves before the reset
        _lose()
    writer.write(answer.raw)
    await writer.drain()


def _made(fault: Fault, method: str) -> Message:
    headers = {"content-length": str(len(fault.body)), **fault.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    body = b"" if method == "HEAD" else fault.body
    first = f"HTTP/1.1 {fault.status} Fault"
    return Message(first, headers, body, f"{first}\r\n{lines}\r\n".encode() + body)


def _lose() -> NoReturn:
    raise ConnectionResetError("a fault that was asked for")


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST, as a peer that died."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
