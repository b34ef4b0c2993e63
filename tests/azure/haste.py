"""Azurite with a clock that is fast, and an event loop whose clock is just as fast.

A lease of Azure lasts at least 15 seconds. So that tests need not wait for one to run out,
server and client both live faster; neither they nor the contract know of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.fixtures import node_program
from tests.emulators.serving import free_port, serving

RATE = 8
CLOCK = Path(__file__).with_name("hasty_clock.cjs")


@pytest.fixture(scope="session")
def hasty_azurite() -> Iterator[str]:
    """Serve blobs by a clock that is RATE times as fast; newer versions of the protocol are refused."""
    port = free_port()
    command = [
        node_program("azurite-blob"),
        *("--silent", "--inMemoryPersistence", "--disableTelemetry"),
        *("--blobHost", "127.0.0.1", "--blobPort", str(port)),
    ]
    env = {"NODE_OPTIONS": f"--require {CLOCK}", "CLOCK_RATE": str(RATE)}
    with serving(command, port, env) as url:
        yield f"{url}/devstoreaccount1"


@pytest.fixture
async def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the loop of this test live RATE times as fast."""
    loop: Any = asyncio.get_running_loop()  # its selector is not public
    time, select = loop.time, loop._selector.select
    began = time()
    monkeypatch.setattr(loop, "time", lambda: began + (time() - began) * RATE)
    monkeypatch.setattr(
        loop._selector, "select", lambda timeout: select(timeout and timeout / RATE)
    )
