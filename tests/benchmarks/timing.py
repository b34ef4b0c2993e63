"""CPU time, measured side by side: the machine is never quiet, so only neighbours compare."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Samples:
    """What one contestant needed, a number a round."""

    values: list[float] = field(default_factory=list)

    @property
    def least(self) -> float:
        """The minimum: what it costs when nothing disturbs."""
        return min(self.values)

    @property
    def median(self) -> float:
        """The median: what it costs on this machine as it is."""
        return statistics.median(self.values)


def ratio(above: Samples, below: Samples) -> float:
    """Give the median of the ratios of each round: what disturbed one disturbed the other."""
    pairs = zip(above.values, below.values, strict=True)
    return statistics.median(one / other for one, other in pairs)


def interleave(
    contestants: Mapping[str, Callable[[int], float]], rounds: int
) -> dict[str, Samples]:
    """Let each have its turn in every round; the first round only warms up.

    A contestant is given the number of the round and gives its figure.
    """
    found = {name: Samples() for name in contestants}
    for number in range(rounds + 1):
        for name, contestant in contestants.items():
            gc.collect()
            value = contestant(number)
            if number:
                found[name].values.append(value)
    return found


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
