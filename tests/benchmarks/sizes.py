"""How much is measured: from only seeing that it runs to as long as it takes."""

from __future__ import annotations

import argparse
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class Size(StrEnum):
    """How long a run takes: seconds, half a minute, minutes, more of them."""

    SMOKE = "smoke"
    QUICK = "quick"
    FULL = "full"
    LONG = "long"

    def of(self, smoke: T, quick: T, full: T, long: T | None = None) -> T:
        """Give the one that is for this size; a long run is a full one unless told."""
        if self is Size.SMOKE:
            return smoke
        if self is Size.QUICK:
            return quick
        return full if self is Size.FULL or long is None else long


def add_sizes(parser: argparse.ArgumentParser, default: Size = Size.FULL) -> None:
    """Add the options that choose a size; it is given as ``size``."""
    parser.set_defaults(size=default)
    group = parser.add_mutually_exclusive_group()
    helps = {
        Size.SMOKE: "tiny sizes: only see that it runs",
        Size.QUICK: "a look, in less than half a minute for all of it",
        Size.FULL: "what `make bench` does, a few minutes for all of it",
        Size.LONG: "resident memory up to 100,000 processes; the rest as in a full run",
    }
    for size, text in helps.items():
        option = f"--{size.value}"
        group.add_argument(option, action="store_const", const=size, dest="size", help=text)
