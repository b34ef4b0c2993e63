"""Scales: from a number to a place, and which numbers to name along the way."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """From ``low`` and ``high`` to the places of both."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]
    log: bool = False

    def __call__(self, value: float) -> float:
        """Give the place of a number; what lies outside is put at the edge."""
        inside = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def linear(most: float, start: float, end: float) -> Scale:
    """Give a scale from nought to at least ``most``, with four to seven round ticks."""
    wanted = max(most, 1e-9)
    step = next(each for each in _round_steps(wanted) if wanted / each <= 6)
    count = math.ceil(wanted / step - 1e-9)
    ticks = tuple(step * number for number in range(count + 1))
    return Scale(0.0, ticks[-1], start, end, ticks)


def logarithmic(least: float, most: float, start: float, end: float) -> Scale:
    """Give a scale that holds both, with ticks at 1, 2 and 5, or at 1 where that is many."""
    low = _below(max(least, 1e-9))
    high = max(_above(most), low * 10)
    ticks = tuple(each for each in _one_two_five(low, high))
    if len(ticks) > 8:
        ticks = tuple(each for each in ticks if math.log10(each) % 1 in (0.0, 1.0))
    return Scale(low, high, start, end, ticks, log=True)


def short(value: float) -> str:
    """Write a number in few characters: 0.12, 3.4, 560, 12k."""
    if value == 0:
        return "0"
    if value >= 10_000:
        return f"{value / 1000:.3g}k"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2g}"


def _round_steps(most: float) -> list[float]:
    decade = 10.0 ** (math.floor(math.log10(most)) - 1)
    return [decade * factor for factor in (1, 2, 5, 10, 20, 50, 100)]


def _one_two_five(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    all_of_them = [
        float(f"{factor}e{power}") for power in range(first, last + 1) for factor in (1, 2, 5)
    ]
    return [each for each in all_of_them if low * 0.999 <= each <= high * 1.001]


def _below(value: float) -> float:
    return max(each for each in _one_two_five(value / 10, value))


def _above(value: float) -> float:
    return min(each for each in _one_two_five(value, value * 10))
