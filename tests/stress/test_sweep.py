"""Callers, workers and sweepers are killed at random: what was committed leaves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_what_killed_callers_have_committed_is_sent() -> None:
    """Ten kills among two callers, a worker and two sweepers; then one last sweep."""
    command = [sys.executable, "-m", "tests.stress.sweep", "--kills", "10", "--seed", "7"]

    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "violations 0"
