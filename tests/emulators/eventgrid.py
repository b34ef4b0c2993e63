"""A server on 127.0.0.1 that takes events as Event Grid does: schema, sizes, who asks.

It checks what the service documents, answers errors on order, and keeps what it took.
It is no Event Grid: nothing is delivered anywhere, and limits of rate are only on order.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

import msgspec

from tests.emulators.wire import Message, read_request
from xorca.events import Event, read_event

KEY = b64encode(b"a key of thirty-two bytes, or so").decode()
TOKEN = "a token of the tenant"
MOST_BYTES = 1_048_576
REQUIRED = ("id", "source", "specversion", "type")
BATCH = "application/cloudevents-batch+json"


@dataclass
class Order:
    """An answer that is given instead of a judgement; ``take`` keeps the events all the same."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b'{"error":{"code":"Ordered","message":"as ordered"}}'
    take: bool = False
    reset: bool = False


class EventGrid:
    """One topic in the CloudEvents schema at ``url``, and every topic of a namespace."""

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self.url = ""
        self.taken: list[Event] = []
        self.bodies: list[bytes] = []
        self.refused: list[str] = []
        self.orders: deque[Order] = deque()
        self.always: Order | None = None
        self._most = most_bytes
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def endpoint(self) -> str:
        """Where the topic takes events."""
        return f"{self.url}/api/events"

    def sas(self, expires: datetime, *, key: str = KEY) -> str:
        """Give a SAS token for the topic, as the service documents it."""
        resource = quote(self.endpoint, safe="")
        unsigned = f"r={resource}&e={quote(f'{expires:%m/%d/%Y %I:%M:%S %p}', safe='')}"
        return f"{unsigned}&s={quote(_signed(key, unsigned), safe='')}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
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

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (message := await read_request(reader, writer)) is not None:
                order = self._answer(message)
                if order.reset:
                    writer.transport.abort()
                    return
                lines = {"content-length": str(len(order.body)), **order.headers}
                head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
                writer.write(f"HTTP/1.1 {order.status} So\r\n{head}\r\n".encode() + order.body)
                await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _answer(self, message: Message) -> Order:
        self.bodies.append(message.body)
        order = self.orders.popleft() if self.orders else self.always
        if order is not None:
            if order.take:
                self._take(message.body)
            return order
        fault = self._fault(message)
        if fault is not None:
            self.refused.append(fault[1])
            error = {"error": {"code": fault[1], "message": "see the code"}}
            return Order(fault[0], body=json.dumps(error).encode())
        self._take(message.body)
        return Order(200, body=b"")

    def _take(self, body: bytes) -> None:
        members = msgspec.json.decode(body, type=list[msgspec.Raw])
        self.taken += [read_event(bytes(member)) for member in members]

    def _fault(self, message: Message) -> tuple[int, str] | None:
        method, target, _ = message.first.split(" ", 2)
        parts = urlsplit(target)
        version = parse_qs(parts.query).get("api-version")
        named = parts.path.startswith("/topics/") and parts.path.endswith(":publish")
        if method != "POST" or not (named or parts.path == "/api/events"):
            return 404, "NotFound"
        if version != ["2024-06-01" if named else "2018-01-01"]:
            return 400, "UnsupportedApiVersion"
        if not self._knows(message.headers, named=named):
            return 401, "Unauthorized"
        if message.headers.get("content-type", "").partition(";")[0] != BATCH:
            return 415, "UnsupportedMediaType"
        if len(message.body) > self._most:
            return 413, "PayloadTooLarge"
        return _schema_fault(message.body)

    def _knows(self, headers: Any, *, named: bool) -> bool:
        given = headers.get("authorization", "")
        if given.startswith("Bearer "):
            return given == f"Bearer {TOKEN}"
        if named:
            return given == f"SharedAccessKey {KEY}"
        if "aeg-sas-token" in headers:
            return self._is_signed(headers["aeg-sas-token"])
        return headers.get("aeg-sas-key") == KEY

    def _is_signed(self, token: str) -> bool:
        unsigned, _, signature = token.partition("&s=")
        found = parse_qs(unsigned)
        if found.get("r") != [self.endpoint]:
            return False
        expires = datetime.strptime(found["e"][0], "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC)
        return expires > datetime.now(UTC) and unquote(signature) == _signed(KEY, unsigned)


def _signed(key: str, text: str) -> str:
    return b64encode(hmac.new(b64decode(key), text.encode(), hashlib.sha256).digest()).decode()


def _schema_fault(body: bytes) -> tuple[int, str] | None:
    try:
        members = json.loads(body)
    except ValueError:
        return 400, "InvalidJson"
    if not isinstance(members, list) or not members:
        return 400, "NotABatch"
    for member in members:
        if not all(isinstance(member.get(name), str) and member[name] for name in REQUIRED):
            return 400, "MissingAttribute"
        if member["specversion"] != "1.0":
            return 400, "UnsupportedSpecVersion"
        if any(
            not (name.isascii() and name.isalnum() and name.islower())
            for name in member
            if name != "data_base64"
        ):
            return 400, "InvalidExtensionName"
    return None
