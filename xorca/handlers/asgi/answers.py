"""Responses: JSON, problems, and nothing at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from xorca.handlers.asgi.problems import MEDIA_TYPE, HttpProblem, again

_encode = msgspec.json.Encoder().encode
_NO_SNIFF = (b"x-content-type-options", b"nosniff")
_JSON = (_NO_SNIFF, (b"content-type", b"application/json"))
_PROBLEM = (
    _NO_SNIFF,
    (b"content-type", MEDIA_TYPE.encode()),
    (b"cache-control", b"no-store"),  # a cache may keep a 404, and a process may start
)
NO_STORE: Final = {"Cache-Control": "no-store"}
"""Said of what is for this caller alone: caches know no signature of ours."""

_BARE = (204, 304)
"""Statuses of which no length is said, for none of them has a body."""


class Whole(Response):
    """A response that is there as a whole, so that little is left to be done for it.

    ``known`` are headers as they are on the wire, which come before the others.
    """

    def __init__(
        self,
        body: bytes,
        status: int,
        headers: Mapping[str, str],
        *,
        known: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        # Instead of Starlette's own, which takes several times as long to find out the same.
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = list(known)
        for name, value in headers.items():
            self.raw_headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))
        if status not in _BARE:
            self.raw_headers.append((b"content-length", b"%d" % len(body)))


def json_response(
    found: object, status: int = 200, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Give a response of JSON."""
    return Whole(_encode(found), status, headers or {}, known=_JSON)


def problem_response(problem: HttpProblem) -> Response:
    """Give the response for a problem."""
    body = _encode(problem.members())
    return Whole(body, problem.status, problem.headers, known=_PROBLEM)


class _Parting(Whole):
    """The last word to somebody whose request was cancelled, and stays cancelled."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(scope, receive, send)
        raise asyncio.CancelledError


def parting_response() -> Response:
    """Give the response of a server that gives up; else its caller would be told of a fault."""
    problem = again("stopping", "This server stops, and the work was given up; send it again.")
    headers = {**problem.headers, "Connection": "close"}
    return _Parting(_encode(problem.members()), problem.status, headers, known=_PROBLEM)


def empty_response(status: int, *, headers: Mapping[str, str] | None = None) -> Response:
    """Give a response without a body."""
    return Whole(b"", status, headers or {})


async def routing_problem(request: Request, exc: Exception) -> Response:
    """Say that there is no such address, or not for this method."""
    assert isinstance(exc, HTTPException)  # it is registered for these alone
    kind, detail, headers = "not-found", "There is nothing at this address.", exc.headers
    if exc.status_code == 405:
        kind, detail = "method", f"This address does not take {request.method[:20]}."
        headers = {"Allow": ", ".join(_methods_at(request))}
    return problem_response(HttpProblem(exc.status_code, kind, detail, headers=headers))


def _methods_at(request: Request) -> list[str]:
    """Give the methods that an address takes; Starlette names those of one route of it."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    fits = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in fits for method in route.methods or ()})
