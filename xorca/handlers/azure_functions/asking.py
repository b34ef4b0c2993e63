"""Whether somebody may call, asked as the ASGI application asks it."""

from __future__ import annotations

from starlette.requests import Request

from xorca.handlers.asgi.answers import problem_response
from xorca.handlers.asgi.principals import Auth
from xorca.handlers.asgi.problems import HttpProblem, unauthorized
from xorca.handlers.azure_functions.asgi_call import Message, Receive
from xorca.handlers.azure_functions.handshake import Reply


async def denied(auth: Auth, scope: Message, receive: Receive) -> Reply | None:
    """Give the answer to a stranger; None to somebody who may call."""
    try:
        if await auth(Request(scope, receive)) is not None:
            return None
        problem = unauthorized("Nobody here knows who sends this request.")
    except HttpProblem as raised:
        problem = raised
    response = problem_response(problem)
    return Reply(response.status_code, bytes(response.body), dict(response.headers))
