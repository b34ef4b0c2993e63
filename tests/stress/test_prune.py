"""Pruning beside traffic loses nothing and revives nothing; a prune that hurries is found out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tests.stress.prune", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_nothing_is_lost_when_thousands_are_pruned_beside_traffic() -> None:
    """Two pruners, of which one is killed: all of it is sent and gone, and late events do nothing."""
    done = run("--processes", "2000", "--kills", "1", "--seed", "3", "--patience", "60")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].split() == ["violations", "0"]


def test_a_prune_that_waits_for_nothing_is_found_out() -> None:
    """Unsent events are lost, and old starts begin again where no tombstone stands."""
    done = run("--processes", "1000", "--kills", "0", "--patience", "60", "--sabotage", "hurry")

    assert done.returncode == 1, done.stdout + done.stderr
    assert "late start: <Outcome 'cmd.stress.finish' applied (finish)>" in done.stdout
    assert int(done.stdout.partition("violations")[2].split()[0]) >= 1000  # and all that was unsent
