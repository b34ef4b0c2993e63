"""The fields of a stored record, and of what it emits, that the checks look at."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import msgspec

from xorca.events import Event


class Memory(msgspec.Struct, frozen=True):
    log: list[str] = []


class Out(msgspec.Struct):
    revision: int
    event: msgspec.Raw


class Timer(msgspec.Struct):
    due: float
    visit: int
    set: bool = False


class Head(msgspec.Struct):
    id: str
    type: str
    causationid: str = ""
    time: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class Dead(msgspec.Struct):
    id: str
    type: str
    reason: str
    at: float
    events: list[Head] = []


class Deferred(msgspec.Struct):
    event: Head
    expires: float


class Basket(msgspec.Struct):
    items: list[tuple[int, str, str, float, msgspec.Raw, str]] = []


class Sight(msgspec.Struct):
    """The fields of a stored record that the checks look at."""

    subject: str
    name: str
    version: str
    incarnation: str
    revision: int
    status: str
    state: str
    updated: float
    keep_until: float = 0.0
    memory: Memory = Memory()
    inbox: dict[str, msgspec.Raw] = {}
    seen: str = ""
    answered: str = ""
    floor: float = 0.0
    past: dict[str, object] | None = None
    outbox: dict[str, Out] = {}
    timers: dict[str, Timer] = {}
    dead: list[Dead] = []
    deferred: list[Deferred] = []
    baskets: dict[str, Basket] = {}


class Told(msgspec.Struct):
    """The data of an emitted event: the line of the log that decided it, or a dead letter."""

    step: int = -1
    item: int = 0
    reason: str = ""
    event: dict[str, str] | None = None


read_sight = msgspec.json.Decoder(Sight).decode
read_head = msgspec.json.Decoder(Head).decode
read_told = msgspec.json.Decoder(Told).decode


def key_of(event: Event) -> str:
    """Give the characters by which a record knows an event."""
    return b64encode(sha256(f"{event.source}\0{event.id}".encode()).digest()[:12]).decode()


def wakes_of(sight: Sight) -> dict[str, Timer]:
    """Give the timers of a record, by the ids of the events that wake them."""
    process_id = sight.subject.split("/")[2]
    mark = sha256(f"process\0{sight.name}\0{process_id}".encode()).hexdigest()[:12]
    return {
        f"{mark}{sight.incarnation}-timer-{timer.visit}-{name}": timer
        for name, timer in sight.timers.items()
    }
