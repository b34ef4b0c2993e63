"""``GET /processes/{subject}/result``: wait for the end of a process, while the client does."""

from __future__ import annotations

import asyncio
import math

from starlette.responses import Response

from xorca.errors import ProcessNotFound, ResultTimeout
from xorca.handlers.asgi.addresses import subject_in, unknown
from xorca.handlers.asgi.answers import NO_STORE, empty_response, json_response
from xorca.handlers.asgi.gate import Asked
from xorca.handlers.asgi.plain import check_query, said
from xorca.handlers.asgi.problems import HttpProblem
from xorca.handlers.asgi.processes import Processes, shown
from xorca.runtime import Runtime
from xorca.runtime.reading import Description

_GONE = 499
"""What nginx notes of a client that went away; nobody is there to read it."""


class Waiting:
    """Waits for results."""

    __slots__ = ("_longest", "_processes", "_runtime")

    def __init__(self, runtime: Runtime, processes: Processes, longest: float) -> None:
        self._runtime, self._processes, self._longest = runtime, processes, longest

    async def wait(self, asked: Asked) -> Response:
        """Describe the process once it is over; 202 if it is not in time."""
        subject = asked.request.path_params["subject"]
        if subject_in(subject) is None:  # a process whose id is "result"
            asked.request.path_params["subject"] = f"{subject}/result"
            return await self._processes.describe(asked)
        check_query(asked, ("timeout",))
        seconds = min(_seconds_of(said(asked, "timeout"), self._longest), self._longest)
        found = await self._processes.found(asked)  # what is not there is not waited for
        try:
            over = await self._while_there(asked, found.subject, seconds)
        except ProcessNotFound:
            raise unknown() from None
        except (ResultTimeout, TimeoutError):
            about = {"subject": found.subject, "status": "active"}
            return json_response(about, 202, headers=NO_STORE | {"Retry-After": "1"})
        if over is None:
            return empty_response(_GONE)
        return json_response(shown(over), headers=NO_STORE)

    async def _while_there(self, asked: Asked, subject: str, seconds: float) -> Description | None:
        """Wait for a result; None if the client is gone before."""
        waiting = asyncio.ensure_future(self._runtime.result(subject, seconds))
        leaving = asyncio.ensure_future(asked.intake.until_gone())
        try:
            await asyncio.wait((waiting, leaving), return_when=asyncio.FIRST_COMPLETED)
            return waiting.result() if waiting.done() else None
        finally:
            waiting.cancel()
            leaving.cancel()
            await asyncio.wait((waiting, leaving))


def _seconds_of(text: str | None, usual: float) -> float:
    if text is None:
        return usual
    try:
        seconds = float(text) if len(text) <= 20 else math.nan
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        raise HttpProblem(400, "query", "The timeout is to be a number of seconds.")
    return seconds
