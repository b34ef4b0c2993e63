"""Rates: a bucket of tokens for each caller, of no more callers than are remembered."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from xorca.handlers.asgi.problems import again


class Buckets:
    """Let each caller pass so often a second, and a burst at once.

    Whoever was not heard for longest is forgotten where there are too many, and begins with a
    full bucket again.
    """

    __slots__ = ("_burst", "_known", "_most", "_now", "_rate", "_who")

    def __init__(
        self,
        rate: float,
        *,
        who: str,
        burst: float | None = None,
        most: int = 10_000,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._rate, self._who, self._most, self._now = rate, who, most, now
        self._burst = max(1.0, 2 * rate if burst is None else burst)
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, count: int = 1) -> float:
        """Take some tokens; give 0, or how many seconds it takes until there are as many.

        More than a burst are taken from a full bucket, which is in debt then.
        """
        now = self._now()
        left, at = self._known.pop(caller, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        missing = min(float(count), self._burst) - left
        self._known[caller] = (left if missing > 0 else left - count, now)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return max(0.0, missing / self._rate)

    def check(self, caller: str, count: int = 1) -> None:
        """Take some tokens.

        Raises:
            HttpProblem: 429, with the time to wait.
        """
        wait = self.take(caller, count)
        if wait > 0:
            raise again(
                "too-many-requests",
                f"This {self._who} sends more than {self._rate:g} a second; send it again later.",
                status=429,
                after=max(1, math.ceil(wait)),
            )


def buckets_of(rate: float | None, *, who: str, burst: float | None, most: int) -> Buckets | None:
    """Give the buckets of a rate; None where there is no limit."""
    return None if rate is None else Buckets(rate, who=who, burst=burst, most=most)
