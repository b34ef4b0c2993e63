"""Running spin on the model: translate, compile, search."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

MODEL = Path(__file__).with_name("commit.pml")
BREAKAGES = tuple(re.findall(r"^ \*   ([A-Z_]+) ", MODEL.read_text(), re.MULTILINE))
_PROMISES = {
    "times[0]<=1": "an event changed the process twice",
    "acknowledged": "an event was acknowledged, and is not stored or not sent on",
    "was_open": "an event was ignored that could be taken",
    "ids>>": "a command left that was not committed, or under another id",
    "times[0]==": "a change was lost",
    "published": "a command counted as sent, and never left",
}
_DEEPEST = 1_000_000
_PATIENCE = 900.0


@dataclass(frozen=True, slots=True)
class Search:
    """How a search ended; ``complete`` tells whether every state was visited."""

    states: int
    seconds: float
    complete: bool
    violation: str


def missing_tools() -> list[str]:
    """Give the programs that are needed and not installed."""
    return [tool for tool in ("spin", "gcc") if shutil.which(tool) is None]


def search(breakage: str) -> Search:
    """Search the states of the model, broken in one way or (empty) as it is."""
    flags = [f"-D{breakage}"] if breakage else []
    nearest = ["-DBFS"] if breakage else []  # the shortest way to what breaks, and soon found
    with tempfile.TemporaryDirectory() as place:
        shutil.copy(MODEL, place)
        _call(["spin", *flags, "-a", MODEL.name], place)
        _call(["gcc", "-O2", "-DSAFETY", "-DCOLLAPSE", *nearest, "-o", "pan", "pan.c"], place)
        start = perf_counter()
        said = _call(["./pan", *([] if breakage else [f"-m{_DEEPEST}"])], place)
        return _read(said, perf_counter() - start)


def _call(command: list[str], place: str) -> str:
    done = subprocess.run(
        command, cwd=place, capture_output=True, text=True, timeout=_PATIENCE, check=True
    )
    return done.stdout


def _read(said: str, seconds: float) -> Search:
    states = re.search(r"([\d.e+]+) states, stored", said)
    violation = re.search(r"assertion violated (.*?) \(at depth", said)
    complete = "errors: 0" in said and "max search depth too small" not in said
    return Search(
        int(float(states[1])) if states else 0,
        seconds,
        complete and "Search not completed" not in said,
        _named(violation[1]) if violation else "",
    )


def _named(expression: str) -> str:
    return next((said for part, said in _PROMISES.items() if part in expression), expression)
