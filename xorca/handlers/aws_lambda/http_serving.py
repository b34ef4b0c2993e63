"""HTTP requests to a function: through an ASGI application, or events by POST alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from xorca.handlers.asgi.problems import HttpProblem, again
from xorca.handlers.aws_lambda.http_answers import HttpAnswer, events_answer, problem_answer
from xorca.handlers.aws_lambda.http_app import AsgiApp, ask
from xorca.handlers.aws_lambda.reading import Trigger
from xorca.handlers.aws_lambda.requests import HttpRequest, request_of, wants_several_headers
from xorca.handlers.aws_lambda.taking import Taker
from xorca.handlers.trigger import Refused


async def serve(
    payload: Mapping[str, object], trigger: Trigger, taker: Taker, *, app: AsgiApp | None
) -> Mapping[str, object]:
    """Answer a request in the form that it came in."""
    request = request_of(payload)
    if isinstance(request, Refused):
        found = problem_answer(HttpProblem(400, request.reason, f"{request.text}."))
    elif app is None:
        found = await _events(request, trigger, taker)
    else:
        found = await _asked(app, request, taker)
    return found.as_lambda(several=wants_several_headers(payload))


async def _events(request: HttpRequest, trigger: Trigger, taker: Taker) -> HttpAnswer:
    if request.method != "POST":
        detail = "This function takes events by POST."
        return problem_answer(HttpProblem(405, "method", detail, headers={"Allow": "POST"}))
    (taken,) = await taker.take(trigger.parts)
    return events_answer(taken, emitted=taker.work.bus is None)


async def _asked(app: AsgiApp, request: HttpRequest, taker: Taker) -> HttpAnswer:
    late = again("deadline", "It was not done in time; send it again.")
    if taker.deadline.has_passed():
        return problem_answer(late)
    try:
        async with asyncio.timeout_at(taker.deadline.at) as time:
            found = await ask(app, request)
    except TimeoutError:
        return problem_answer(late)
    # An application may answer that it was cancelled, and takes it for a server that stops.
    return problem_answer(late) if time.expired() and found.status >= 500 else found
