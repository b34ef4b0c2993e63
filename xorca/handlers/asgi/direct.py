"""A Starlette application that takes its events on a shorter way than everything else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


class Application(Starlette):
    """Answers events before routes are compared and exceptions are caught, twice each.

    The endpoints of events let no exception out, and so need nobody who catches it. As soon
    as there is anything that must see a request first (a middleware, a route before ours, a
    mount), events go the way of all requests.

    Args:
        routes: All of them, those of events included.
        direct: What takes a POST to these paths.
        typed: The beginning of the paths that end in the type of an event, and what takes a
            POST to one of them.
        options: As of Starlette.
    """

    def __init__(
        self,
        routes: Sequence[BaseRoute],
        *,
        direct: Mapping[str, Endpoint],
        typed: tuple[str, Endpoint],
        **options: Any,  # Starlette's own
    ) -> None:
        super().__init__(routes=routes, **options)
        self._first = self.router.routes[0]
        self._direct = dict(direct)
        self._beginning, self._typed = typed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or whatever else a server asks."""
        endpoint = self._endpoint(scope)
        if endpoint is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    def _endpoint(self, scope: Scope) -> Endpoint | None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope.get("root_path"):
            return None
        if self.user_middleware or self.router.routes[0] is not self._first:
            return None
        path: str = scope["path"]
        direct = self._direct.get(path)
        if direct is not None:
            scope["path_params"] = {}
            return direct
        beginning, _, name = path.rpartition("/")
        if not name or beginning != self._beginning:
            return None
        scope["path_params"] = {"type": name}
        return self._typed
