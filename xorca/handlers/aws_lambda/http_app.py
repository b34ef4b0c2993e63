"""One request of Lambda through an ASGI application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import quote, unquote

from xorca.handlers.aws_lambda.http_answers import HttpAnswer
from xorca.handlers.aws_lambda.requests import HttpRequest
from xorca.telemetry.lines import say

# Messages of ASGI are open mappings, hence Any.
Message: TypeAlias = MutableMapping[str, Any]
AsgiApp: TypeAlias = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


async def ask(app: AsgiApp, request: HttpRequest) -> HttpAnswer:
    """Give what the application answers; one that raises, what it has said before, or 500."""
    exchange = _Exchange(request)
    try:
        await app(_scope(request), exchange.receive, exchange.send)
    except TimeoutError:  # also that the time of the function is over
        raise
    except Exception as exc:  # frameworks answer, and raise for the server to see
        say(logging.ERROR, "internal", "the application failed at a request", error=exc)
    return HttpAnswer(exchange.status, exchange.headers, bytes(exchange.body))


class _Exchange:
    """The one body that comes, and the one answer that goes."""

    def __init__(self, request: HttpRequest) -> None:
        self._request: HttpRequest | None = request
        self.status, self.body = 500, bytearray()
        self.headers: list[tuple[str, str]] = []

    async def receive(self) -> Message:
        request, self._request = self._request, None
        if request is None:  # the client is there until it has its answer
            await asyncio.get_running_loop().create_future()
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            found = message.get("headers", ())
            self.headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in found]
        else:
            self.body += message.get("body", b"")


def _scope(request: HttpRequest) -> Message:
    headers = [(_bytes(name), _bytes(value)) for name, value in request.headers]
    client = request.header("x-forwarded-for").partition(",")[0].strip()
    path = unquote(_bytes(request.path).decode())
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.header("x-forwarded-proto") or "https",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": _bytes(request.query),
        "root_path": "",
        "headers": headers,
        "client": (client, 0) if client else None,
        "server": (request.header("host") or "lambda", 443),
        "state": {},
    }


def _bytes(text: str) -> bytes:
    """Write text as UTF-8; half a character, which JSON may hold, becomes a question mark."""
    return text.encode(errors="replace")
