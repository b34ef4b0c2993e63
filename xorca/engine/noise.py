"""Bounding what one source may have recorded without effect: an hour's worth, then nothing.

Events that change nothing are recorded all the same, so that a repetition is known: ignored
ones by their key, early ones whole, dead ones with a letter. A source that sends nothing but
such events would fill all of that, and every worker would read it. So each source has so
many an hour; what comes beyond that and would change nothing is answered without a write.
An event that changes the process is taken from the noisiest source too.
"""

from __future__ import annotations

from hashlib import sha256

from xorca.engine.commit import TIMER_TYPE, Commit
from xorca.engine.record import FAILED, Noise, Record
from xorca.engine.verdict import Verdict
from xorca.events import Event

SOURCES = 64
"""So many sources are counted by themselves; all others of an hour count as one."""

OTHERS = "*"


class Muted(Exception):
    """The event would be recorded without effect, and its source has had enough of that.

    ``lost`` tells whether a dead letter is due: it was to be kept, and is not.
    """

    def __init__(self, *, lost: bool) -> None:
        super().__init__("flood")
        self.lost = lost


def refuse_noise(draft: Commit, event: Event, *, lost: bool = True) -> None:
    """Stop before anything is noted of an event, if it is the one to be muted.

    Raises:
        Muted: it is.
    """
    if getattr(draft, "muted", None) is event:
        raise Muted(lost=lost)


def is_noisy(draft: Commit, event: Event) -> bool:
    """Tell whether the source of an event has had its share of this hour."""
    if event.type == TIMER_TYPE:
        return False  # whoever sends it, it is noted only where it is due
    record = draft.record
    if all(_is_over(draft, noise) for noise in record.noise.values()):
        record.noise = {}
        return False
    found = _noise_of(record, event.source)
    if found is None or _is_over(draft, found):
        return False
    return found.count >= draft.limits.noise


def muted(draft: Commit, caught: Muted) -> Verdict:
    """Give what becomes of an event that was muted."""
    if not draft.record.state:
        draft.record.status = FAILED  # it was a start, and another may follow in this batch
    return Verdict("dead" if caught.lost else "ignored", "flood")


def count_noise(draft: Commit, event: Event) -> None:
    """Count an event that was noted without effect."""
    if event.type == TIMER_TYPE or event.key not in draft.record.inbox:
        return
    record = draft.record
    found = _noise_of(record, event.source)
    if found is None:
        record.noise = {name: n for name, n in record.noise.items() if not _is_over(draft, n)}
        name = _name_of(event.source) if len(record.noise) < SOURCES else OTHERS
        found = record.noise.setdefault(name, Noise(draft.at))
    elif _is_over(draft, found):
        found.since, found.count = draft.at, 0
    found.count += 1


def _noise_of(record: Record, source: str) -> Noise | None:
    found = record.noise.get(_name_of(source))
    if found is None and len(record.noise) >= SOURCES:
        return record.noise.get(OTHERS)
    return found


def _is_over(draft: Commit, noise: Noise) -> bool:
    return draft.at - noise.since >= draft.limits.noise_window


def _name_of(source: str) -> str:
    return sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:12]
