"""What the commands print alike: tables, colours of states, and one-line JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

_COLOURS = {"active": "cyan", "ended": "green", "failed": "red", "cancelled": "magenta"}


def status_colour(status: str) -> str:
    """Give the colour of a status."""
    return _COLOURS.get(status, "white")


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], status: int) -> None:
    """Print columns as wide as need be; ``status`` is the column that gets its colour."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    click.echo(click.style(_line(head, widths), dim=True))
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        cells[status] = click.style(cells[status], fg=status_colour(row[status]))
        click.echo("  ".join(cells).rstrip())


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)).rstrip()


def one_line(value: Any, *, limit: int = 0) -> str:
    """Write a JSON value on one line, cut at ``limit`` characters if there is one."""
    text = json.dumps(value, ensure_ascii=False)
    text = "".join(char if char.isprintable() else "�" for char in text)
    return f"{text[: limit - 1]}…" if limit and len(text) > limit else text


def plain(text: str) -> str:
    """Take out what a terminal would act on: the text may come from outside."""
    return "".join(char if char.isprintable() else "�" for char in text)


def print_fields(fields: Mapping[str, Any], *, limit: int) -> None:
    """Print names and JSON values below each other, indented."""
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        click.echo(f"  {name.ljust(width)}  {one_line(value, limit=limit)}")
