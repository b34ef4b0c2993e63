"""Sharing what a record has room for: one source takes three quarters, never all of it."""

from __future__ import annotations

from collections import Counter

import msgspec

from xorca.engine.commit import Limits
from xorca.engine.record import Dead, Deferred, Record, size_of


class _Head(msgspec.Struct):
    source: str


_head = msgspec.json.Decoder(_Head).decode


def has_room(record: Record, limits: Limits, source: str, size: int) -> bool:
    """Tell whether so many bytes of an event can be kept, as deferred or in a dead letter."""
    kept = size_of(record.dead) + size_of(record.deferred)
    if kept + size > limits.kept_bodies:
        return False
    share = _share(limits.kept_bodies)
    if kept + size <= share:
        return True
    own: list[Dead | Deferred] = [letter for letter in record.dead if letter.source == source]
    own += _deferred_of(record, source)
    return size_of(own) + size <= share


def has_place(record: Record, limits: Limits, source: str) -> bool:
    """Tell whether one more event may be deferred."""
    waiting, share = len(record.deferred), _share(limits.deferred)
    if waiting >= limits.deferred:
        return False
    return waiting < share or len(_deferred_of(record, source)) < share


def drop_letter(record: Record) -> Dead:
    """Take out the oldest dead letter of the source that has the most."""
    counts = Counter(letter.source for letter in record.dead)
    most = max(counts.values())
    at = next(i for i, letter in enumerate(record.dead) if counts[letter.source] == most)
    return record.dead.pop(at)


def _share(whole: int) -> int:
    return whole - whole // 4


def _deferred_of(record: Record, source: str) -> list[Deferred]:
    return [deferred for deferred in record.deferred if _head(deferred.event).source == source]
