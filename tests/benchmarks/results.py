"""A run as JSON: what was measured, on what, and when. The structs are the schema."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import msgspec

from tests.benchmarks.figures import Figure
from tests.benchmarks.machine import Machine, this_machine
from tests.benchmarks.sizes import Size

FORMAT = 1
PLACE = Path(__file__).parents[2] / "build" / "bench"
RESULTS, PLOT = PLACE / "bench.json", PLACE / "bench.svg"


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """A run that was kept; ``seconds`` is how long it took."""

    format: int
    date: str
    size: Size
    seconds: float
    machine: Machine
    figures: list[Figure]


class NoResults(Exception):
    """A file does not hold what a run keeps."""


class Run:
    """A run that has begun."""

    def __init__(self, size: Size) -> None:
        self._size, self._machine = size, this_machine()
        self._date = datetime.now(UTC).isoformat(timespec="seconds")
        self._began = monotonic()

    def results(self, figures: Sequence[Figure]) -> Results:
        """Give what is to be kept."""
        seconds = round(monotonic() - self._began, 1)
        return Results(
            format=FORMAT,
            date=self._date,
            size=self._size,
            seconds=seconds,
            machine=self._machine,
            figures=list(figures),
        )

    def keep(self, figures: Sequence[Figure], path: Path) -> Results:
        """Write the figures of this run as JSON."""
        results = self.results(figures)
        write(results, path)
        return results


def write(results: Results, path: Path) -> None:
    """Write a run as JSON, with the verdict and the target as text beside each figure."""
    kept = msgspec.to_builtins(results)
    for each, figure in zip(kept["figures"], results.figures, strict=True):
        each.update(target=figure.target, verdict=figure.verdict)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")


def read(path: Path) -> Results:
    """Read a run that was kept.

    Raises:
        NoResults: the file is not there, or holds something else.
    """
    try:
        results = msgspec.json.decode(path.read_bytes(), type=Results)
    except OSError as error:
        raise NoResults(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise NoResults(
            f"{path} is no result of a benchmark ({error}): make one with `make bench`"
        ) from error
    if results.format != FORMAT:
        raise NoResults(f"{path} has format {results.format}, this reads {FORMAT}: measure anew")
    return results
