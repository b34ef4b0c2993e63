"""``GET /health`` and ``GET /ready``: is the process alive, and does its store answer?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

from starlette.requests import Request
from starlette.responses import Response

from xorca.handlers.asgi.answers import json_response
from xorca.ports import Store
from xorca.telemetry.lines import say

KEY = "_ready/probe"
"""A key under which nothing is ever stored."""

_PATIENCE = 2.0
_FRESH = 1.0
"""For how long an answer of the store is good, in seconds: anybody may ask for it."""


async def health(request: Request) -> Response:
    """Say that this process is alive."""
    return json_response({"status": "ok"}, headers={"Cache-Control": "no-store"})


class Readiness:
    """Tells whether the store answers; asks it once a second at most, and once at a time."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._asking: asyncio.Task[bool] | None = None
        self._asked = -_FRESH

    def endpoint(self) -> Callable[[Request], Awaitable[Response]]:
        """Give what answers requests."""

        async def ready(request: Request) -> Response:
            answers = await self._answers()
            status, said = (200, "ready") if answers else (503, "the store does not answer")
            headers = {"Cache-Control": "no-store"} | ({} if answers else {"Retry-After": "1"})
            return json_response({"status": said}, status, headers=headers)

        return ready

    async def _answers(self) -> bool:
        if self._store is None:
            return True
        asking = self._asking
        stale = asking is None or (asking.done() and monotonic() - self._asked >= _FRESH)
        if asking is None or stale or asking.get_loop() is not asyncio.get_running_loop():
            self._asked = monotonic()
            asking = self._asking = asyncio.ensure_future(self._ask(self._store))
        return await asyncio.shield(asking)

    async def _ask(self, store: Store) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE):
                await store.load(KEY)
        except Exception as exc:  # whatever a store raises, it does not answer
            say(logging.WARNING, "http.unready", "the store does not answer", error=exc)
            return False
        return True
