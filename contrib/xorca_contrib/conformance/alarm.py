"""The promises of an Alarm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from xorca.errors import XorcaError
from xorca.events import Event
from xorca.ports import Alarm, Room
from xorca_contrib.conformance.samples import event


class AlarmContract:
    """Inherit this, give a fixture ``alarm``, and say how to hear what rings.

    ``step`` is a short wait in seconds that the alarm can tell from none; ``many`` is how many
    events are set one after the other, fewer where each is a request over a network.
    """

    pytestmark = pytest.mark.asyncio
    step = 0.2
    many = 150

    async def rings(self, alarm: Alarm, seconds: float) -> list[Event]:
        """Wait so long; give what was delivered since the last call, in order."""
        raise NotImplementedError("override rings() so that the contract can listen")

    def soon(self, steps: float = 1.0) -> datetime:
        """Give a time that many steps from now."""
        return datetime.now(UTC) + timedelta(seconds=self.step * steps)

    async def test_due_event_is_delivered(self, alarm: Alarm) -> None:
        """An event comes at its time, unchanged."""
        await alarm.set(event(1), self.soon())

        found = await self.rings(alarm, self.step * 2)

        assert {item.to_json() for item in found} == {event(1).to_json()}

    async def test_nothing_comes_early(self, alarm: Alarm) -> None:
        """Before its time an event does not come."""
        await alarm.set(event(1), self.soon(20))

        assert await self.rings(alarm, self.step) == []

    async def test_past_time_is_now(self, alarm: Alarm) -> None:
        """A time that has passed is due at once."""
        await alarm.set(event(1), self.soon(-1000))

        assert {item.id for item in await self.rings(alarm, self.step)} == {event(1).id}

    async def test_cancelled_event_does_not_come(self, alarm: Alarm) -> None:
        """A cancelled event does not come, its neighbour does."""
        await alarm.set(event(1), self.soon())
        await alarm.set(event(2), self.soon())

        await alarm.cancel(event(1).id)

        assert {item.id for item in await self.rings(alarm, self.step * 2)} == {event(2).id}

    async def test_cancelling_nothing_is_no_error(self, alarm: Alarm) -> None:
        """What is not set may be cancelled, and set afterwards."""
        await alarm.cancel(event(1).id)
        await alarm.set(event(1), self.soon(-1))

        assert {item.id for item in await self.rings(alarm, self.step)} == {event(1).id}

    async def test_event_set_twice_comes_once(self, alarm: Alarm) -> None:
        """The same id again replaces nothing and adds nothing."""
        await alarm.set(event(1), self.soon())
        await alarm.set(event(1), self.soon(30))

        found = await self.rings(alarm, self.step * 2)
        found += await self.rings(alarm, self.step)

        assert [item.id for item in found] == [event(1).id]

    async def test_delivered_event_may_be_set_again(self, alarm: Alarm) -> None:
        """An event that came, too early perhaps, is armed anew."""
        await alarm.set(event(1), self.soon(-1))
        await self.rings(alarm, self.step)

        await alarm.set(event(1), self.soon(-1))

        assert [item.id for item in await self.rings(alarm, self.step)] == [event(1).id]

    async def test_many_events_come(self, alarm: Alarm) -> None:
        """Many events at many times all come."""
        for number in range(self.many):
            await alarm.set(event(number), self.soon(number / self.many))

        found = await self.rings(alarm, self.step * 2)
        found += await self.rings(alarm, self.step)

        assert sorted({item.id for item in found}) == [event(n).id for n in range(self.many)]

    async def test_time_without_zone_is_refused(self, alarm: Alarm) -> None:
        """A naive time raises an error of ours."""
        with pytest.raises(XorcaError):
            await alarm.set(event(1), self.soon().replace(tzinfo=None))

    async def test_set_events_outlive_closing(self, alarm: Alarm) -> None:
        """Closing forgets nothing."""
        await alarm.set(event(1), self.soon())
        if isinstance(alarm, Room):
            await alarm.close()

        assert {item.id for item in await self.rings(alarm, self.step * 2)} == {event(1).id}
