"""``xorca serve`` under a crowd: those who are slow do not keep it from those who are not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.benchmarks.slow_clients import SlowClients, allow_files, get
from tests.unit.cli.conftest import HELLO
from tests.unit.cli.dev_stage import PATIENCE
from tests.unit.cli.serve_stage import START, Serve

CROWD = 2_000
FILES = CROWD + 500


async def test_health_answers_in_a_crowd_of_slow_clients(tmp_path: Path) -> None:
    """While 2,000 bodies trickle in, GET /health answers, and so does an event."""
    if not allow_files(FILES):
        pytest.skip(f"this system lets a program open fewer than {FILES} files")
    (tmp_path / "hello.py").write_text(HELLO, "utf-8")

    with await asyncio.to_thread(Serve(tmp_path, "hello").__enter__) as serve:
        found = urlsplit(serve.url)
        address = (str(found.hostname), int(found.port or 0))
        crowd = SlowClients(address, path="/processes/hello", count=CROWD, pause=0.5)
        async with crowd, asyncio.timeout(3 * PATIENCE):
            statuses = [await get(address, "/health") for _ in range(5)]
            answer = await asyncio.to_thread(serve.post, START)
            statuses.append(await get(address, "/health"))
            connected = crowd.connected

    assert statuses == [200] * 6
    assert answer.status_code == 200
    assert connected == CROWD
