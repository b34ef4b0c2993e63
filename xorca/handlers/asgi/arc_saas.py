"""``POST /events/{type}`` as the control plane of ARC SaaS had it, status by status.

Success is 200 ``{"success": true}``; an error of what handles the event is 400 with its
message, and so is a type that nobody hears; anything else is 500. Errors have the shape of a
LoopBack application. What a bus must deliver again is 503 here, which that service lost.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from xorca.handlers.asgi.answers import json_response
from xorca.handlers.asgi.gate import Asked
from xorca.handlers.asgi.problems import HttpProblem
from xorca.handlers.asgi.reports import Done
from xorca.handlers.asgi.typed import TypedEvents

_NAMES: Final = {
    400: "BadRequestError",
    409: "ConflictError",
    413: "PayloadTooLargeError",
    415: "UnsupportedMediaTypeError",
    422: "UnprocessableEntityError",
    429: "TooManyRequestsError",
    500: "InternalServerError",
    503: "ServiceUnavailableError",
}


class ArcSaasEvents:
    """Answers events as that service did."""

    __slots__ = ("_events",)

    def __init__(self, events: TypedEvents) -> None:
        self._events = events

    async def post(self, asked: Asked) -> Response:
        """Take one event of any JSON object."""
        if self._events.hears(asked) is None:
            return _unsupported(asked)
        try:
            if not asked.body.lstrip()[:1] == b"{":
                raise HttpProblem(422, "payload", "The request body is invalid.")
            done = await self._events.take(asked)
        except HttpProblem as problem:
            return _error(problem.status, problem.detail)
        return _answer(asked, done)


def _answer(asked: Asked, done: Done) -> Response:
    outcome = done.outcome
    assert outcome is not None  # it was made as an event
    if outcome.status == "foreign":
        return _unsupported(asked)
    if done.answer.ok:
        return json_response({"success": True})
    if outcome.status != "retry":
        return _error(400, _message(done))
    if outcome.reason == "internal":
        return _error(500, "An unexpected error occurred.")
    return _error(503, done.answer.detail)


def _message(done: Done) -> str:
    """Give what was raised where the event was handled, as that service told it."""
    error = None if done.outcome is None else done.outcome.error
    return (str(error) if error is not None else "") or done.answer.detail


def _unsupported(asked: Asked) -> Response:
    return _error(400, f"Unsupported event type: {asked.request.path_params['type']}")


def _error(status: int, message: str) -> Response:
    headers = {"Retry-After": "1"} if status == 503 else None
    error = {"statusCode": status, "name": _NAMES.get(status, "Error"), "message": message}
    return json_response({"error": error}, status, headers=headers)
