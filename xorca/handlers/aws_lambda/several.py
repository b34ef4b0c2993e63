"""Several fleets behind one function."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from xorca.events import Event
from xorca.fleet import Fleet
from xorca.ports import Bus
from xorca.runtime.outcome import Outcome


class SeveralFleets:
    """Offers every event to every fleet; what none of them serves is foreign."""

    def __init__(self, fleets: Sequence[Fleet], bus: Bus | None) -> None:
        self.fleets, self.bus = tuple(fleets), bus

    async def handle(self, *events: Event) -> list[Outcome]:
        """Give one outcome an event, in order."""
        found = await asyncio.gather(*(fleet.handle(*events) for fleet in self.fleets))
        return [_of_all(outcomes) for outcomes in zip(*found, strict=True)]

    async def prune(self) -> int:
        """Forget what was remembered long enough, in every fleet that remembers."""
        return sum([await fleet.prune() for fleet in self.fleets if fleet.store is not None])


def _of_all(outcomes: Sequence[Outcome]) -> Outcome:
    """Give the outcome of an event that was offered to several."""
    taken = [outcome for outcome in outcomes if outcome.status != "foreign"]
    if len(taken) < 2:
        return taken[0] if taken else outcomes[0]
    first = next((outcome for outcome in taken if not outcome.ok), taken[0])
    sent = tuple(event for outcome in taken for event in outcome.sent)
    return Outcome(
        first.raw, first.status, first.reason, subject=first.subject, sent=sent, error=first.error
    )
