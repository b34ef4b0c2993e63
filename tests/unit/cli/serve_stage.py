"""``xorca serve`` as a program of its own, and requests to it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.unit.cli.dev_stage import PATIENCE, environment, wait_until

STORE = "sqlite:///./state.db"
START = {
    "specversion": "1.0",
    "id": "s-1",
    "source": "/tests",
    "type": "xorca.hello.start",
    "processid": "ada",
    "data": {"name": "Ada"},
}


class Serve:
    """One run of ``xorca serve`` on a free port; on leaving, whatever is left of it is killed."""

    def __init__(
        self,
        place: Path,
        *arguments: str,
        store: str = STORE,
        variables: dict[str, str] | None = None,
    ) -> None:
        self.log = place / "serve.log"
        command = [sys.executable, "-m", "xorca", "serve", *arguments, "--port", "0"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--store", store],
                cwd=place,
                env=environment() | (variables or {}),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Serve:
        wait_until(
            lambda: "ready at " in self.output or self.process.poll() is not None,
            lambda: self.output,
        )
        return self

    def __exit__(self, *_: object) -> None:
        for member in self.family():
            member.kill()
        self.process.wait(PATIENCE)

    @property
    def output(self) -> str:
        """Give everything that was printed so far."""
        return self.log.read_text(encoding="utf-8")

    @property
    def url(self) -> str:
        """Give where it serves."""
        found = re.search(r"ready at (\S+)", self.output)
        assert found, self.output
        return found[1]

    def family(self) -> list[psutil.Process]:
        """Give the program and its workers."""
        try:
            head = psutil.Process(self.process.pid)
            return [head, *head.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def get(self, path: str) -> httpx.Response:
        """Ask for a path."""
        return httpx.get(f"{self.url}{path}", timeout=PATIENCE, trust_env=False)

    def post(self, event: dict[str, Any], path: str = "/", **headers: str) -> httpx.Response:
        """Post an event in structured mode."""
        return httpx.post(
            f"{self.url}{path}",
            content=json.dumps(event).encode(),
            headers={"content-type": "application/cloudevents+json", **headers},
            timeout=PATIENCE,
            trust_env=False,
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal to the program and give its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)
