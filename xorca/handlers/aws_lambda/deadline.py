"""How long an invocation may go on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

MARGIN = 1.0
"""What is left of the time of a function when work is given up, in seconds."""

_SHARE = 0.25  # of a short time-out, the margin is no more than this


@runtime_checkable
class Timed(Protocol):
    """What is asked of the context that Lambda gives."""

    def get_remaining_time_in_millis(self) -> int:
        """Give the time until the function is killed."""
        ...


@dataclass(frozen=True, slots=True)
class Deadline:
    """When work is given up, in the time of the running loop; None: never."""

    at: float | None = None

    @classmethod
    def of(cls, context: object, margin: float) -> Deadline:
        """Give the deadline of an invocation: ``margin`` seconds before it is killed."""
        if not isinstance(context, Timed):
            return cls()
        left = context.get_remaining_time_in_millis() / 1000
        now = asyncio.get_running_loop().time()
        return cls(now + left - min(margin, left * _SHARE))

    def has_passed(self) -> bool:
        """Tell whether nothing more is to be begun."""
        return self.at is not None and asyncio.get_running_loop().time() >= self.at
