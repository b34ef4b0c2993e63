"""RoutedBus: each event goes to the bus of its type, and failures are told together."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from xorca.errors import ConfigurationError, PublishFailed, Unavailable
from xorca.events import Event
from xorca.providers.memory import MemoryBus
from xorca.providers.routed import RoutedBus


def event(type: str, id: str | None = None) -> Event:
    return Event(id=id or type, source="/s", type=type, subject="a")


class BrokenBus(MemoryBus):
    """A bus that raises instead."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error, self.closed = error, False

    async def publish(self, events: Sequence[Event]) -> None:
        raise self.error

    async def close(self) -> None:
        self.closed = True


async def test_type_decides_where_an_event_goes() -> None:
    """An exact name goes before a pattern, patterns in the order written, the rest to '*'."""
    exact, commands, rest = MemoryBus(), MemoryBus(), MemoryBus()
    bus = RoutedBus({"cmd.*": commands, "*": rest, "cmd.a.b": exact})

    await bus.publish([event("cmd.a.b"), event("cmd.a.c"), event("notif.x"), event("cmd.a.d")])

    assert [one.type for one in exact.published] == ["cmd.a.b"]
    assert [one.type for one in commands.published] == ["cmd.a.c", "cmd.a.d"]
    assert [one.type for one in rest.published] == ["notif.x"]


async def test_opening_opens_every_bus_that_can_once() -> None:
    """One that is away keeps no other from it, and is told of."""
    opened: list[OpeningBus] = []

    class OpeningBus(MemoryBus):
        def __init__(self, *, away: bool = False) -> None:
            super().__init__()
            self.away = away

        async def open(self) -> None:
            if self.away:
                raise Unavailable("away")
            opened.append(self)

    bus = OpeningBus()
    routes = {"x.y": OpeningBus(away=True), "cmd.*": bus, "evt.*": bus, "*": MemoryBus()}

    with pytest.raises(Unavailable, match="away"):
        await RoutedBus(routes).open()

    assert opened == [bus]


async def test_failure_of_one_bus_names_its_events_alone() -> None:
    """What another bus took is not told as failed."""
    good = MemoryBus()
    bus = RoutedBus({"cmd.*": BrokenBus(PublishFailed("no", failed=("2",))), "notif.*": good})

    with pytest.raises(PublishFailed) as caught:
        await bus.publish([event("cmd.a", "1"), event("cmd.a", "2"), event("notif.x", "3")])

    assert caught.value.failed == ("2",)
    assert [one.id for one in good.published] == ["3"]


async def test_unknown_outcome_fails_all_of_that_bus() -> None:
    """A bus that only says that it does not know may have sent nothing."""
    bus = RoutedBus({"cmd.*": BrokenBus(Unavailable("reset")), "*": MemoryBus()})

    with pytest.raises(PublishFailed, match="reset") as caught:
        await bus.publish([event("cmd.a", "1"), event("notif.x", "2"), event("cmd.b", "3")])

    assert caught.value.failed == ("1", "3")


async def test_event_without_route_is_told_with_the_cure() -> None:
    """Nothing is dropped in silence: what no route takes has failed, the rest is sent."""
    good = MemoryBus()

    with pytest.raises(PublishFailed, match=r"no route takes 'notif.x': add one") as caught:
        await RoutedBus({"cmd.*": good}).publish([event("cmd.a"), event("notif.x")])

    assert caught.value.failed == ("notif.x",)
    assert [one.type for one in good.published] == ["cmd.a"]


async def test_fault_of_a_bus_is_not_hidden() -> None:
    """An error that is none of ours comes out as it is, after the others have sent."""
    good = MemoryBus()
    bus = RoutedBus({"cmd.*": BrokenBus(KeyError("bug")), "*": good})

    with pytest.raises(KeyError):
        await bus.publish([event("cmd.a"), event("notif.x")])

    assert len(good.published) == 1


async def test_closing_closes_each_bus() -> None:
    """Every bus is closed, whatever routes lead to it."""
    one = BrokenBus(KeyError())

    async with RoutedBus({"cmd.*": one, "cmd.a.b": one}):
        pass

    assert one.closed


@pytest.mark.parametrize("routes", [{}, {"cmd*": MemoryBus()}, {"a..b": MemoryBus()}])
def test_bad_routes_are_refused(routes: dict[str, MemoryBus]) -> None:
    """No routes, or what is no pattern, is told when the bus is made."""
    with pytest.raises(ConfigurationError):
        RoutedBus(routes)
