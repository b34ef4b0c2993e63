"""What a fleet remembers of an event that it has handled: one sealed JSON object. Pure.

The fields may be read by a person. Times are seconds since 1970 (UTC).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from xorca.checksum import check_of, with_checksum
from xorca.errors import InvalidEvent, PayloadError, RecordError
from xorca.events import Event, derived_id, read_event
from xorca.ports import Summary
from xorca.runtime.outcome import Outcome

FORMAT = 1


class Remembered(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event, how its handling ended, and all that was sent on it, byte for byte.

    ``fleet`` is the source of the fleet and ``group`` its name. After ``keep_until`` it may
    be forgotten.
    """

    format: int
    fleet: str
    group: str
    id: str
    source: str
    type: str
    status: str
    at: float
    keep_until: float
    subject: str = ""
    reason: str = ""
    sent: list[msgspec.Raw] = []


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fleet keeps what it remembers: two groups of one source are kept apart."""

    fleet: str
    group: str

    @property
    def prefix(self) -> str:
        """Give what all keys of the fleet begin with."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.fleet.lower())[:32].strip("-")
        return f"_fleet/{slug}-{derived_id(self.fleet, self.group, length=8)}/"

    def key(self, event: Event) -> str:
        """Give the key for an event.

        Type and subject count too: whoever reuses an id for another command must not be
        given the answer to the first.
        """
        parts = (self.fleet, self.group, event.source, event.id, event.type, event.subject or "")
        found = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self.prefix}{found[:2]}/{found[2:40]}"


def note(place: Place, outcome: Outcome, *, at: float, until: float) -> Remembered:
    """Make what is to be remembered of an event that was handled.

    Raises:
        PayloadError: something that was sent could not be read again.
    """
    event = outcome.raw
    assert event is not None  # what is no event was never handled
    return Remembered(
        format=FORMAT,
        fleet=place.fleet,
        group=place.group,
        id=event.id,
        source=event.source,
        type=event.type,
        status=outcome.status,
        at=at,
        keep_until=until,
        subject=event.subject or "",
        reason=outcome.reason,
        sent=[msgspec.Raw(_readable(sent)) for sent in outcome.sent],
    )


def summary_of(found: Remembered) -> Summary:
    """Give what a store may index."""
    return Summary(
        subject=found.subject,
        name="_fleet",
        version="",
        status="answered",
        state="",
        revision=1,
        updated=found.at,
        due=found.keep_until,
    )


def again(found: Remembered, place: Place, event: Event) -> Outcome:
    """Give the outcome of an event that was handled before, with what was sent on it then.

    Raises:
        RecordError: it is the memory of another event, or cannot be read.
    """
    theirs = (found.fleet, found.group, found.source, found.id, found.type, found.subject)
    ours = (place.fleet, place.group, event.source, event.id, event.type, event.subject or "")
    if theirs != ours:
        raise RecordError(
            f"what is stored at {place.key(event)} is the memory of another event ({found.type!r}"
            f" {found.id!r}); it is left as it is: put back what belongs there, or delete it"
        )
    try:
        sent = tuple(read_event(bytes(text)) for text in found.sent)
    except InvalidEvent as exc:
        raise RecordError(f"what is stored at {place.key(event)} cannot be read: {exc}") from exc
    return Outcome(event, "duplicate", "remembered", subject=event.subject, sent=sent)


def seal(found: Remembered) -> bytes:
    """Give the bytes, closed with a checksum over all that stands before it."""
    return with_checksum(msgspec.json.encode(found))


def unseal(body: bytes, *, where: str) -> Remembered:
    """Read what is remembered and check its seal.

    Raises:
        RecordError: the bytes were changed, cut or written by something else; they are left
            as they are.
    """
    if check_of(body) != "right":
        raise RecordError(
            f"what a fleet remembered at {where} was changed, damaged or cut short, so nobody"
            " can tell how the command was answered. It is left as it is: restore it from a"
            " backup, or delete it, and the command is served anew"
        )
    try:
        found = msgspec.json.decode(body, type=Remembered)
    except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
        raise RecordError(f"what a fleet remembered at {where} cannot be read: {exc}") from exc
    if found.format != FORMAT:
        raise RecordError(
            f"what a fleet remembered at {where} has format {found.format}, this version of"
            f" xorca reads {FORMAT}: upgrade xorca"
        )
    return found


def _readable(event: Event) -> bytes:
    """Give the bytes of an event, if a reader gives the same event back."""
    text = event.to_json()
    try:
        same = read_event(text).to_json() == text
    except InvalidEvent as exc:
        raise PayloadError(f"{event.type!r} is an event that no reader takes: {exc}") from exc
    if not same:
        raise PayloadError(f"{event.type!r} would be other bytes when it is read and sent again")
    return text
