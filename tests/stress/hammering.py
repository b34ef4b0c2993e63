"""The hammer as the tests run it: in an interpreter of its own, for its children are forked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
LITTLE = ("--workers", "3", "--subjects", "8")


def run_hammer(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the hammer with few workers; ``environment`` is added to that of the test."""
    return subprocess.run(
        [sys.executable, "-m", "tests.stress.hammer", *LITTLE, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


def assert_promise_held(done: subprocess.CompletedProcess[str]) -> None:
    """See that a run found nothing lost, doubled, torn or sent otherwise."""
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].split() == ["violations", "0"]
