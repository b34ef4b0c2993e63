"""The live display: a board of books on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Mapping

STAGES = {
    "": ("○", "waiting", "2"),
    "begin": ("◔", "being fetched", "33"),
    "summarise": ("◑", "being summarised", "34"),
    "check": ("◕", "being checked", "36"),
    "finish": ("●", "finished", "32"),
    "fail": ("✗", "failed", "31"),
    "too_late": ("✗", "too late", "31"),
}


class Board:
    """Show in which state each book is; ``say`` puts a line above the board."""

    def __init__(self, names: list[str]) -> None:
        self._names, self._began = names, time.monotonic()
        self._live = sys.stdout.isatty()
        self._colour = self._live and not os.environ.get("NO_COLOR")
        self._drawn = 0
        self._last: Counter[str] = Counter()
        self._last_at = 0.0

    def say(self, text: str, code: str = "1") -> None:
        """Print a line that stays."""
        self._wipe()
        print(f"{self._clock()}  {self.paint(text, code)}", flush=True)

    def show(self, states: Mapping[str, str]) -> None:
        """Draw the board anew, or print a line of numbers if they changed."""
        counts = Counter(states.get(name, "") for name in self._names)
        if self._live:
            self._draw(states, counts)
        elif counts != self._last and time.monotonic() - self._last_at > 0.25:
            self._last, self._last_at = counts, time.monotonic()
            print(f"{self._clock()}  {self._legend(counts)}", flush=True)

    def close(self, states: Mapping[str, str]) -> None:
        """Leave the last picture where it is."""
        self._last_at = 0.0
        self.show(states)
        self._drawn = 0

    def paint(self, text: str, code: str) -> str:
        """Colour a text where colours are wanted."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _draw(self, states: Mapping[str, str], counts: Counter[str]) -> None:
        size = max(map(len, self._names)) + 3
        columns = max(1, min(5, (shutil.get_terminal_size().columns - 2) // size))
        cells = [self._cell(name, states.get(name, ""), size) for name in self._names]
        rows = ["".join(cells[i : i + columns]) for i in range(0, len(cells), columns)]
        self._wipe()
        lines = ["", *(f"  {row}" for row in rows), "", f"  {self._legend(counts)}"]
        print("\n".join(lines), flush=True)
        self._drawn = len(lines)

    def _cell(self, name: str, state: str, size: int) -> str:
        mark, _, code = STAGES[state]
        return self.paint(f"{mark} {name}".ljust(size), code)

    def _legend(self, counts: Counter[str]) -> str:
        shown = (
            self.paint(f"{mark} {counts[state]} {word}", code)
            for state, (mark, word, code) in STAGES.items()
            if counts[state]
        )
        return "  ".join(shown)

    def _wipe(self) -> None:
        if self._drawn:
            print(f"\x1b[{self._drawn}F\x1b[J", end="")
        self._drawn = 0

    def _clock(self) -> str:
        return f"{time.monotonic() - self._began:5.1f} s"
