"""What one invocation does: read, handle, dead-letter what is no event, and ask for it again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from xorca.engine.letters import beginning_of, loose_letter
from xorca.errors import InvalidEvent, PortError, UndeliveredError
from xorca.events import Event, derived_id
from xorca.handlers.azure_functions.objects import (
    CloudEventBinding,
    EventGridBinding,
    MessageBinding,
    members_of,
)
from xorca.handlers.azure_functions.reading import read_trigger
from xorca.handlers.trigger import Refused, json_of
from xorca.ports import Bus, Clock
from xorca.runtime.intake import raise_retries
from xorca.runtime.outcome import Outcome
from xorca.telemetry.lines import say

LONGEST_PAUSE = 30.0


class Handling(Protocol):
    """What takes events: a Runtime or a Fleet."""

    @property
    def bus(self) -> Bus | None:
        """Where emitted events and dead letters go."""
        ...

    async def handle(self, *events: Event) -> list[Outcome]:
        """Give one outcome an event, in order."""
        ...


@dataclass(frozen=True, slots=True)
class Taker:
    """Takes what triggers bring.

    ``pause`` is how long the first failure of a Service Bus message waits before it is given
    back, in seconds; the wait doubles with each delivery.
    """

    handling: Handling
    clock: Clock
    pause: float = 1.0

    async def take(self, payload: object) -> Sequence[Refused]:
        """Take a payload; give what is no event when the host may acknowledge all of it.

        Raises:
            UndeliveredError: something in it must come again. All else was worked on.
        """
        events, refused = read_trigger(payload)
        outcomes = await self.handling.handle(*events) if events else []
        await self._bury(refused, payload)
        raise_retries(outcomes)
        return refused

    async def take_messages(self, payload: object) -> None:
        """Take messages of Service Bus, which delivers anew at once and only so many times.

        Raises:
            UndeliveredError: as of ``take``, after a pause.
        """
        try:
            await self.take(payload)
        except UndeliveredError:
            await self.clock.sleep(self._pause_for(payload))
            raise

    async def _bury(self, refused: Sequence[Refused], payload: object) -> None:
        """Send a dead letter for each part that is no event.

        Raises:
            UndeliveredError: they could not be sent, and nothing else keeps what they tell of.
        """
        if not refused:
            return
        for each in refused:
            message = f"{each.place or 'the payload'} is no event: {each.text}"
            fields = {"reason": each.reason, "message_id": each.message_id}
            say(logging.WARNING, "trigger.refused", message, fields)
        bus = self.handling.bus
        if bus is None:
            raise UndeliveredError(
                f"{len(refused)} part(s) of the payload are no events, and there is no bus to"
                " dead-letter them to: make the blueprint with bus=..."
            )
        try:
            await bus.publish([_letter(each, payload) for each in refused])
        except PortError as exc:
            raise UndeliveredError(
                f"{len(refused)} part(s) of the payload are no events, and their dead letters"
                f" could not be sent: {exc}"
            ) from exc

    def _pause_for(self, payload: object) -> float:
        counts = [getattr(each, "delivery_count", None) for each in _each(payload)]
        most = max((count for count in counts if isinstance(count, int)), default=1)
        return min(self.pause * 2.0 ** min(max(most - 1, 0), 16), LONGEST_PAUSE)


def _letter(refused: Refused, payload: object) -> Event:
    """Make the dead letter of a part; a redelivery tells of it under the same id."""
    what = refused.message_id or derived_id("payload", beginning_of(_body_of(payload)).hex())
    body = f"{what} {refused.place}".encode("utf-8", "replace")
    cause = f"{refused.place}: {refused.text}" if refused.place else refused.text
    return loose_letter(None, body=body, reason=refused.reason, cause=cause)


def _body_of(payload: object) -> bytes:
    if isinstance(payload, (CloudEventBinding, EventGridBinding)):
        payload = members_of(payload)
    elif isinstance(payload, MessageBinding):
        return payload.get_body()
    elif isinstance(payload, list):
        return b"\n".join(map(_body_of, cast("list[object]", payload)))
    try:
        return json_of(payload)
    except InvalidEvent:
        return beginning_of(payload)  # as Python shows it, which is the same the next time


def _each(payload: object) -> list[object]:
    return cast("list[object]", payload) if isinstance(payload, list) else [payload]
