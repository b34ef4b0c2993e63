"""``RoutedBus``: each event goes to the bus that its type asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from xorca.dsl.names import matches
from xorca.errors import ConfigurationError, PublishFailed, XorcaError
from xorca.events import Event
from xorca.ports import Bus, Room
from xorca.providers.closing import Closing
from xorca.providers.opens import Opens
from xorca.providers.patterns import check_pattern


class RoutedBus(Closing):
    """Send events by their type: commands to a queue, notifications to a bus of events, say.

    ::

        RoutedBus({"cmd.*": SqsBus("commands"), "*": EventBridgeBus()})

    An exact name goes before a pattern, patterns are tried in the order written, and an event
    goes to one bus only. Each bus keeps the order of a subject as it can; between two of them
    there is none. What no route takes is not sent, and told as failed.

    Args:
        routes: Dotted names, in which ``*`` stands for one or more segments, and buses.

    Raises:
        ConfigurationError: there is no route, or a name that is none.
    """

    def __init__(self, routes: Mapping[str, Bus]) -> None:
        if not routes:
            raise ConfigurationError("a RoutedBus needs routes: write RoutedBus({'*': bus})")
        for pattern in routes:
            check_pattern(pattern)
        self._exact = {name: bus for name, bus in routes.items() if "*" not in name}
        self._patterns = [(name, bus) for name, bus in routes.items() if "*" in name]

    async def publish(self, events: Sequence[Event]) -> None:
        """Send each event by its bus, side by side; return when every one was taken.

        Raises:
            PublishFailed: some were not; carries the ids that failed on whichever bus.
        """
        parcels, astray = self._sort(events)
        sending = (bus.publish(parcel) for bus, parcel in parcels)
        results = await asyncio.gather(*sending, return_exceptions=True)
        failed, causes = set(astray), [_no_route(events, astray[0])] if astray else []
        for (_, parcel), result in zip(parcels, results, strict=True):
            if isinstance(result, XorcaError):
                failed.update(_failed_of(result, parcel))
                causes.append(str(result))
            elif result is not None:
                raise result
        if failed:
            names = tuple(dict.fromkeys(each.id for each in events if each.id in failed))
            raise PublishFailed("; ".join(causes), failed=names)

    async def open(self) -> None:
        """Connect those buses that can ahead of their first use, as a function starts."""
        rooms = (bus for bus in self._buses() if isinstance(bus, Opens))
        results = await asyncio.gather(*(room.open() for room in rooms), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def close(self) -> None:
        """Close the buses; they open again on use."""
        for bus in self._buses():
            if isinstance(bus, Room):
                await bus.close()

    def _buses(self) -> Iterator[Bus]:
        every = [*self._exact.values(), *(bus for _, bus in self._patterns)]
        return iter({id(bus): bus for bus in every}.values())

    def _sort(self, events: Sequence[Event]) -> tuple[list[tuple[Bus, list[Event]]], list[str]]:
        parcels: dict[int, tuple[Bus, list[Event]]] = {}
        astray: list[str] = []
        for event in events:
            bus = self._bus_of(event.type)
            if bus is None:
                astray.append(event.id)
            else:
                parcels.setdefault(id(bus), (bus, []))[1].append(event)
        return list(parcels.values()), astray

    def _bus_of(self, name: str) -> Bus | None:
        found = self._exact.get(name)
        if found is not None:
            return found
        return next((bus for pattern, bus in self._patterns if matches(pattern, name)), None)


def _failed_of(error: XorcaError, parcel: Sequence[Event]) -> Sequence[str]:
    """Give what was not taken; whoever does not say it may have sent nothing."""
    named = error.failed if isinstance(error, PublishFailed) else ()
    return named or [event.id for event in parcel]


def _no_route(events: Sequence[Event], first: str) -> str:
    kind = next(event.type for event in events if event.id == first)
    return f"no route takes {kind!r}: add one to the RoutedBus, such as '*' for all the rest"
