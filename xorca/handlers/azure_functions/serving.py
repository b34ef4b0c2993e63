"""The HTTP function: webhooks of Event Grid, and all else to the house's ASGI application."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from xorca.errors import UndeliveredError
from xorca.handlers.azure_functions.asgi_call import (
    Application,
    Message,
    call,
    receive_of,
    scope_of,
)
from xorca.handlers.azure_functions.handshake import Reply, handshake_of, kind_of
from xorca.handlers.azure_functions.objects import RequestBinding
from xorca.handlers.azure_functions.taking import Taker
from xorca.handlers.azure_functions.triggers import Triggers
from xorca.handlers.trigger import Refused


class HttpFunction:
    """Answers the requests of one route.

    Args:
        make: Makes the ASGI application; it is called with the first request that needs it.
        taker: Takes what Event Grid posts.
        triggers: Where the function is, below the prefix of the app, and who may call it.
    """

    def __init__(
        self, make: Callable[[], Application], taker: Taker, *, triggers: Triggers
    ) -> None:
        self._make, self._taker = make, taker
        self._route, self._auth = triggers.http or "", triggers.auth
        self._keyed = triggers.http_level != "anonymous"

    @cached_property
    def _application(self) -> Application:
        return self._make()

    async def answer(self, request: RequestBinding) -> Reply:
        """Answer a request.

        A runtime without a bus hears no webhook: nobody would read what it emits.
        """
        if self._taker.handling.bus is not None:
            reply = await self._webhook(request)
            if reply is not None:
                return reply
        return await call(self._application, self._scope(request), receive_of(request))

    def _scope(self, request: RequestBinding) -> Message:
        return scope_of(request, self._route, keyed=self._keyed)

    async def _webhook(self, request: RequestBinding) -> Reply | None:
        notified = kind_of(request) == "notification" and request.method.upper() == "POST"
        reply = None if notified else handshake_of(request)
        if reply is None and not notified:
            return None
        denied = await self._denied(request)
        if denied is not None or reply is not None:
            return denied or reply
        try:
            refused = await self._taker.take(request)
        except UndeliveredError:
            return Reply(503, headers={"Retry-After": "10"})
        # What was not read at all is kept by Event Grid, among its dead letters, if it is told.
        return Reply(413 if any(map(_is_whole_batch, refused)) else 200)

    async def _denied(self, request: RequestBinding) -> Reply | None:
        """Ask ``auth`` about a request that the application does not see."""
        if self._auth is None:
            return None
        from xorca.handlers.azure_functions.asking import denied

        return await denied(self._auth, self._scope(request), receive_of(request))


def _is_whole_batch(refused: Refused) -> bool:
    return refused.reason == "too-large" and not refused.place
