"""A worker that dies between a commit and its answer: the redelivery loses and doubles nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from xorca.providers.local import SqliteStore
from xorca.runtime.reading import describe

ROOT = Path(__file__).parents[2]


def deliver(folder: Path, road: str, when: str) -> int:
    """Let a worker of its own take one delivery; give its exit status."""
    command = [sys.executable, "-m", "tests.azure.killable_function", str(folder), road, when]
    return subprocess.run(command, cwd=ROOT, check=False, timeout=60).returncode


def sent(folder: Path) -> list[bytes]:
    path = folder / "sent.jsonl"
    return path.read_bytes().splitlines() if path.exists() else []


async def items(folder: Path) -> int:
    async with SqliteStore(folder / "state.db") as store:
        found = await describe(store, "shop.basket/1.0.0/a")
    assert found is not None
    return int(found.memory["items"])


@pytest.mark.parametrize(
    ("road", "when"),
    [("event_grid", "commit"), ("service_bus", "commit"), ("storage_queue", "publish")],
)
async def test_a_killed_worker_loses_and_doubles_nothing(
    tmp_path: Path, road: str, when: str
) -> None:
    """The command leaves in the end, always with the same bytes; each event is applied once."""
    killed = deliver(tmp_path, road, when)
    left = sent(tmp_path)
    again = deliver(tmp_path, road, "never")

    assert (killed, again) == (-signal.SIGKILL, 0)
    assert len(left) == (1 if when == "publish" else 0)
    assert len(set(sent(tmp_path))) == 1
    assert await items(tmp_path) == (2 if road == "service_bus" else 0)
