"""Ways to break the protocol on purpose: what proves that the check bites.

Each changes the rooms, or what comes into the runtime, and nothing inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.stress.parted import Parted
from xorca.engine.record import unseal
from xorca.events import Event, read_event
from xorca.ports import Store, Summary
from xorca.providers.local import SqliteChannel, SqliteStore
from xorca.runtime import Outcome, Runtime


def overwrite() -> None:
    """Save whatever the tag is by now: the last of two workers wins."""
    for kind in (SqliteStore, Parted):
        _overwriting(kind)


def _overwriting(kind: Any) -> None:
    original = kind.save

    async def save(
        self: Store, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        stored = await self.load(key)
        tag = stored.tag if stored is not None else None
        return await original(self, key, body, expect=tag, summary=summary)  # type: ignore[no-any-return]

    kind.save = save


def forget() -> None:
    """Recognise no tick: one that comes again is given another id, so that it is new."""
    original, random = Runtime.handle, Random()

    async def handle(self: Runtime, *events: Any, **options: bool) -> list[Outcome]:
        return await original(self, *(_disguised(event, random) for event in events), **options)

    Runtime.handle = handle  # type: ignore[method-assign]


def _disguised(event: Event, random: Random) -> Event:
    if event.type != "evt.hammer.tick":
        return event
    return Event(
        id=f"{event.id}-{random.getrandbits(64)}",
        source=event.source,
        type=event.type,
        subject=event.subject,
        data=event.data,
        datacontenttype=event.datacontenttype,
    )


def hurry() -> None:
    """Send before the commit."""
    for kind in (SqliteStore, Parted):
        _hurrying(kind)


def _hurrying(kind: Any) -> None:
    original = kind.save

    async def save(
        self: Any, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        outbox = unseal(body).outbox.values()
        await self.channel.publish([read_event(bytes(out.event)) for out in outbox])
        return await original(self, key, body, expect=expect, summary=summary)  # type: ignore[no-any-return]

    kind.save = save


def withhold() -> None:
    """Say that events were sent which were not, every ninth time."""
    original, calls = SqliteChannel.publish, 0

    async def publish(self: SqliteChannel, events: Sequence[Event]) -> None:
        nonlocal calls
        calls += 1
        if calls % 9:
            await original(self, events)

    SqliteChannel.publish = publish  # type: ignore[method-assign]


SABOTAGES: dict[str, Callable[[], None]] = {
    "overwrite": overwrite,
    "forget": forget,
    "hurry": hurry,
    "withhold": withhold,
}
