"""Responses: JSON, problems, and nothing at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from xorca.handlers.asgi.problems import MEDIA_TYPE, HttpProblem

_encode = msgspec.json.Encoder().encode
_NO_SNIFF = (b"x-content-type-options", b"nosniff")
_JSON = (_NO_SNIFF, (b"content-type", b"application/json"))
_PROBLEM = (_NO_SNIFF, (b"content-type", MEDIA_TYPE.encode()))
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


def empty_response(status: int, *, headers: Mapping[str, str] | None = None) -> Response:
    """Give a response without a body."""
    return Whole(b"", status, headers or {})


async def routing_problem(request: Request, exc: Exception) -> Response:
    """Say that there is no such address, or not for this method."""
    assert isinstance(exc, HTTPException)  # it is registered for these alone
    kind, detail = "not-found", "There is nothing at this address."
    if exc.status_code == 405:
        kind, detail = "method", f"This address does not take {request.method[:20]}."
    problem = HttpProblem(exc.status_code, kind, detail, headers=exc.headers)
    return problem_response(problem)
