"""``xorca dev`` as a program of its own, whose output can be waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[3]
PATIENCE = 40.0
STORE = "sqlite:///./.xorca/dev.db"


def environment() -> dict[str, str]:
    """Give what a program needs to find xorca."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("XORCA_")}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


def xorca(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of xorca to its end."""
    return subprocess.run(
        [sys.executable, "-m", "xorca", *arguments],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


class Dev:
    """One run of ``xorca dev``; on leaving, whatever is left of it is killed."""

    def __init__(self, place: Path, *arguments: str) -> None:
        self.log = place / "dev.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "xorca", "dev", *arguments],
                cwd=place,
                env=environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Dev:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def output(self) -> str:
        """Give everything that was printed so far."""
        return self.log.read_text(encoding="utf-8")

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until a text was printed so often."""
        wait_until(lambda: self.output.count(text) >= times, lambda: f"{text!r}\n{self.output}")

    def family(self) -> list[psutil.Process]:
        """Give the program and its worker."""
        try:
            head = psutil.Process(self.process.pid)
            return [head, *head.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """Kill the program and its worker, with no word to either."""
        family = self.family()
        for member in family:
            member.kill()
        psutil.wait_procs(family, timeout=PATIENCE)
        self.process.wait(PATIENCE)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask the program to end, and give its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def wait_until(holds: Callable[[], bool], what: Callable[[], str]) -> None:
    """Look again and again, until it holds or patience is at its end."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, what()
        time.sleep(0.05)
