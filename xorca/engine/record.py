"""The record: everything that is stored of one process, as one sealed JSON object.

The fields are public in the sense that a person may read a stored record; they are written
by the step alone. Times are seconds since 1970 (UTC). What is empty is not written.

``gc=False``: a record is a tree of data, so counting references frees it, and the collector
need not look through every warm record.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from xorca.checksum import check_of, with_checksum
from xorca.errors import RecordError

FORMAT = 1
END_OF_TIME = 253_402_214_400.0
_EMPTY = msgspec.Raw(b"{}")
_NULL = msgspec.Raw(b"null")


class Origin(msgspec.Struct, omit_defaults=True, gc=False):
    """The start event, as far as answers need it: whom to answer, and what it asked."""

    id: str
    source: str
    type: str
    subject: str = ""
    trace: dict[str, str] = {}


class Entry(msgspec.Struct, omit_defaults=True, gc=False):
    """What one event did, kept until all that it emitted is known to be out.

    ``emits`` are ids in the outbox. ``answered`` marks a reply that was matched to its
    command: its repetition is judged by the awaited commands, so nothing of it need stay.
    """

    at: float
    emits: list[str] = []
    dead: bool = False
    answered: bool = False


class Out(msgspec.Struct, omit_defaults=True, gc=False):
    """An emitted event that is not known to be out: its bytes, always the same."""

    revision: int
    event: msgspec.Raw


class Awaited(msgspec.Struct, omit_defaults=True, gc=False):
    """A command, or the items of a fan-out, that somebody will answer.

    The ids of the commands are derived from ``revision`` and ``first``. ``open`` is a bit
    set in hexadecimal of the items that were not answered; ``many`` marks a fan-out. Items
    from ``sent`` on wait in ``Record.backlog`` until others are answered.
    """

    revision: int
    first: int
    count: int = 1
    open: str = "1"
    many: bool = False
    sent: int = 0


class Gathered(msgspec.Struct, omit_defaults=True, array_like=True, gc=False):
    """An event that waits in a join: item, identity, and the JSON text of its data."""

    item: int
    id: str
    source: str
    time: float
    data: msgspec.Raw
    emit: str = ""


class Basket(msgspec.Struct, omit_defaults=True, gc=False):
    """The events of one name that wait for a join: so many bytes, the rest in side objects."""

    items: list[Gathered] = []
    size: int = 0
    spilled: list[str] = []


class Backlog(msgspec.Struct, omit_defaults=True, gc=False):
    """Items of a fan-out that were decided and not yet sent, with what caused them."""

    cause: str
    items: list[msgspec.Raw] = []
    trace: dict[str, str] = {}
    spilled: list[str] = []


class Deferred(msgspec.Struct, omit_defaults=True, gc=False):
    """An event that came before its state; ``answers`` is the emit id that it answers."""

    key: str
    event: msgspec.Raw
    at: float
    expires: float
    answers: str = ""


class Timer(msgspec.Struct, omit_defaults=True, gc=False):
    """A deadline: the visit that it belongs to, and whether its wake-up is known to be set."""

    due: float
    visit: int
    set: bool = False


class Dead(msgspec.Struct, omit_defaults=True, gc=False):
    """A dead letter: which event, why, where; the event itself while there is room for it."""

    key: str
    id: str
    source: str
    type: str
    reason: str
    cause: str
    at: float
    events: list[msgspec.Raw] = []


class Step(msgspec.Struct, array_like=True, gc=False):
    """One line of the short history: revision, time, what came, the state after it."""

    revision: int
    at: float
    event: str
    state: str


class Page(msgspec.Struct, array_like=True, gc=False):
    """A side object of sorted inbox keys: the newest's time, and how many there are."""

    name: str
    until: float
    keys: int


class Noise(msgspec.Struct, array_like=True, gc=False):
    """How many events of one source were noted without effect since a time."""

    since: float
    count: int = 0


class Past(msgspec.Struct, omit_defaults=True, gc=False):
    """What a process id keeps of lives that were deleted.

    ``starts`` are inbox keys: a start that stands there begins no life any more, nor does it
    change one. ``versions`` are those of the earlier lives, ``sides`` the side objects of a
    tombstone that may not be gone yet.
    """

    starts: str = ""
    versions: list[str] = []
    sides: list[str] = []


class Record(msgspec.Struct, omit_defaults=True, gc=False):
    """One process.

    ``reason`` says why it was cancelled; ``keep_until`` is when an ended one may be pruned,
    and a tombstone be removed (0: nobody said).
    """

    format: int
    subject: str
    name: str
    version: str
    incarnation: str
    revision: int
    status: str
    state: str
    started: float
    updated: float
    origin: Origin
    visit: int = 0
    attempt: int = 1
    memory: msgspec.Raw = _EMPTY
    inbox: dict[str, Entry] = {}
    seen: str = ""
    seen_until: float = 0.0
    pages: list[Page] = []
    answered: str = ""
    floor: float = 0.0
    outbox: dict[str, Out] = {}
    awaited: dict[str, Awaited] = {}
    skipped: list[str] = []
    baskets: dict[str, Basket] = {}
    backlog: dict[str, Backlog] = {}
    deferred: list[Deferred] = []
    timers: dict[str, Timer] = {}
    dead: list[Dead] = []
    dead_dropped: int = 0
    reason: str = ""
    keep_until: float = 0.0
    past: Past | None = None
    noise: dict[str, Noise] = {}
    history: list[Step] = []


ACTIVE, ENDED = "active", "ended"
FAILED = "failed"
"""The start itself failed; the record only holds its dead letter, and may be started anew."""
CANCELLED = "cancelled"
DELETED = "deleted"
"""A tombstone: what is left of a process until nothing that was sent to it can come again."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode


def seal(record: Record) -> bytes:
    """Give the bytes of a record, closed with a checksum over all that stands before it."""
    return with_checksum(_encode(record))


def unseal(body: bytes, *, where: str = "the store") -> Record:
    """Read a record and check its seal.

    Raises:
        RecordError: the bytes were changed, cut or written by something else; they are left
            as they are.
    """
    found = check_of(body)
    if found == "absent":
        raise RecordError(f"what is stored at {where} {_no_record(body)}")
    if found == "wrong":
        raise RecordError(
            f"the record at {where} was changed or damaged: its checksum does not match. It is"
            " left as it is; restore it from a backup or delete it"
        )
    return unseal_trusted(body, where=where)


def _no_record(body: bytes) -> str:
    if body.startswith((b'{"sealed":"', b"xorca/")):
        return "is sealed with a key: open the store with it (see XORCA_SEAL_KEY)"
    return "is no record of xorca, or was cut short"


def unseal_trusted(body: bytes, *, where: str = "the cache") -> Record:
    """Read a record whose seal was checked before, or that this process wrote itself.

    Raises:
        RecordError: it is of another format.
    """
    try:
        record = _decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
        raise RecordError(f"the record at {where} cannot be read: {exc}") from exc
    if record.format != FORMAT:
        raise RecordError(
            f"the record at {where} has format {record.format}, this version of xorca reads"
            f" {FORMAT}: upgrade xorca"
        )
    return record


def kept_until(at: float, retain: timedelta) -> float:
    """Give when something that ended is not kept any longer; times end with the year 9999."""
    return min(round(at + retain.total_seconds(), 3), END_OF_TIME)


def raw(data: bytes | None) -> msgspec.Raw:
    """Wrap JSON text so that it is stored verbatim; no data is null."""
    return _NULL if data is None else msgspec.Raw(data)


def size_of(items: list[Any]) -> int:
    """Give the bytes that the events of deferred or dead entries take together."""
    return sum(
        len(memoryview(event))
        for item in items
        for event in (item.events if isinstance(item, Dead) else [item.event])
    )
