"""The long run: ``python -m tests.simulation.prove --schedules 100000 --seed 1``.

The crash matrix, random schedules, every order of two workers, the mutants, and the model,
one after the other; each prints its own table.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.model.checker import missing_tools
from tests.simulation.duels import DUELS
from tests.simulation.interleavings import explore

LARGE = frozenset({"three workers, one event", "three workers, three events"})
"""Duels with far too many orders: of those that differ in nothing that matters, one is run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all of it; 1 where something was wrong."""
    parser = argparse.ArgumentParser(prog="prove", description=__doc__)
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args(arguments)
    count, first, jobs = str(asked.schedules), str(asked.seed), str(asked.jobs)
    failed = [
        _run("crash matrix", "tests.simulation.matrix", "--jobs", jobs),
        _run(
            "random schedules", "tests.simulation",
            "--schedules", count, "--first", first, "--jobs", jobs,
        ),
        _run(
            "random schedules, wake-ups in the commit", "tests.simulation", "--arming",
            "--schedules", str(asked.schedules // 10), "--first", first, "--jobs", jobs,
        ),
        _interleavings(asked.jobs),
        _run("mutants", "tests.simulation.mutants", "--jobs", jobs),
        _model(),
    ]  # fmt: skip
    return 1 if any(failed) else 0


def _run(title: str, module: str, *arguments: str) -> bool:
    """Run a module in a process of its own; True if it failed."""
    print(f"\n== {title}: python -m {' '.join([module, *arguments])}", flush=True)
    began = time.perf_counter()
    code = subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode
    print(f"{title}: {time.perf_counter() - began:.0f} s", flush=True)
    return code != 0


def _model() -> bool:
    if missing := missing_tools():
        print(f"\n== model: passed over, for {' and '.join(missing)} is not installed")
        return False
    return _run("model", "tests.model")


def _interleavings(jobs: int) -> bool:
    print("\n== interleavings: every order of the calls of two workers", flush=True)
    wrong = 0
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for name, orders, failures in pool.map(_duel, DUELS):
            wrong += len(failures)
            what = "  (really different ones)" if name in LARGE else ""
            print(f"{name:<40}{orders:>10,} orders  {len(failures)} wrong{what}", flush=True)
            print(*failures[:3], sep="\n", end="\n" if failures else "")
    return bool(wrong)


def _duel(name: str) -> tuple[str, int, list[str]]:
    logging.disable(logging.CRITICAL)
    found = explore(DUELS[name], reduced=name in LARGE)
    failures = [f"{name} in the order {order}: {lines[0]}" for order, lines in found.failures]
    return name, found.orders, failures


if __name__ == "__main__":
    sys.exit(main())
