"""The plot of a run: throughput, latency, the two curves, and what an event goes into.

``python -m tests.benchmarks.plot [bench.json] [bench.svg]`` draws a run that was kept.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.benchmarks.charts import Panel, bars, curves, stacks
from tests.benchmarks.figures import Figure
from tests.benchmarks.results import PLOT, RESULTS, NoResults, Results, read
from tests.benchmarks.seams import REST as REST_PART
from tests.benchmarks.svg import REST, Drawing, series

TITLE = "xorca: what an event costs"
_WIDTH, _HEIGHT, _HALF, _ROW = 1040, 960, 510, 300


def draw(results: Results, path: Path) -> None:
    """Draw a run as SVG; what was not measured is said to be so."""
    machine = results.machine
    about = (
        f"{results.date[:10]}, {machine.python}, {machine.platform} {machine.architecture},"
        f" {machine.cpus} CPUs, load {machine.load:g} when it began; a {results.size.value} run"
    )
    drawing = Drawing(_WIDTH, _HEIGHT, title=TITLE, about=about)
    drawing.text(20, 32, TITLE, kind="title")
    drawing.text(20, 52, about)
    _throughput(drawing, results.figures)
    _latency(drawing, results.figures)
    _curves(drawing, results.figures)
    _parts(drawing, results.figures)
    drawing.write(path)


def _throughput(drawing: Drawing, figures: Sequence[Figure]) -> None:
    values: dict[str, dict[str, float]] = {}
    for each in _of(figures, "latency", "events a second"):
        values.setdefault(f"{each.at:g} at once", {})[each.series] = each.value
    kinds = {name: series(at) for at, name in enumerate(values)}
    panel = Panel(10, 66, _HALF, _ROW, "Throughput", "kind of store", "events a second")
    bars(drawing, panel, values, kinds, log=False)


def _latency(drawing: Drawing, figures: Sequence[Figure]) -> None:
    values: dict[str, dict[str, float]] = {}
    kinds: dict[str, str] = {}
    at_once = list(dict.fromkeys(each.at for each in _of(figures, "latency", "p50")))
    for place, at in enumerate(at_once):
        for what in ("p50", "p99"):
            name = f"{what}, {at:g} at once"
            kinds[name] = series(place, light=what == "p99")
            found = (each for each in _of(figures, "latency", what) if each.at == at)
            values[name] = {each.series: each.value for each in found}
    panel = Panel(
        10 + _HALF, 66, _HALF, _ROW, "Latency", "kind of store", "ms a call (logarithmic)"
    )
    bars(drawing, panel, values, kinds, log=True)


def _curves(drawing: Drawing, figures: Sequence[Figure]) -> None:
    panels = {
        "fan_out": Panel(
            10,
            66 + _ROW,
            _HALF,
            _ROW,
            "An answer in a fan-out",
            "answers of the fan-out (logarithmic)",
            "CPU ms an answer (logarithmic)",
        ),
        "growth": Panel(
            10 + _HALF,
            66 + _ROW,
            _HALF,
            _ROW,
            "An event where much is stored or was seen",
            "how many of them (logarithmic)",
            "CPU ms an event (logarithmic)",
        ),
    }
    for group, panel in panels.items():
        points: dict[str, list[tuple[float, float]]] = {}
        for each in _of(figures, group, "CPU"):
            if each.at is not None and each.value > 0:
                points.setdefault(each.series, []).append((each.at, each.value))
        curves(drawing, panel, points, {name: series(at) for at, name in enumerate(points)})


def _parts(drawing: Drawing, figures: Sequence[Figure]) -> None:
    values: dict[str, dict[str, float]] = {}
    for each in figures:
        if each.group == "parts" and each.what:
            values.setdefault(each.what, {})[each.series] = each.value
    kinds = {name: series(REST if name == REST_PART else at) for at, name in enumerate(values)}
    title = "CPU time of an event by part, one at a time"
    panel = Panel(10, 66 + 2 * _ROW, 2 * _HALF, 280, title, "CPU ms an event", "")
    stacks(drawing, panel, values, kinds)


def _of(figures: Iterable[Figure], group: str, what: str) -> list[Figure]:
    return [each for each in figures if each.group == group and each.what == what]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("json", type=Path, nargs="?", default=RESULTS)
    parser.add_argument("svg", type=Path, nargs="?", default=PLOT)
    given = parser.parse_args(arguments)
    try:
        draw(read(given.json), given.svg)
    except NoResults as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
