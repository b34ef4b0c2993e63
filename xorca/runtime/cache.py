"""Committed records that this worker saved or read last, with what it knows has left."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from xorca.engine.record import Record, unseal_trusted

_DECODED = 5
"""A body and the record that it was written from take about so many times its bytes."""


class Warm(msgspec.Struct, eq=False, gc=False):
    """A committed body with its tag, and the ids of what is known to be out or armed.

    ``record`` is what the body was written from, until somebody takes it; ``weight`` is what it
    weighs in a cache that keeps it, in bytes.
    """

    body: bytes
    tag: str
    sides: dict[str, bytes] = {}
    record: Record | None = None
    out: set[str] = set()
    weight: int = 0

    def take(self, where: str) -> Record:
        """Give the record, for the caller to change: nobody gets the same object again.

        Raises:
            RecordError: it is of another format.
        """
        record, self.record = self.record, None
        return unseal_trusted(self.body, where=where) if record is None else record


def _weight_of(warm: Warm) -> int:
    size = len(warm.body)
    if warm.record is not None:
        size *= _DECODED
    return size + sum(map(len, warm.sides.values())) if warm.sides else size


class Cache:
    """The warm records: bounded in number and bytes, the least used go first."""

    def __init__(self, *, entries: int = 1024, size: int = 16 * 1024 * 1024) -> None:
        self._entries = entries
        self._size = size
        self._held = 0
        self._warm: OrderedDict[str, Warm] = OrderedDict()

    def get(self, key: str) -> Warm | None:
        """Give a warm record, None if there is none."""
        found = self._warm.get(key)
        if found is not None:
            self._warm.move_to_end(key)
        return found

    def put(self, key: str, warm: Warm) -> None:
        """Keep a record that was committed, or read."""
        held, old = self._held, self._warm.get(key)
        if old is not None:
            held -= old.weight  # before it is weighed anew: it may be the same
        warm.weight = _weight_of(warm)
        self._warm[key] = warm  # a record is read before it is saved, which moved it to the end
        held = self._held = held + warm.weight
        while held > self._size or len(self._warm) > self._entries:
            _, gone = self._warm.popitem(last=False)
            held = self._held = self._held - gone.weight

    def drop(self, key: str) -> None:
        """Forget a record; the next event reads it afresh."""
        gone = self._warm.pop(key, None)
        if gone is not None:
            self._held -= gone.weight

    def clear(self) -> None:
        """Forget all of them."""
        self._warm.clear()
        self._held = 0
