"""What became of one event, as far as stepping can tell."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["applied", "duplicate", "deferred", "ignored", "foreign", "dead", "retry"]


class Verdict(msgspec.Struct, frozen=True):
    """A status with its reason.

    ``emits`` are ids in the record's outbox, ``error`` is what a handler raised.
    """

    status: Status
    reason: str = ""
    emits: tuple[str, ...] = ()
    error: Exception | None = None


DUPLICATE = Verdict("duplicate", "seen")
