"""CPU time, measured side by side: the machine is never quiet, so only neighbours compare."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Samples:
    """What one contestant needed, a number a round."""

    values: list[float] = field(default_factory=list[float])

    @property
    def least(self) -> float:
        """The minimum: what it costs when nothing disturbs."""
        return min(self.values)

    @property
    def median(self) -> float:
        """The median: what it costs on this machine as it is."""
        return statistics.median(self.values)


def ratios(above: Samples, below: Samples) -> tuple[float, ...]:
    """Give the ratio of each round: what disturbed one disturbed the other."""
    pairs = zip(above.values, below.values, strict=True)
    return tuple(one / other for one, other in pairs)


def ratio(above: Samples, below: Samples) -> float:
    """Give the median of the ratios of the rounds."""
    return statistics.median(ratios(above, below))


def percentile(values: Sequence[float], percent: float) -> float:
    """Give the value that so many percent of all do not exceed (nearest rank)."""
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]


def take_turns(
    contestants: Mapping[str, Callable[[int], T]], rounds: int, *, every: Mapping[str, int] = {}
) -> dict[str, list[T]]:
    """Let each have its turn in every round; the first round only warms up.

    Each round begins with another one, for whoever comes first may have it harder. A
    contestant is given the number of the round and gives what it found. Those that take long
    may have their turn in ``every`` so many rounds only, and do not warm up.
    """
    found: dict[str, list[T]] = {name: [] for name in contestants}
    order = list(contestants.items())
    for number in range(rounds + 1):
        first = number % len(order)
        for name, contestant in order[first:] + order[:first]:
            if name in every and (number == 0 or (number - 1) % every[name]):
                continue
            gc.collect()
            value = contestant(number)
            if number:
                found[name].append(value)
    return found


def interleave(
    contestants: Mapping[str, Callable[[int], float]], rounds: int, *, every: Mapping[str, int] = {}
) -> dict[str, Samples]:
    """Let each have its turn, as ``take_turns`` does, where each gives one number."""
    found = take_turns(contestants, rounds, every=every)
    return {name: Samples(values) for name, values in found.items()}


class Stopwatch:
    """CPU and wall-clock seconds of this process, all its threads, since it was made."""

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    @property
    def cpu(self) -> float:
        """The CPU seconds until now."""
        return time.process_time() - self._cpu

    @property
    def wall(self) -> float:
        """The seconds until now."""
        return time.perf_counter() - self._wall
