"""Found by a mutant: what was heard within the millisecond in which it was made, and comes again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.simulation.machines_rare import Pulse
from xorca import Runtime, open_store
from xorca.events import Event

HEARD = datetime(2030, 1, 1, 0, 0, 0, 123_400, tzinfo=UTC)


class StoppedClock:
    def now(self) -> datetime:
        return HEARD

    async def sleep(self, seconds: float) -> None:
        """Go on at once."""


def beat(number: int, *, made: str) -> Event:
    return Event(
        id=f"b{number}",
        source="/outside",
        type="evt.pulse.beat",
        time=made,
        data=b'{"token":"p-%d","n":9}' % number,
        datacontenttype="application/json",
    )


@pytest.mark.parametrize("micro", ["122", "123", "123200", "123400"])
async def test_a_repetition_begins_no_life(micro: str) -> None:
    """A beat that a deleted process has heard starts no other, however quickly it was heard."""
    made = f"2030-01-01T00:00:00.{micro}Z"
    store = open_store("memory://")
    runtime = Runtime([Pulse], store=store, bus=store.channel, clock=StoppedClock())
    await runtime.handle(beat(1, made=made))
    await runtime.handle(beat(2, made=made))
    await runtime.delete("sim.pulse/1.0.0/p", force=True)

    (outcome,) = await runtime.handle(beat(2, made=made))

    assert (outcome.status, outcome.reason) == ("ignored", "deleted")
