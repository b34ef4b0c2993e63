"""A fleet that is killed: what its memory promises, and what it cannot."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.fleet.library import new_store
from xorca.ports import Query

ROOT = Path(__file__).parents[3]
DURABLE = ("sqlite", "files")


def begin(kind: str, place: Path, stall: str) -> subprocess.Popen[bytes]:
    """Start a process that serves the one command."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.unit.fleet.killable", kind, str(place), stall],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def kill_at(kind: str, place: Path, stall: str) -> None:
    """Have the command served, and kill the process where it stands still."""
    with begin(kind, place, stall) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.kill()
        errors = process.communicate()[1]
    assert said.decode().strip() == stall, errors.decode()
    assert process.returncode == -signal.SIGKILL


def serve(kind: str, place: Path) -> str:
    """Have the command served to the end; give the status of its outcome."""
    with begin(kind, place, "never") as process:
        said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors.decode()
    return said.decode().strip()


def lines(path: Path) -> list[bytes]:
    """Give the lines of a file, none if it is not there."""
    return path.read_bytes().splitlines() if path.exists() else []


async def remembered(kind: str, place: Path) -> list[list[object]]:
    """Give the events that each entry remembers."""
    async with new_store(kind, place) as store:
        page = await store.list(Query(prefix="_fleet/"))
        found = [await store.load(item.key) for item in page.items]
    return [json.loads(stored.body)["sent"] for stored in found if stored is not None]


@pytest.mark.parametrize("kind", DURABLE)
async def test_killed_after_the_memory_it_executed_once(kind: str, tmp_path: Path) -> None:
    """The next process answers with what the killed one had written, byte for byte."""
    kill_at(kind, tmp_path, "publish")
    assert lines(tmp_path / "published") == []
    [written] = await remembered(kind, tmp_path)

    statuses = [serve(kind, tmp_path), serve(kind, tmp_path)]

    published = lines(tmp_path / "published")
    assert len(lines(tmp_path / "effects")) == 1
    assert statuses == ["duplicate", "duplicate"]
    assert published[:2] == published[2:]
    assert [json.loads(line) for line in published[:2]] == written


@pytest.mark.parametrize("kind", DURABLE)
async def test_killed_between_effect_and_memory_it_executes_twice(
    kind: str, tmp_path: Path
) -> None:
    """The stated limit; the idempotency key of both runs is the same, and is the cure."""
    kill_at(kind, tmp_path, "save")
    assert await remembered(kind, tmp_path) == []

    statuses = [serve(kind, tmp_path), serve(kind, tmp_path)]

    effects = lines(tmp_path / "effects")
    assert len(effects) == 2
    assert len(set(effects)) == 1
    assert statuses == ["applied", "duplicate"]
    assert len(set(lines(tmp_path / "published"))) == 2
