"""Two runs side by side: the ratio of every figure, and which of them are beyond the noise.

``python -m tests.benchmarks.compare old.json new.json``. The noise of a figure is the spread of
its rounds (the middle half of them, of both runs together), and what the machine itself was
faster or slower meanwhile, told by the same work written by hand, in which nothing of xorca
changed. Nothing passes or fails.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.figures import Figure
from tests.benchmarks.kinds import BY_HAND
from tests.benchmarks.results import NoResults, Results, read

LEAST_NOISE = 0.05
"""No figure is trusted to less than this, however well its rounds agree."""
FEW = 3
"""Of fewer rounds nobody can tell how they spread."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of both runs; the ratio is new : old, None where it means nothing.

    ``low`` and ``high`` are the ratios that noise alone can make.
    """

    old: Figure
    new: Figure
    ratio: float | None
    low: float
    high: float

    @property
    def flag(self) -> str:
        """Say what is to be seen: worse, better, or that a target is met no more."""
        words: list[str] = []
        if self.ratio is not None and not self.low <= self.ratio <= self.high:
            up = self.ratio > self.high
            words.append("better" if up == self.new.more_is_better else "worse")
        if (self.old.verdict, self.new.verdict) == ("ok", "short"):
            words.append("target missed")
        return ", ".join(words)


def compare(old: Results, new: Results) -> list[Comparison]:
    """Compare every figure that both runs have."""
    before = {each.key: each for each in old.figures}
    pairs = [(before[each.key], each) for each in new.figures if each.key in before]
    drift = machine_drift(old, new)
    return [_compared(was, now, drift) for was, now in pairs]


def machine_drift(old: Results, new: Results) -> float:
    """Give how many times as long the work by hand took in the new run; 1 if nobody knows."""
    before = {each.key: each.value for each in old.figures if _is_yardstick(each)}
    ratios = [
        each.value / before[each.key]
        for each in new.figures
        if _is_yardstick(each) and before.get(each.key, 0) > 0 and each.value > 0
    ]
    return statistics.geometric_mean(ratios) if ratios else 1.0


def spread(figure: Figure) -> float | None:
    """Give how far apart the middle half of the rounds lie, as a share of their median."""
    if len(figure.samples) < FEW:
        return None
    first, middle, third = statistics.quantiles(figure.samples, n=4, method="inclusive")
    return (third - first) / abs(middle) if middle else None


def _is_yardstick(figure: Figure) -> bool:
    return figure.group == "latency" and figure.series == BY_HAND and figure.unit == "ms"


def _compared(old: Figure, new: Figure, drift: float) -> Comparison:
    spreads = (spread(old), spread(new))
    if old.value <= 0 or new.value <= 0 or None in spreads:
        return Comparison(old, new, _ratio(old, new), 0.0, float("inf"))
    noise = 1 + max(LEAST_NOISE, sum(each for each in spreads if each is not None))
    low, high = _drifted(new.unit, drift)
    return Comparison(old, new, _ratio(old, new), low / noise, high * noise)


def _ratio(old: Figure, new: Figure) -> float | None:
    return new.value / old.value if old.value > 0 and new.value > 0 else None


def _drifted(unit: str, drift: float) -> tuple[float, float]:
    """Give the ratios that a figure of this unit may have because of the machine alone."""
    factor = {"ms": drift, "/s": 1 / drift}.get(unit, 1.0)
    return min(1.0, factor), max(1.0, factor)


def text(old: Results, new: Results) -> str:
    """Give the comparison as lines."""
    lines = [*_warnings(old, new)]
    drift = machine_drift(old, new)
    lines.append(f"the same work by hand took {drift:.2f} times as long in the new run")
    lines.append("")
    lines.append(f"{'':<62}{'old':>11}{'new':>11}{'':5}{'ratio':>7}{'noise':>15}")
    lines += [_line(each) for each in compare(old, new)]
    for which, one, other in (("old", old, new), ("new", new, old)):
        theirs = {each.key for each in other.figures}
        lines += [
            f"only in the {which} run: {_name(f)}" for f in one.figures if f.key not in theirs
        ]
    return "\n".join(line.rstrip() for line in lines)


def _line(each: Comparison) -> str:
    new = each.new
    ratio = "-" if each.ratio is None else f"{each.ratio:.2f}"
    noise = "not known" if each.high == float("inf") else f"{each.low:.2f} - {each.high:.2f}"
    values = f"{each.old.value:>11,.3f}{new.value:>11,.3f} {new.unit:<4}"
    return f"{_name(new):<62}{values}{ratio:>7}{noise:>15}  {each.flag}"


def _name(figure: Figure) -> str:
    return f"{figure.group}: {figure.name.strip()}"


def _warnings(old: Results, new: Results) -> list[str]:
    found: list[str] = []
    for what in ("python", "platform", "architecture", "cpus", "sqlite", "disk", "packages"):
        was, now = getattr(old.machine, what), getattr(new.machine, what)
        if was != now:
            found.append(f"not the same {what}: {was} and {now}")
    if old.size is not new.size:
        found.append(f"not the same size: a {old.size.value} and a {new.size.value} run")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    given = parser.parse_args(arguments)
    try:
        print(text(read(given.old), read(given.new)))
    except NoResults as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
