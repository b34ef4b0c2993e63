"""What a batch request of AWS is made of: an entry an event, and which go together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xorca.errors import PayloadError
from xorca.events import Event
from xorca.providers.arguments import sized_json

ENTRIES: Final = 10
"""How many entries one request holds, alike for PutEvents, PublishBatch, SendMessageBatch."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as a service takes it; ``size`` in bytes, as the service counts them.

    ``fault`` is why it takes none such; it is not sent, and holds up those behind it.
    """

    event: Event
    request: Mapping[str, object]
    size: int
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why an entry of a request was not taken, and whether it may be taken later."""

    cause: str
    again: bool


def wire_text(event: Event) -> str:
    r"""Give the structured JSON as text of which every character may be in a message.

    SQS refuses U+FFFE and U+FFFF. In JSON they stand inside strings alone, where ``\uffff``
    is the same.

    Raises:
        PayloadError: the event is larger than any reader takes.
    """
    text = sized_json(event).decode()
    return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


def check_size(event: Event, size: int, *, limit: int, shown: str) -> None:
    """Refuse an event that alone is more than a request may carry.

    Raises:
        PayloadError: as it says.
    """
    if size > limit:
        raise PayloadError(
            f"the event {event.id!r} ({event.type}) has {size} bytes there and {shown} takes"
            f" {limit}; keep large data elsewhere and send its address, or give limit= if the"
            " service was set to take more"
        )


def lanes_apart(events: Iterable[Entry]) -> list[list[Entry]]:
    """Give the entries that must follow each other: those of one subject, in their order."""
    lanes: dict[object, list[Entry]] = {}
    for place, entry in enumerate(events):
        lanes.setdefault(entry.event.subject or place, []).append(entry)
    return list(lanes.values())


def trains_of(lanes: Iterable[Sequence[Entry]], *, length: int = ENTRIES) -> list[list[Entry]]:
    """Couple short lanes, so that requests are full; a lane is never cut."""
    trains: list[list[Entry]] = []
    for lane in lanes:
        if not trains or len(trains[-1]) >= length:
            trains.append([])
        trains[-1].extend(lane)
    return trains


def next_batch(waiting: deque[Entry], *, limit: int, in_order: bool) -> list[Entry]:
    """Take out the entries of the next request: ten at most, ``limit`` bytes at most.

    ``in_order``: one of each subject, so that an entry which is refused alone is overtaken
    by none of its own.
    """
    batch: list[Entry] = []
    later: list[Entry] = []
    taken: set[str] = set()
    room = limit
    while waiting and len(batch) < ENTRIES:
        entry = waiting.popleft()
        subject = entry.event.subject
        if in_order and subject is not None and subject in taken:
            later.append(entry)
            continue
        if batch and entry.size > room:
            waiting.appendleft(entry)
            break
        batch.append(entry)
        taken.add(subject or "")
        room -= entry.size
    waiting.extendleft(reversed(later))
    return batch
