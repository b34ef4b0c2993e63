"""The promises of a Bus."""

from __future__ import annotations

import asyncio

import pytest

from xorca.errors import PublishFailed
from xorca.events import Event
from xorca.ports import Bus, Room
from xorca_contrib.conformance.samples import EVERY_BYTE, event


class BusContract:
    """Inherit this, give a fixture ``bus``, and say how to read what arrived.

    Override ``break_it`` where the transport can be made to refuse. ``publishers`` is how many
    tasks publish at once.
    """

    pytestmark = pytest.mark.asyncio
    publishers = 20

    async def arrived(self, bus: Bus) -> list[Event]:
        """Give everything that arrived since the test began, in order of arrival."""
        raise NotImplementedError("override arrived() so that the contract can look")

    async def break_it(self, bus: Bus) -> None:
        """Make every later publish fail."""
        pytest.skip("this bus cannot be made to fail")

    async def test_nothing_may_be_published(self, bus: Bus) -> None:
        """An empty publish does nothing."""
        await bus.publish([])

        assert await self.arrived(bus) == []

    async def test_events_arrive_in_order(self, bus: Bus) -> None:
        """One publish keeps its order, also beyond the size of a transport's batch."""
        sent = [event(number) for number in range(60)]

        await bus.publish(sent)

        assert _ids(await self.arrived(bus)) == _ids(sent)

    async def test_publishes_follow_each_other(self, bus: Bus) -> None:
        """What is published later arrives later."""
        for number in range(5):
            await bus.publish([event(number)])

        assert _ids(await self.arrived(bus)) == _ids([event(number) for number in range(5)])

    @pytest.mark.parametrize(
        "data", [b'{"text":"\xc3\xa9\\n\\u0001 \xf0\x9f\x90\x8b"}', b"[1.5,null]", None]
    )
    async def test_event_arrives_unchanged(self, bus: Bus, data: bytes | None) -> None:
        """Every attribute, extension and byte of data is kept."""
        sent = event(1, data=data)

        await bus.publish([sent])

        assert [found.to_json() for found in await self.arrived(bus)] == [sent.to_json()]

    async def test_binary_data_arrives(self, bus: Bus) -> None:
        """Data that is no JSON arrives byte for byte."""
        sent = Event(
            id="1",
            source="/conformance",
            type="evt.t.x.success",
            data=EVERY_BYTE,
            is_json=False,
            datacontenttype="application/octet-stream",
        )

        await bus.publish([sent])

        assert [found.data for found in await self.arrived(bus)] == [EVERY_BYTE]

    async def test_large_event_arrives(self, bus: Bus) -> None:
        """An event of 200 kB arrives whole."""
        sent = event(1, data=b'"' + b"x" * 200_000 + b'"')

        await bus.publish([sent])

        assert [found.data for found in await self.arrived(bus)] == [sent.data]

    async def test_same_event_twice_is_safe(self, bus: Bus) -> None:
        """A repeated publish succeeds; the event arrives once or twice, the same bytes."""
        await bus.publish([event(1)])
        await bus.publish([event(1), event(2)])

        found = await self.arrived(bus)

        assert set(_ids(found)) == {event(1).id, event(2).id}
        assert {item.to_json() for item in found} == {event(1).to_json(), event(2).to_json()}

    async def test_concurrent_publishes_all_arrive(self, bus: Bus) -> None:
        """Publishing from many tasks loses nothing, and each keeps its order."""
        numbers = range(self.publishers)
        batches = [[event(number * 10 + place) for place in range(5)] for number in numbers]

        await asyncio.gather(*(bus.publish(batch) for batch in batches))

        found = _ids(await self.arrived(bus))
        assert sorted(found) == sorted(name for batch in batches for name in _ids(batch))
        for batch in batches:
            assert [name for name in found if name in _ids(batch)] == _ids(batch)

    async def test_closed_bus_opens_again(self, bus: Bus) -> None:
        """A closed bus publishes again."""
        await bus.publish([event(1)])
        if isinstance(bus, Room):
            await bus.close()

        await bus.publish([event(2)])

        assert event(2).id in _ids(await self.arrived(bus))

    async def test_failure_names_what_did_not_go(self, bus: Bus) -> None:
        """A publish that returns has sent all; one that fails names the events that did not."""
        await self.break_it(bus)

        with pytest.raises(PublishFailed) as caught:
            await bus.publish([event(1), event(2)])

        assert set(caught.value.failed) == {event(1).id, event(2).id}


def _ids(events: list[Event]) -> list[str]:
    return [item.id for item in events]
