"""A process that is killed between the commit and the publish of a cancel, and what mends it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runtime.test_upkeep_races import Asked, asking
from xorca import Runtime, open_store
from xorca.engine.ids import storage_key
from xorca.engine.record import Record, unseal
from xorca.events import read_event
from xorca.providers.memory import MemoryBus

ROOT = Path(__file__).parents[2]
SUBJECT = "t.asked/1.0.0/p"

VICTIM = """
import asyncio, sys, time
from tests.unit.runtime.test_upkeep_races import Asked
from xorca import Runtime, open_store

class Stuck:
    async def publish(self, events):
        print(*(event.id for event in events), flush=True)
        time.sleep(60)  # to be killed in

async def main(url):
    async with open_store(url) as store:
        runtime = Runtime([Asked], store=store, bus=Stuck())
        await runtime.cancel("t.asked/1.0.0/p", "why")
        print("not killed", flush=True)

asyncio.run(main(sys.argv[1]))
"""


def kill_in_publish(url: str) -> list[str]:
    """Have another process cancel, kill it as it publishes; give the ids that it had at hand."""
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert victim.stdout is not None
        ids = victim.stdout.readline().split()
    finally:
        victim.kill()
        rest, _ = victim.communicate()
    assert rest == ""
    assert victim.returncode == -9
    return ids


async def begin(url: str) -> None:
    """Start the process that is to be cancelled; what it asks leaves."""
    async with open_store(url) as store:
        await Runtime([Asked], store=store, bus=MemoryBus()).handle(asking())


async def stored(url: str) -> Record:
    """Give the record."""
    async with open_store(url) as store:
        found = await store.load(storage_key("t.asked", "p"))
    assert found is not None
    return unseal(found.body)


@pytest.mark.parametrize("scheme", ["sqlite", "file"])
async def test_a_repeat_sends_what_the_killed_one_had_decided(scheme: str, tmp_path: Path) -> None:
    """The cancel stands, and the repeat publishes the very bytes that were committed."""
    url = f"{scheme}:///{tmp_path}/state"
    await begin(url)

    ids = await asyncio.to_thread(kill_in_publish, url)

    record = await stored(url)
    waiting = [read_event(bytes(out.event)) for out in record.outbox.values()]
    assert (record.status, record.reason) == ("cancelled", "why")
    assert [event.id for event in waiting] == ids
    bus = MemoryBus()
    async with open_store(url) as store:
        status = await Runtime([Asked], store=store, bus=bus).cancel(SUBJECT, "again")
    assert status == "cancelled"
    assert [e.to_json() for e in bus.published] == [e.to_json() for e in waiting]
    assert "evt.thing.do.error" in [event.type for event in bus.published]
    assert await stored(url) == record


async def test_the_command_line_sends_it_to_the_channel(tmp_path: Path) -> None:
    """``xorca cancel`` is such a repeat, and knows no class."""
    url = f"sqlite:///{tmp_path}/state.db"
    await begin(url)
    await asyncio.to_thread(kill_in_publish, url)
    store: Any
    async with open_store(url) as store:
        await store.channel.subscribe("boss", ["evt.thing.do.*"])

    command = [sys.executable, "-m", "xorca", "cancel", SUBJECT, "--store", url]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    async with open_store(url) as store:
        heard = [found.event.type for found in await store.channel.receive("boss")]
    assert (done.returncode, done.stdout) == (0, f"{SUBJECT}  cancelled\n"), done.stderr
    assert heard == ["evt.thing.do.error"]
