"""The benchmarks still run. What they measure is no matter of a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("script", ["cost", "growth", "memory", "imports", "fan_out"])
def test_a_benchmark_runs(tmp_path: Path, script: str) -> None:
    """With tiny sizes a script prints and keeps its figures, each with a unit."""
    kept = tmp_path / "figures.json"
    command = [sys.executable, "-m", f"tests.benchmarks.{script}", "--smoke", "--json", str(kept)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    figures = json.loads(kept.read_text(encoding="utf-8"))["figures"]
    assert figures
    assert all(each["unit"] and each["name"].strip() in done.stdout for each in figures)
