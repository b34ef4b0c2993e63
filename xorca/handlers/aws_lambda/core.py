"""One invocation of Lambda, from its payload to its answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from os import urandom
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from xorca.engine.routing import Route
from xorca.errors import ConfigurationError, PortError
from xorca.events import Event
from xorca.handlers.aws_lambda.answering import answer
from xorca.handlers.aws_lambda.deadline import MARGIN, Deadline
from xorca.handlers.aws_lambda.reading import Kind, Trigger, read
from xorca.handlers.aws_lambda.taking import Taker
from xorca.ports import Room, Store
from xorca.providers.opens import Opens
from xorca.runtime import Runtime
from xorca.telemetry.lines import say

if TYPE_CHECKING:
    from xorca.fleet import Fleet
    from xorca.handlers.aws_lambda.http_app import AsgiApp
    from xorca.handlers.aws_lambda.several import SeveralFleets

Unreadable: TypeAlias = Literal["deadletter", "redrive"]

PROBE = "_ready/probe"
"""A key under which nothing is ever stored."""

_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Options:
    """How invocations are taken; :func:`lambda_handler` says what each of them means."""

    margin: float = MARGIN
    unreadable: Unreadable = "deadletter"
    plain_eventbridge: bool = False

    def __post_init__(self) -> None:
        if self.margin < 0:
            raise ConfigurationError(f"margin={self.margin!r} is no time; give seconds, 0 or more")
        if self.unreadable not in ("deadletter", "redrive"):
            raise ConfigurationError(
                f"unreadable={self.unreadable!r} is not known; write 'deadletter' or 'redrive'"
            )


class LambdaCore:
    """What a Lambda function does with an invocation, for those who have a loop of their own.

    ``await core(payload, context)`` gives what the function returns. :func:`lambda_handler`
    and :func:`fleet_handler` put the synchronous entry that Lambda calls before it.

    Args:
        work: What takes the events.
        app: The ASGI application that takes HTTP requests; None: events by POST alone.
        options: How invocations are taken.
    """

    def __init__(
        self,
        work: Runtime | Fleet | SeveralFleets,
        *,
        app: AsgiApp | None = None,
        options: Options | None = None,
    ) -> None:
        self.work, self._app = work, app
        self._options = options or Options()

    async def __call__(self, payload: object, context: object = None) -> object:
        """Take an invocation and give its answer.

        Raises:
            UndeliveredError: the invocation must come again as a whole.
            ConfigurationError: what events lead to could be sent nowhere.
        """
        deadline = Deadline.of(context, self._options.margin)
        trigger = read(payload, plain=self._options.plain_eventbridge)
        if trigger.kind is Kind.SWEEP:
            return await self._sweep(deadline)
        taker = self._taker(context, deadline, trigger.kind)
        if trigger.kind is Kind.HTTP:
            from xorca.handlers.aws_lambda.http_serving import serve

            found = cast("Mapping[str, object]", payload)
            return await serve(found, trigger, taker, app=self._app)
        self._check(trigger)
        return answer(trigger.kind, await taker.take(trigger.parts), emitted=self.work.bus is None)

    async def open(self) -> None:
        """Connect before the first invocation; that something is away is no error yet.

        Raises:
            ConfigurationError: a part is missing or put together wrongly.
        """
        for store in _stores_of(self.work):
            await _tried(partial(store.load, PROBE))
        for room in self._rooms():
            if isinstance(room, Opens):
                await _tried(room.open)

    async def close(self) -> None:
        """Close the rooms, as far as the running loop has opened them."""
        for room in self._rooms():
            if isinstance(room, Room):
                await room.close()

    def _rooms(self) -> list[object]:
        work = self.work
        ports: list[object] = [*_stores_of(work), work.bus]
        return [*ports, work.alarm, work.lease] if isinstance(work, Runtime) else ports

    def _taker(self, context: object, deadline: Deadline, kind: Kind) -> Taker:
        given = getattr(context, "aws_request_id", None)
        return Taker(
            self.work,
            deadline,
            given if isinstance(given, str) else urandom(16).hex(),
            partial(_lane_of, self.work),
            gives_back=kind is Kind.QUEUE and self._options.unreadable == "redrive",
            tells=kind is Kind.HTTP,
        )

    def _check(self, trigger: Trigger) -> None:
        if self.work.bus is None and trigger.kind is not Kind.DIRECT:
            raise ConfigurationError(
                f"this invocation came by {trigger.kind.value}, and there is no bus to send to what"
                " follows from its events: make the handler with bus=..."
            )

    async def _sweep(self, deadline: Deadline) -> object:
        try:
            async with asyncio.timeout_at(deadline.at):
                if isinstance(self.work, Runtime):
                    return asdict(await self.work.sweep())
                return {"forgotten": await self.work.prune()}
        except TimeoutError:  # what it did is done, and the next one does the rest
            say(logging.WARNING, "lambda.deadline", "the sweep was not done in time")
            return {"unfinished": True}


def _stores_of(work: Runtime | Fleet | SeveralFleets) -> list[Store]:
    """Give the stores, each once; fleets may share one."""
    if isinstance(work, Runtime):
        return [work.store]
    from xorca.handlers.aws_lambda.several import SeveralFleets

    fleets = work.fleets if isinstance(work, SeveralFleets) else (work,)
    return list({id(each.store): each.store for each in fleets if each.store is not None}.values())


def _lane_of(work: Runtime | Fleet | SeveralFleets, event: Event) -> object:
    """Give the process that an event is for; what is for none, or for a service, is alone."""
    found = work.registry.route(event) if isinstance(work, Runtime) else None
    return found.key if isinstance(found, Route) else object()


async def _tried(opening: Callable[[], Awaitable[object]]) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await opening()
    except (PortError, TimeoutError) as exc:
        say(logging.WARNING, "lambda.unready", "a room does not answer yet", error=exc)
