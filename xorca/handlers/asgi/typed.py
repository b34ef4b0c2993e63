"""``POST /events/{type}``: one event of a type, its data the plain JSON body."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from xorca.handlers.asgi.answers import json_response
from xorca.handlers.asgi.gate import Asked
from xorca.handlers.asgi.plain import check_query, event_id, json_body, made_event, said
from xorca.handlers.asgi.problems import not_found
from xorca.handlers.asgi.receiving import Receiver
from xorca.handlers.asgi.reports import Done, report_of

QUERY = ("causationid", "id", "source", "subject")
Hears = Callable[[str], bool]


class TypedEvents:
    """Makes events of plain JSON."""

    __slots__ = ("_hears", "receiver")

    def __init__(self, hears: Hears, receiver: Receiver) -> None:
        self._hears, self.receiver = hears, receiver

    async def post(self, asked: Asked) -> Response:
        """Take one event and say what became of it."""
        done = await self.take(asked)
        if not done.answer.ok:
            raise self.receiver.problem(done)
        (line,) = report_of([done], emitted=self.receiver.replies)
        return json_response(line, done.answer.status)

    def hears(self, asked: Asked) -> str | None:
        """Give the type of the request, if anybody here hears it."""
        name = str(asked.request.path_params["type"])
        return name if self._hears(name) else None

    async def take(self, asked: Asked) -> Done:
        """Make the event of a request and apply it.

        Raises:
            HttpProblem: it cannot be made; nothing was read from the store.
        """
        check_query(asked, QUERY)
        name = self.hears(asked)
        if name is None:
            raise not_found("Nobody here hears events of this type.")
        cause = said(asked, "causationid", b"ce-causationid")
        event = made_event(
            asked,
            json_body(asked),
            id=event_id(asked, b"ce-id"),
            source=said(asked, "source", b"ce-source") or asked.source,
            type=name,
            subject=said(asked, "subject", b"ce-subject"),
            causationid=cause,
        )
        return await self.receiver.take(event)
