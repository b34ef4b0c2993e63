"""Work on a million events in one process, and see that nothing grows and nothing is lost.

``python -m tests.stress.soak --events 1000000 --subjects 10000`` runs the production Runtime on
a SQLite file: 10,000 processes at a time, which end and are started anew, and some that hear
thousands of events and never end; fan-outs, joins, folds, deadlines, repetitions, in any order,
with pruning and sweeping beside. It prints a table of each tenth, and ends with 1 where anything
was lost or applied twice. ``--store`` takes any store URL; of ``memory:``, less is to be seen.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.stress.soak_run import Mark, Soak, Wish
from xorca import open_store

SHOWN = 20
COLUMNS = (
    "events",
    "events/s",
    "RSS MB",
    "files MB",
    "records",
    "tombstones",
    "sides",
    "largest",
    "waiting",
)


def table(marks: Sequence[Mark]) -> str:
    """Give the marks, a line each."""
    lines = [" ".join(f"{name:>10}" for name in COLUMNS)]
    for mark in marks:
        cells = (
            f"{mark.events:,}", f"{mark.rate:,.0f}", f"{mark.resident:.1f}", f"{mark.files:.1f}",
            f"{mark.records:,}", f"{mark.tombstones:,}", f"{mark.sides:,}", f"{mark.largest:,}", f"{mark.waiting:,}",
        )  # fmt: skip
        lines.append(" ".join(f"{cell:>10}" for cell in cells))
    return "\n".join(lines)


def summary(soak: Soak, seconds: float) -> str:
    """Give what was done in all."""
    books = soak.town.books
    rows: dict[str, object] = {
        "processes, started and ended": f"{books.ended:,}",
        "commands sent": f"{books.asked:,}",
        "sent again": f"{books.again:,}",
        "pruned": f"{soak.pruned:,}",
        "swept": f"{soak.swept:,}",
        **{f"events {name}": f"{count:,}" for name, count in sorted(soak.outcomes.items())},
        "days that went by": f"{soak.town.clock.seconds / 86_400:.1f}",
        "seconds": f"{seconds:.0f}",
        "violations": f"{len(soak.wrong())}",
    }
    return "\n".join(f"{name:<36}{value:>12}" for name, value in rows.items())


async def soak(wish: Wish, url: str, place: Path) -> Soak:
    """Soak a store, which lies in a directory."""
    async with open_store(url) as store:
        work = Soak(wish, store, place)
        await work.run()
    return work


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 where something was lost, applied twice or left over."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--subjects", type=int, default=10_000)
    parser.add_argument("--hubs", type=int, default=20, help="how many of them never end")
    parser.add_argument("--days", type=float, default=60.0, help="that go by meanwhile")
    parser.add_argument("--twice", type=float, default=0.05, help="how much comes twice")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", default="", help="a store URL (a SQLite file)")
    given = vars(parser.parse_args(arguments))
    url, began = given.pop("store"), time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        done = asyncio.run(soak(Wish(**given), url or f"sqlite:///{place}/soak.db", Path(place)))
    print(table(done.marks))
    print(summary(done, time.monotonic() - began))
    wrong = done.wrong()
    print(*wrong[:SHOWN], sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    sys.exit(main(sys.argv[1:]))
