"""What a local worker does with the deliveries of an orchestrator, or of a fleet."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random

from xorca.engine.routing import Route
from xorca.errors import PortError
from xorca.events import Event
from xorca.fleet import Fleet
from xorca.handlers.local_puller import pause_after
from xorca.providers.channel import Channel, Delivery
from xorca.runtime import Outcome, Runtime
from xorca.telemetry.lines import say

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Settler:
    """Acknowledge what is done, give back what is not, and tell who listens."""

    channel: Channel
    random: Random
    tell: Callable[[Outcome], None]

    async def settle(self, deliveries: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
        """Settle each delivery as its outcome says.

        One that came while it was worked on already is left to whoever works on it.
        """
        pairs = [
            (delivery, outcome)
            for delivery, outcome in zip(deliveries, outcomes, strict=True)
            if outcome.reason != "in-flight"
        ]
        await self.ack([delivery for delivery, outcome in pairs if outcome.ok])
        for delivery, outcome in pairs:
            if not outcome.ok:
                await self.give_back(delivery, _cause_of(outcome))
        for outcome in outcomes:
            self.tell(outcome)

    async def ack(self, deliveries: Sequence[Delivery]) -> None:
        """Say that deliveries are done."""
        if deliveries:
            await self.insist(lambda: self.channel.ack(deliveries))

    async def give_back(self, delivery: Delivery, cause: str) -> None:
        """Have a delivery come again, the later the more often it came."""
        delay, event = pause_after(delivery.attempts, self.random), delivery.event
        message = f"{event.subject}: {event.type} comes again in {delay:.2f} s"
        fields = {
            "subject": event.subject,
            "event_type": event.type,
            "event_id": event.id,
            "deliveries": delivery.attempts,
        }
        say(logging.INFO, "delivery.returned", message, fields)
        await self.channel.nack([delivery], delay=delay, cause=cause)

    async def insist(self, attempt: Callable[[], Awaitable[None]]) -> None:
        """Do something to the channel that is safe to do twice, in spite of a few failures.

        Raises:
            PortError: it failed every time.
        """
        for number in range(1, _TRIES):
            try:
                return await attempt()
            except PortError as exc:
                say(logging.WARNING, "channel.again", "trying again", error=exc)
                await asyncio.sleep(pause_after(number, self.random))
        return await attempt()


@dataclass(frozen=True, slots=True)
class OrchestratorWork:
    """Apply events to the processes of one name, a batch at once."""

    name: str
    runtime: Runtime
    settler: Settler

    async def __call__(self, deliveries: list[Delivery]) -> None:
        """Work on a batch and settle it."""
        ours = [delivery for delivery in deliveries if self._is_ours(delivery.event)]
        if len(ours) < len(deliveries):
            done = {id(delivery) for delivery in ours}
            await self.settler.ack([each for each in deliveries if id(each) not in done])
        if ours:
            outcomes = await self.runtime.handle(*[delivery.event for delivery in ours])
            await self.settler.settle(ours, outcomes)

    def _is_ours(self, event: Event) -> bool:
        """Whether the event is for this name; each name of the runtime has its own group."""
        route = self.runtime.registry.route(event)
        if isinstance(route, Route):
            return route.name == self.name
        return route.status != "foreign" and route.name in ("", self.name)


@dataclass(frozen=True, slots=True)
class FleetWork:
    """Serve the commands of one fleet, each on its own."""

    fleet: Fleet
    settler: Settler

    async def __call__(self, deliveries: list[Delivery]) -> None:
        """Serve a command, publish its answer and settle it."""
        try:
            outcomes = await self.fleet.handle(*[each.event for each in deliveries], publish=False)
        except asyncio.CancelledError:
            for delivery in deliveries:  # somebody else may begin at once
                await self.settler.channel.nack([delivery], cause="its worker was stopped")
            raise
        await self.settler.settle(deliveries, [await self._publish(each) for each in outcomes])

    async def _publish(self, outcome: Outcome) -> Outcome:
        event = outcome.raw
        if outcome.status == "foreign" and event is not None:
            # An older or newer worker of this name asked for it, and serves it.
            cause = LookupError(f"no worker of {self.fleet.name!r} here serves {event.type!r}")
            return Outcome(event, "retry", "not-served", subject=event.subject, error=cause)
        if not outcome.sent:
            return outcome
        try:
            await self.settler.insist(lambda: self.settler.channel.publish(outcome.sent))
        except PortError as exc:
            return Outcome(event, "retry", "publish", subject=outcome.subject, error=exc)
        return outcome


def _cause_of(outcome: Outcome) -> str:
    return f"{outcome.reason}: {outcome.error}" if outcome.error is not None else outcome.reason
