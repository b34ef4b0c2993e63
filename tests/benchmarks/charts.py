"""Three kinds of chart on a drawing: bars side by side, curves, and bars of parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.axes import Scale, linear, logarithmic, short
from tests.benchmarks.svg import Drawing

Values = Mapping[str, Mapping[str, float]]
"""By series, then by category."""

_LEFT, _RIGHT, _HEAD, _FOOT = 56, 14, 58, 42


@dataclass(frozen=True, slots=True)
class Panel:
    """A place on the drawing, with what is written around it."""

    x: float
    y: float
    width: float
    height: float
    title: str
    across: str
    along: str

    @property
    def left(self) -> float:
        """Where the plot begins."""
        return self.x + _LEFT

    @property
    def right(self) -> float:
        """Where the plot ends."""
        return self.x + self.width - _RIGHT

    @property
    def top(self) -> float:
        """Where the plot begins, under its heading and legend."""
        return self.y + _HEAD

    @property
    def bottom(self) -> float:
        """Where the plot ends, above its labels."""
        return self.y + self.height - _FOOT


def bars(
    drawing: Drawing, panel: Panel, values: Values, kinds: Mapping[str, str], *, log: bool
) -> None:
    """Draw the series of each category side by side, each bar with its value."""
    found = [value for each in values.values() for value in each.values() if value > 0]
    if not _framed(drawing, panel, found):
        return
    up = _up(panel, found, log=log)
    _grid(drawing, panel, up)
    categories = list(dict.fromkeys(name for each in values.values() for name in each))
    slot = (panel.right - panel.left) / len(categories)
    wide = slot * 0.84 / len(values)
    for at, (name, each) in enumerate(values.items()):
        drawing.group(f"{panel.title}: {name}")
        for place, value in ((categories.index(key), value) for key, value in each.items()):
            x = panel.left + slot * (place + 0.08) + wide * at
            drawing.rect(x, up(value), wide - 1.5, panel.bottom - up(value), kind="paper")
            drawing.rect(x, up(value), wide - 1.5, panel.bottom - up(value), kind=kinds[name])
            drawing.text(x + wide / 2, up(value) - 3, short(value), kind="value", anchor="middle")
    drawing.ungroup()
    for place, name in enumerate(categories):
        middle = panel.left + slot * (place + 0.5)
        drawing.text(middle, panel.bottom + 15, name, kind="ink", anchor="middle")
    _legend(drawing, panel, kinds)


Points = Mapping[str, Sequence[tuple[float, float]]]
"""By series."""


def curves(drawing: Drawing, panel: Panel, points: Points, kinds: Mapping[str, str]) -> None:
    """Draw curves over two logarithmic axes."""
    every = [point for each in points.values() for point in each]
    if not _framed(drawing, panel, [y for _, y in every]):
        return
    xs = [x for x, _ in every]
    up = _up(panel, [y for _, y in every], log=True)
    over = logarithmic(min(xs), max(xs), panel.left, panel.right)
    _grid(drawing, panel, up)
    _ticks(drawing, panel, over)
    for name, each in points.items():
        drawing.group(f"{panel.title}: {name}")
        drawing.path([(over(x), up(y)) for x, y in sorted(each)], kind=kinds[name])
    drawing.ungroup()
    _legend(drawing, panel, kinds)


def stacks(drawing: Drawing, panel: Panel, values: Values, kinds: Mapping[str, str]) -> None:
    """Draw a bar for each category, of one part after the other; the sum stands at its end."""
    categories = list(dict.fromkeys(name for each in values.values() for name in each))
    sums = {
        name: sum(max(0.0, each.get(name, 0)) for each in values.values()) for name in categories
    }
    if not _framed(drawing, panel, list(sums.values())):
        return
    over = linear(max(sums.values()) * 1.04, panel.left, panel.right)
    _ticks(drawing, panel, over)
    slot = (panel.bottom - panel.top) / len(categories)
    ends = dict.fromkeys(categories, 0.0)
    for part, each in values.items():
        drawing.group(f"{panel.title}: {part}")
        for name, value in each.items():
            y, begin = panel.top + slot * (categories.index(name) + 0.2), ends[name]
            ends[name] += max(0.0, value)
            wide = over(ends[name]) - over(begin)
            drawing.rect(
                over(begin), y, wide - (1 if wide > 2 else 0), slot * 0.6, kind=kinds[part]
            )
    drawing.ungroup()
    for place, name in enumerate(categories):
        y = panel.top + slot * (place + 0.5) + 4
        drawing.text(panel.left - 8, y, name, kind="ink", anchor="end")
        drawing.text(over(sums[name]) + 5, y, f"{sums[name]:.3f}", kind="ink")
    _legend(drawing, panel, kinds)


def _framed(drawing: Drawing, panel: Panel, values: Sequence[float]) -> bool:
    """Write what stands around a plot; False where there is nothing to draw in it."""
    drawing.text(panel.x + 4, panel.y + 18, panel.title, kind="panel")
    if not values:
        drawing.text(panel.left, panel.top + 20, "not measured")
        return False
    drawing.line(panel.left, panel.bottom, panel.right, panel.bottom, kind="axis")
    middle = (panel.left + panel.right) / 2
    drawing.text(middle, panel.bottom + 34, panel.across, anchor="middle")
    if panel.along:
        drawing.upright(panel.x + 12, (panel.top + panel.bottom) / 2, panel.along)
    return True


def _up(panel: Panel, values: Sequence[float], *, log: bool) -> Scale:
    top = panel.top + 8  # there the value of the highest bar is written
    if log:
        return logarithmic(min(values) * 0.8, max(values), panel.bottom, top)
    return linear(max(values), panel.bottom, top)


def _grid(drawing: Drawing, panel: Panel, up: Scale) -> None:
    for tick in up.ticks:
        drawing.line(panel.left, up(tick), panel.right, up(tick), kind="grid")
        drawing.text(panel.left - 6, up(tick) + 4, short(tick), anchor="end")


def _ticks(drawing: Drawing, panel: Panel, over: Scale) -> None:
    for tick in over.ticks:
        drawing.line(over(tick), panel.top, over(tick), panel.bottom, kind="grid")
        drawing.text(over(tick), panel.bottom + 16, short(tick), anchor="middle")


def _legend(drawing: Drawing, panel: Panel, kinds: Mapping[str, str]) -> None:
    x, y = panel.x + 4, panel.y + 38
    for name, kind in kinds.items():
        drawing.rect(x, y - 9, 10, 10, kind=kind)
        drawing.text(x + 14, y, name, kind="ink")
        x += 14 + 6.2 * len(name) + 14
