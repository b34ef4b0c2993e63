"""Lengths of time as one types them: 30d, 12h, 90min, 45s."""

from __future__ import annotations

import re
from datetime import timedelta

import click

from xorca.cli.failing import WrongUse

_UNITS = {"w": 604800, "d": 86400, "h": 3600, "min": 60, "m": 60, "s": 1}
_SPAN = re.compile(r"(\d{1,9}) ?(w|d|h|min|m|s)", re.ASCII)


def read_span(_: click.Context, __: click.Parameter, value: str | None) -> timedelta | None:
    """Read the text of an option: a number with its unit."""
    if value is None:
        return None
    found = _SPAN.fullmatch(value.strip())
    if found is None:
        raise WrongUse(f"{value!r} is no length of time; write 30d, 12h, 90min or 45s")
    try:
        return timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    except OverflowError:
        raise WrongUse(f"{value!r} is longer than time is counted here") from None
