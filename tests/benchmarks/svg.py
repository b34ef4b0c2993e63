"""A drawing as SVG: well-formed by construction, in colours for light and for dark."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

NAMESPACE = "http://www.w3.org/2000/svg"

COLOURS = {
    "light": ("#2f6fdb", "#d9730d", "#1f8a5b", "#8e4ec6", "#c7385a", "#0f8ea8", "#8a6d00"),
    "dark": ("#6ba4ff", "#ffa657", "#4fc48a", "#c297f0", "#ff7b98", "#4cc9e0", "#d9b84a"),
}
_PAPER = {"light": "#ffffff", "dark": "#14171c"}
_INK = {"light": "#1c2128", "dark": "#e6e9ee"}
_FAINT = {"light": "#5b6470", "dark": "#a2abb8"}
_GRID = {"light": "#d9dde3", "dark": "#343a44"}
REST = 99
"""The number of the grey series."""


class Drawing:
    """A picture of so many units; everything is placed by its coordinates."""

    def __init__(self, width: float, height: float, *, title: str, about: str) -> None:
        self._root = ElementTree.Element(
            "svg",
            {
                "xmlns": NAMESPACE,
                "viewBox": f"0 0 {_number(width)} {_number(height)}",
                "width": _number(width),
                "height": _number(height),
                "role": "img",
                "aria-labelledby": "title about",
            },
        )
        self._into = self._root
        self._child("title", id="title").text = title
        self._child("desc", id="about").text = about
        self._child("style").text = _style()
        self.rect(0, 0, width, height, kind="paper")

    def group(self, name: str, kind: str = "series") -> None:
        """Put what follows into a group with a name, until the next group begins."""
        self._into = ElementTree.SubElement(self._root, "g", {"class": kind, "data-name": name})
        self._child("title").text = name

    def ungroup(self) -> None:
        """Put what follows into no group."""
        self._into = self._root

    def rect(self, x: float, y: float, width: float, height: float, *, kind: str) -> None:
        """Draw a filled rectangle."""
        place = {"x": x, "y": y, "width": max(0.0, width), "height": max(0.0, height)}
        self._child("rect", **{"class": kind}, **_numbers(place))

    def line(self, x1: float, y1: float, x2: float, y2: float, *, kind: str) -> None:
        """Draw a line."""
        place = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
        self._child("line", **{"class": kind}, **_numbers(place))

    def path(self, points: list[tuple[float, float]], *, kind: str) -> None:
        """Draw a line through points, with a dot at each."""
        text = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        self._child("polyline", **{"class": f"curve {kind}"}, points=text)
        for x, y in points:
            self._child("circle", **{"class": kind}, **_numbers({"cx": x, "cy": y, "r": 3}))

    def text(
        self, x: float, y: float, text: str, *, kind: str = "label", anchor: str = "start"
    ) -> None:
        """Write a line of text; ``anchor`` is what of it stands at the place."""
        place = _numbers({"x": x, "y": y})
        self._child("text", **{"class": kind, "text-anchor": anchor}, **place).text = text

    def upright(self, x: float, y: float, text: str) -> None:
        """Write a label from below to above, its middle at the place."""
        attributes = {"class": "label", "text-anchor": "middle"}
        turned = f"translate({_number(x)} {_number(y)}) rotate(-90)"
        self._child("text", **attributes, transform=turned).text = text

    def write(self, path: Path) -> None:
        """Write the file."""
        ElementTree.indent(self._root, " ")
        path.parent.mkdir(parents=True, exist_ok=True)
        text = ElementTree.tostring(self._root, encoding="unicode")
        path.write_text(f"{text}\n", encoding="utf-8")

    def _child(self, tag: str, **attributes: str) -> ElementTree.Element:
        return ElementTree.SubElement(self._into, tag, attributes)


def series(number: int, *, light: bool = False) -> str:
    """Give the class of the elements of a series; a light one is half transparent."""
    name = "rest" if number == REST else f"s{number % len(COLOURS['light'])}"
    return f"{name} pale" if light else name


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _numbers(values: dict[str, float]) -> dict[str, str]:
    return {name: _number(value) for name, value in values.items()}


def _style() -> str:
    fixed = (
        "text { font-family: system-ui, sans-serif; font-size: 11px }"
        " .title { font-size: 18px; font-weight: 600 } .panel { font-size: 13px; font-weight: 600 }"
        " .value { font-size: 9px } .pale { opacity: .5 } .grid { stroke-width: 1 }"
        " .axis { stroke-width: 1 } .curve { stroke-width: 2 }"
    )
    dark = _colours("dark")
    return f"{fixed} {_colours('light')} @media (prefers-color-scheme: dark) {{ {dark} }}"


def _colours(scheme: str) -> str:
    rules = [
        f".paper {{ fill: {_PAPER[scheme]} }}",
        f".title, .panel, .value, .ink {{ fill: {_INK[scheme]} }}",
        f".label {{ fill: {_FAINT[scheme]} }}",
        f".grid {{ stroke: {_GRID[scheme]} }}",
        f".axis {{ stroke: {_FAINT[scheme]} }}",
        f".rest {{ fill: {_FAINT[scheme]} }}",
    ]
    for number, colour in enumerate(COLOURS[scheme]):
        rules.append(f".s{number} {{ fill: {colour} }}")
        rules.append(f".curve.s{number} {{ fill: none; stroke: {colour} }}")
    return " ".join(rules)
