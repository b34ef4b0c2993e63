"""Workers that are killed at random keep the promise; workers that are broken do not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the hammer in an interpreter of its own, for its children are forked."""
    command = [sys.executable, "-m", "tests.stress.hammer", "--workers", "3", "--subjects", "8"]
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


def test_nothing_is_lost_when_workers_are_killed() -> None:
    """Eight kills among three workers: every event is applied once, and all of it is sent."""
    done = run("--kills", "8", "--seed", "11")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].split() == ["violations", "0"]


@pytest.mark.parametrize(
    ("sabotage", "sign"),
    [("overwrite", "has revision"), ("forget", "was applied 2 times")],
)
def test_a_broken_protocol_is_found_out(sabotage: str, sign: str) -> None:
    """Saving without a condition loses, and forgetting what was seen applies twice."""
    chances = ("--kills", "4", "--seed", "2", "--lost", "0.4", "--patience", "2")

    done = run(*chances, "--sabotage", sabotage)

    assert done.returncode == 1, done.stdout + done.stderr
    assert sign in done.stdout
