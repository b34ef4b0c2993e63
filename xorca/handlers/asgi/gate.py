"""What every request passes: who is it, how often, how large; and only then what it wants."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from xorca.errors import PortError, RecordError
from xorca.handlers.asgi.answers import parting_response, problem_response
from xorca.handlers.asgi.buckets import buckets_of
from xorca.handlers.asgi.heads import Heads
from xorca.handlers.asgi.intake import Intake
from xorca.handlers.asgi.limits import HttpLimits
from xorca.handlers.asgi.principals import Auth, Principal
from xorca.handlers.asgi.problems import HttpProblem, again, unauthorized
from xorca.handlers.asgi.writing import BATCH
from xorca.telemetry.lines import say


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was let in, with its body and who sent it."""

    request: Request
    heads: Heads
    intake: Intake
    body: bytes
    principal: Principal | None

    @property
    def source(self) -> str:
        """The source of events that are made for this caller."""
        who = "" if self.principal is None else f"/{quote(self.principal.name[:200], safe='')}"
        return f"/http/client{who}"


Work = Callable[[Asked], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Room:
    """So many at once, and no queue: who finds no place is told at once."""

    __slots__ = ("_kind", "_most", "_taken")

    def __init__(self, most: int, kind: str) -> None:
        self._most, self._kind, self._taken = most, kind, 0

    def __enter__(self) -> None:
        if self._taken >= self._most:
            raise again(self._kind, "Too many requests are worked on already; send it again.")
        self._taken += 1

    def __exit__(self, *exc: object) -> None:
        self._taken -= 1


class Gate:
    """Guards the work behind it: authenticate, then limit, then read, then work."""

    def __init__(self, limits: HttpLimits, auth: Auth | None) -> None:
        self.limits, self._auth = limits, auth
        self.busy, self.waiting = Room(limits.concurrency, "busy"), Room(limits.waiters, "busy")
        burst, most = limits.burst, limits.callers
        self._rate = buckets_of(limits.rate, who="caller", burst=burst, most=most)
        self._sources = buckets_of(limits.source_rate, who="source", burst=burst, most=most)

    def guard(self, work: Work, *, room: Room | None = None, public: bool = False) -> Endpoint:
        """Give an endpoint that lets through to ``work`` what may pass.

        ``public`` work is not authenticated: it has a credential of its own.
        """
        place = room or self.busy

        async def endpoint(request: Request) -> Response:
            try:
                return await self._pass(request, work, place, public=public)
            except Exception as error:
                return _answer_to(error)
            except asyncio.CancelledError:  # of a server that stops, and waited long enough
                return parting_response()

        return endpoint

    def check_sources(self, sources: list[str]) -> None:
        """Count events against the rates of their sources.

        Raises:
            HttpProblem: 429.
        """
        if self._sources is None:
            return
        for source, count in Counter(sources).items():
            self._sources.check(source, count)

    async def _pass(self, request: Request, work: Work, room: Room, *, public: bool) -> Response:
        heads, limits = Heads(request.scope["headers"]), self.limits
        if not public:
            _check_origin(heads)
        intake = Intake(
            request.receive,
            declared=heads.get(b"content-length"),
            most=limits.batch_body if heads.media_type() == BATCH else limits.body,
            within=limits.body_timeout,
        )
        principal = None
        if not (public or self._auth is None):
            principal = await _authenticated(self._auth, request, intake)
        if self._rate is not None:
            self._rate.check(_caller(request, principal))
        body = await intake.body()
        with room:
            return await work(Asked(request, heads, intake, body, principal))


async def _authenticated(auth: Auth, request: Request, intake: Intake) -> Principal:
    principal = await auth(Request(request.scope, intake.receive))
    if principal is None:
        raise unauthorized("Nobody here knows who sends this request.")
    return principal


def _answer_to(error: Exception) -> Response:
    """Give the response to what was raised instead of one."""
    if isinstance(error, HttpProblem):
        return problem_response(error)
    if isinstance(error, PortError):
        say(logging.WARNING, "http.again", "a request must be sent again", error=error)
        return problem_response(again("unavailable", "The store or the bus is away; try again."))
    if isinstance(error, RecordError):
        say(logging.ERROR, "http.record", "a request met what cannot be read", error=error)
        return problem_response(
            HttpProblem(500, "record", "What is stored of this process cannot be read.")
        )
    say(logging.ERROR, "http.internal", "a request failed", error=error)
    return problem_response(HttpProblem(500, "internal", "Something here is broken."))


def _check_origin(heads: Heads) -> None:
    """Refuse what the page of another site sends by the browser of somebody who may call."""
    if not heads.has(b"origin"):
        return
    origin = heads.get(b"origin")[:1000].lower()
    with suppress(ValueError):  # it is no address at all
        if urlsplit(origin).netloc == heads.get(b"host").lower():
            return
    raise HttpProblem(403, "cross-origin", "The pages of other sites may not call this.")


def _caller(request: Request, principal: Principal | None) -> str:
    if principal is not None:
        return f"principal {principal.name}"
    return f"client {request.client.host if request.client is not None else ''}"
