"""Responses: JSON, problems, and nothing at all."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from xorca.handlers.asgi.problems import MEDIA_TYPE, HttpProblem

_encode = msgspec.json.Encoder().encode
_NO_SNIFF = {"X-Content-Type-Options": "nosniff"}


def json_response(
    found: object, status: int = 200, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Give a response of JSON."""
    return _response(_encode(found), status, "application/json", headers)


def problem_response(problem: HttpProblem) -> Response:
    """Give the response for a problem."""
    body = _encode(problem.members())
    return _response(body, problem.status, MEDIA_TYPE, problem.headers)


def empty_response(status: int, *, headers: Mapping[str, str] | None = None) -> Response:
    """Give a response without a body."""
    return Response(status_code=status, headers=dict(headers or {}))


async def routing_problem(request: Request, exc: Exception) -> Response:
    """Say that there is no such address, or not for this method."""
    assert isinstance(exc, HTTPException)  # it is registered for these alone
    kind, detail = "not-found", "There is nothing at this address."
    if exc.status_code == 405:
        kind, detail = "method", f"This address does not take {request.method[:20]}."
    problem = HttpProblem(exc.status_code, kind, detail, headers=exc.headers)
    return problem_response(problem)


def _response(
    body: bytes, status: int, media_type: str, headers: Mapping[str, str] | None
) -> Response:
    said = {**_NO_SNIFF, **(headers or {})}
    return Response(body, status, headers=said, media_type=media_type)
