"""The memory store and bus, made to be watched, and to lose a worker at a chosen point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from xorca.events import Event
from xorca.ports import Summary
from xorca.providers.memory import MemoryStore
from xorca_contrib.testing.errors import XorcaTestError

Point = Literal["save", "publish"]


class WorkerLost(BaseException):
    """The worker is gone, as when its machine is; nothing may catch this and go on."""


class Fuse:
    """Where the worker will be lost next, None if it lives on."""

    def __init__(self) -> None:
        self.point: Point | None = None

    def pass_by(self, point: Point) -> None:
        """Lose the worker, once, if this is the point."""
        if self.point == point:
            self.point = None
            raise WorkerLost(point)


class FragileStore(MemoryStore):
    """A store before whose save a worker may be lost."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self._fuse = fuse

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save, unless the worker is lost."""
        self._fuse.pass_by("save")
        return await super().save(key, body, expect=expect, summary=summary)


class WatchedBus:
    """A bus that keeps each event once, and sees to it that a repetition has the same bytes."""

    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse
        self._known: dict[str, bytes] = {}
        self._fresh: list[Event] = []

    @property
    def count(self) -> int:
        """How many different events were published."""
        return len(self._known)

    async def publish(self, events: Sequence[Event]) -> None:
        """Keep what was not published before.

        Raises:
            XorcaTestError: an event was sent again with other bytes.
        """
        self._fuse.pass_by("publish")
        for event in events:
            body = event.to_json()
            known = self._known.setdefault(event.key, body)
            if known is body:
                self._fresh.append(event)
            elif known != body:
                raise XorcaTestError(
                    f"{event.type!r} was sent again as {event.id!r} with other bytes:"
                    f" {known!r}, then {body!r}"
                )

    def take_fresh(self) -> list[Event]:
        """Give what was published since this was last asked."""
        fresh, self._fresh = self._fresh, []
        return fresh
