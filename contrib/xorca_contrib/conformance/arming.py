"""The promises of a Store that sets wake-ups in the commit of a save."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from xorca.errors import Conflict, RecordTooLarge
from xorca.events import Event
from xorca.ports import Alarm, ArmingStore, WakeUp
from xorca_contrib.conformance.samples import event


class ArmingContract:
    """Inherit this, give a fixture ``store``, and say how to hear what its alarm rings.

    ``step`` is a short wait in seconds that the alarm can tell from none.
    """

    pytestmark = pytest.mark.asyncio
    step = 0.2

    async def rings(self, alarm: Alarm, seconds: float) -> list[Event]:
        """Wait so long; give what was delivered since the last call, in order."""
        raise NotImplementedError("override rings() so that the contract can listen")

    def wake(self, number: int, steps: float = 1.0) -> WakeUp:
        """Give a wake-up that many steps from now."""
        return WakeUp(event(number), datetime.now(UTC) + timedelta(seconds=self.step * steps))

    async def heard(self, store: ArmingStore) -> set[str]:
        """Wait until everything that was set for soon has come; give the ids."""
        return {item.id for item in await self.rings(store.alarm, self.step * 2)}

    async def test_both_are_done(self, store: ArmingStore) -> None:
        """The body is there under the tag that was given, and every wake-up comes."""
        tag = await store.save_arming("a/b", b"1", [self.wake(1), self.wake(2)], expect=None)

        found = await store.load("a/b")
        assert found is not None
        assert (found.body, found.tag) == (b"1", tag)
        assert await self.heard(store) == {event(1).id, event(2).id}

    async def test_a_later_save_is_as_any_other(self, store: ArmingStore) -> None:
        """The tag of one is good for the other, both ways."""
        first = await store.save("a/b", b"1", expect=None)
        second = await store.save_arming("a/b", b"2", [self.wake(1)], expect=first)
        await store.save("a/b", b"3", expect=second)

        found = await store.load("a/b")
        assert found is not None
        assert found.body == b"3"
        assert await self.heard(store) == {event(1).id}

    @pytest.mark.parametrize("stale", [False, True])
    async def test_a_refused_save_sets_nothing(self, store: ArmingStore, stale: bool) -> None:
        """Where somebody was quicker nothing is saved, and nothing comes."""
        old = await store.save("a/b", b"1", expect=None)
        await store.save("a/b", b"2", expect=old)

        with pytest.raises(Conflict):
            await store.save_arming("a/b", b"3", [self.wake(1)], expect=old if stale else None)

        found = await store.load("a/b")
        assert found is not None
        assert found.body == b"2"
        assert await self.heard(store) == set()

    async def test_what_is_too_large_sets_nothing(self, store: ArmingStore) -> None:
        """A body above the limit is refused with its wake-ups."""
        body = b"1" * (store.limit + 1)

        with pytest.raises(RecordTooLarge):
            await store.save_arming("a/b", body, [self.wake(1)], expect=None)

        assert await store.load("a/b") is None
        assert await self.heard(store) == set()

    async def test_an_id_that_is_set_stays_as_it_is(self, store: ArmingStore) -> None:
        """As with ``set``, the same id again replaces nothing."""
        await store.alarm.set(*self.wake(1))

        await store.save_arming("a/b", b"1", [self.wake(1, 50)], expect=None)

        assert await self.heard(store) == {event(1).id}

    async def test_what_was_cancelled_is_set_anew(self, store: ArmingStore) -> None:
        """It comes at its new time, also right after it was cancelled."""
        await store.alarm.set(*self.wake(1, 50))
        await store.alarm.cancel(event(1).id)

        await store.save_arming("a/b", b"1", [self.wake(1)], expect=None)

        assert await self.heard(store) == {event(1).id}

    async def test_what_was_cancelled_stays_so_after_a_conflict(self, store: ArmingStore) -> None:
        """A refused save does not set what was cancelled before."""
        await store.alarm.set(*self.wake(1, 50))
        await store.alarm.cancel(event(1).id)

        with pytest.raises(Conflict):
            await store.save_arming("a/b", b"1", [self.wake(1)], expect="7")

        assert await self.heard(store) == set()
