"""A stage for handlers of Lambda: parcels that are sent, and a store that fails on purpose."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from tests.aws.lambda_parcels import Parcels
from tests.aws.shapes import Json, event
from tests.unit.support import HandClock
from xorca import Runtime
from xorca.engine.ids import storage_key
from xorca.engine.letters import DEAD_LETTER_TYPE
from xorca.errors import PublishFailed, Unavailable
from xorca.events import Event
from xorca.handlers.aws_lambda import LambdaEntry, lambda_handler
from xorca.ports import Stored, Summary
from xorca.providers.memory import MemoryBus, MemoryStore


class PickyStore(MemoryStore):
    """A store that cannot be reached for some processes, and may be slow or count.

    ``broken`` and ``slow`` hold process ids; a slow one takes a minute. ``fatal`` holds what is
    raised for some that no handler of errors expects.
    """

    def __init__(self) -> None:
        super().__init__()
        self.broken: set[str] = set()
        self.slow: set[str] = set()
        self.fatal: dict[str, BaseException] = {}
        self.calls: list[tuple[str, str]] = []

    async def load(self, key: str) -> Stored | None:
        """Load, or fail."""
        await self._meet("load", key)
        return await super().load(key)

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save, or fail."""
        await self._meet("save", key)
        return await super().save(key, body, expect=expect, summary=summary)

    async def _meet(self, what: str, key: str) -> None:
        self.calls.append((what, key))
        if any(storage_key("parcels", each) == key for each in self.broken):
            raise Unavailable("the store is away")
        for each, error in self.fatal.items():
            if storage_key("parcels", each) == key:
                raise error
        if any(storage_key("parcels", each) == key for each in self.slow):
            await asyncio.sleep(60)


class PickyBus(MemoryBus):
    """A bus that does not take some types of events."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses: set[str] = set()

    async def publish(self, events: Any) -> None:
        """Publish, or fail."""
        failed = tuple(each.id for each in events if each.type in self.refuses)
        await super().publish([each for each in events if each.id not in failed])
        if failed:
            raise PublishFailed("not taken", failed=failed)


@dataclass
class Context:
    """What Lambda tells of an invocation; ``left`` seconds until the function is killed."""

    left: float = 60.0
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        """Give the time that is left."""
        return int(self.left * 1000)


@dataclass
class Stage:
    """A handler over rooms that can be made to fail."""

    store: PickyStore = field(default_factory=PickyStore)
    bus: PickyBus = field(default_factory=PickyBus)

    def runtime(self, **options: Any) -> Runtime:
        """Give a Runtime that does not really wait."""
        bus = options.pop("bus", self.bus)
        return Runtime([Parcels], store=self.store, bus=bus, clock=HandClock(), **options)

    def handler(self, **options: Any) -> LambdaEntry:
        """Give a handler; ``bus=None`` for one without."""
        parts = {"bus": options.pop("bus")} if "bus" in options else {}
        return lambda_handler(self.runtime(**parts), **options)

    def letters(self) -> list[Json]:
        """Give the data of the dead letters that went out."""
        return [json.loads(each.data or b"") for each in self.bus.published if is_letter(each)]

    def sent(self) -> list[str]:
        """Give what was sent of parcels, in order."""
        commands = [each for each in self.bus.published if each.type == "cmd.parcel.send"]
        return [json.loads(each.data or b"")["what"] for each in commands]

    def saves(self) -> int:
        """Count the saves that were tried."""
        return sum(1 for what, _ in self.store.calls if what == "save")


def is_letter(event: Event) -> bool:
    """Tell whether an event is a dead letter."""
    return event.type == DEAD_LETTER_TYPE


def start_of(process_id: str, what: str = "", **more: Any) -> Json:
    """Give the event that starts a process."""
    data = {"what": what or process_id}
    name = "xorca.parcels.start"
    return event(f"start-{process_id}", type=name, processid=process_id, data=data, **more)


def sent_of(process_id: str, **more: Any) -> Json:
    """Give the event that ends a process."""
    subject = f"parcels/1.0.0/{process_id}"
    name = "evt.parcel.send.success"
    return event(f"sent-{process_id}", type=name, subject=subject, **more)


def failures(answer: Any) -> list[str]:
    """Give the messages that an answer reports."""
    assert set(answer) == {"batchItemFailures"}
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]
