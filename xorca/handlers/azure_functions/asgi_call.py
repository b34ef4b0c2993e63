"""One request of Azure Functions to an ASGI application, and its response back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from typing import Any, Final, TypeAlias
from urllib.parse import unquote, urlsplit

from xorca.handlers.azure_functions.handshake import Reply
from xorca.handlers.azure_functions.objects import RequestBinding

# As the ASGI specification has them: what is in them depends on the message.
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

_KEYS: Final = ("code", "clientid")


async def call(application: Application, scope: Message, receive: Receive) -> Reply:
    """Let an application answer a request."""
    answer = _Answer()
    await application(scope, receive, answer.send)
    return Reply(answer.status, bytes(answer.body), answer.headers)


def scope_of(request: RequestBinding, route: str, *, keyed: bool = False) -> Message:
    """Give the ASGI scope of a request; all up to the end of ``route`` is the root path.

    Where the host asks for a key, that key is taken out of the query: it was for the host.
    """
    url = urlsplit(request.url)
    root = _root_of(url.path, route, request.route_params.get("rest", ""))
    below = url.path[len(root) :] or "/"
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method.upper(),
        "scheme": url.scheme or "https",
        "path": unquote(root + below),
        "raw_path": url.path.encode("ascii", "ignore"),  # signatures are of what was sent
        "query_string": (_without_key(url.query) if keyed else url.query).encode("ascii", "ignore"),
        "root_path": unquote(root),
        "headers": list(_headers(request.headers.items())),
        "client": _client(request.headers.get("x-forwarded-for", "")),
        "server": (url.hostname or "localhost", url.port or 443),
    }


def receive_of(request: RequestBinding) -> Receive:
    """Give what hands the body over, and then waits: nobody tells when a client goes away."""
    body: list[bytes] = [request.get_body() or b""]

    async def receive() -> Message:
        if body:
            return {"type": "http.request", "body": body.pop(), "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError("it waits until it is cancelled")

    return receive


class _Answer:
    def __init__(self) -> None:
        self.status, self.body = 500, bytearray()
        self.headers: dict[str, str] = {}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            for name, value in message.get("headers", ()):
                self.headers[name.decode("latin-1")] = value.decode("latin-1")
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


def _root_of(path: str, route: str, rest: str) -> str:
    """Find where the route ends: what the app calls itself before it is set in host.json."""
    for end in _ends(path, route):
        if unquote(path[end:]).strip("/") == rest.strip("/"):
            return path[:end]
    return path[: next(_ends(path, route), 0)]


def _without_key(query: str) -> str:
    parts = query.split("&")
    return "&".join(part for part in parts if part.partition("=")[0].lower() not in _KEYS)


def _ends(path: str, route: str) -> Iterator[int]:
    wanted, lower = f"/{route}".lower(), path.lower()
    at = lower.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        if lower[end : end + 1] in ("", "/"):
            yield end
        at = lower.find(wanted, at + 1)


def _headers(given: Iterable[tuple[str, str]]) -> Iterator[tuple[bytes, bytes]]:
    for name, value in given:
        yield name.lower().encode("latin-1", "replace"), value.encode()


def _client(forwarded: str) -> tuple[str, int] | None:
    """Give whom the front end saw: it appends to what a client may have made up."""
    last = forwarded.rpartition(",")[2].strip()
    if not last:
        return None
    host, colon, port = last.rpartition(":")
    has_port = colon and port.isdecimal() and (":" not in host or host.startswith("["))
    return (host, int(port)) if has_port else (last, 0)
