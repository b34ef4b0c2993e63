"""``xorca sweep`` and ``xorca redrive``, on a store whose workers were killed."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import HELLO, Call
from tests.unit.runtime.mending import Order
from tests.unit.support import stage, starting
from xorca.cli.dev_worker import sweep_on
from xorca.errors import Unavailable
from xorca.events import Event
from xorca.ports import Page, Query
from xorca.providers.local import SqliteStore
from xorca.providers.memory import MemoryBus, MemoryStore

URL = "sqlite:///./state.db"
STORE = ("--store", URL)
NOW = ("--older-than", "0s")

SHOP = """
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from xorca import Orchestrator, after, emit, end, on, start


@dataclass
class Order:
    amount: int


def broken():
    return Path("broken").exists()


class Billing(Orchestrator, name="billing"):
    @start
    @emit("cmd.invoice.write")
    def ask(self, order: Order) -> Order:
        if broken():
            raise ValueError(order.amount)
        return order

    @on("evt.invoice.write.success", to=end)
    def written(self) -> None: ...

    @after(timedelta(milliseconds=50), to=end)
    @emit("notif.late")
    def late(self) -> str:
        return "late"
"""

KILLED = """
import asyncio, os, signal, sys

from shop import Billing, Order
from xorca import Runtime, open_store


class Killed:
    async def publish(self, events):
        os.kill(os.getpid(), signal.SIGKILL)


async def main(*ids):
    async with open_store("sqlite:///./state.db") as store:
        runtime = Runtime([Billing], store=store, bus=Killed(), alarm=store.alarm)
        if sys.argv[1] == "redrive":
            await runtime.redrive("billing/1.0.0/o-1")
        else:
            await runtime.handle(Billing.start_event(Order(5), process_id="o-1"))


asyncio.run(main())
"""


@pytest.fixture
def shop(here: Path) -> Path:
    """A directory with a class that is broken while a file is there."""
    (here / "shop.py").write_text(SHOP)
    (here / "killed.py").write_text(KILLED)
    return here


def kill(place: Path, what: str) -> None:
    """Run a worker that is killed between its commit and its publish."""
    done = subprocess.run([sys.executable, "killed.py", what], cwd=place, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


def published(place: Path) -> list[Event]:
    """Give what lies in the channel of the store."""

    async def receive() -> list[Event]:
        async with SqliteStore(place / "state.db") as store:
            await store.channel.subscribe("watch", ["*"])
            return [delivery.event for delivery in await store.channel.receive("watch")]

    return asyncio.run(receive())


def test_what_a_killed_worker_had_committed_is_sent(shop: Path, call: Call) -> None:
    """SIGKILL between commit and publish; the command arrives, once."""
    kill(shop, "start")

    first = call("sweep", *STORE, *NOW)
    second = call("sweep", *STORE, *NOW)

    assert first.exit_code == second.exit_code == 0
    assert "looked at 1 process: sent 1 event, " in first.stdout
    assert "sent 0 events" in second.stdout
    commands = [event for event in published(shop) if event.type == "cmd.invoice.write"]
    assert [json.loads(event.data or b"") for event in commands] == [{"amount": 5}]


def test_a_deadline_fires_though_the_table_of_timers_was_emptied(shop: Path, call: Call) -> None:
    """A lost wake-up is set again, and the worker that comes next takes it."""
    kill(shop, "start")
    with sqlite3.connect(shop / "state.db") as connection:
        connection.execute("DELETE FROM timer")
    connection.close()
    time.sleep(0.06)  # its deadline, set by its very commit, is missed only when it has passed

    swept = call("sweep", *STORE, *NOW)
    took = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(WORK)], cwd=shop, check=False, timeout=60
    )

    assert "set 1 wake-up" in swept.stdout
    assert took.returncode == 0
    assert "ended" in call("show", "o-1", *STORE).stdout


WORK = """
    import asyncio
    from shop import Billing
    from xorca import open_store
    from xorca.handlers.local import LocalWorker
    from xorca.runtime.reading import describe

    async def main():
        async with open_store("sqlite:///./state.db") as store:
            async with LocalWorker(store, [Billing]) as worker:
                for _ in range(200):
                    found = await describe(store, "billing/1.0.0/o-1")
                    if found.status == "ended":
                        return 0
                    await asyncio.sleep(0.05)
        return 1

    raise SystemExit(asyncio.run(main()))
"""


def test_a_young_process_is_left_alone(shop: Path, call: Call) -> None:
    """Two minutes are the default; its deadline does not wait for them."""
    kill(shop, "start")

    result = call("sweep", *STORE)

    assert "sent 0 events" in result.stdout


@pytest.mark.parametrize(("name", "sent"), [("billing", 1), ("other", 0)])
def test_only_one_orchestrator_is_swept(shop: Path, call: Call, name: str, sent: int) -> None:
    """The name says which."""
    kill(shop, "start")

    result = call("sweep", *STORE, *NOW, "--name", name, "--json")

    assert json.loads(result.stdout)["published"] == sent


def test_a_damaged_record_is_named_and_the_code_is_1(shop: Path, call: Call) -> None:
    """The rest is swept."""
    kill(shop, "start")
    with sqlite3.connect(shop / "state.db") as connection:
        connection.execute("UPDATE record SET body = x'00'")
    connection.close()

    result = call("sweep", *STORE, *NOW)

    assert result.exit_code == 1
    assert "billing/1.0.0/o-1" in result.stderr
    assert "no record of xorca" in result.stderr
    assert "Traceback" not in result.output


WRONG = pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("sweep",), "which store?"),
        (("sweep", "--store", "sqlite:///./nothing.db"), "there is no store"),
        (("sweep", "--store", "file:./state"), "no channel"),
        (("sweep", *STORE, "--older-than", "soon"), "'soon' is no length of time"),
        (("sweep", *STORE, "--bus", "pigeon:post"), "nobody here offers such a bus"),
        (("redrive", "shop.py", "--store", "sqlite:///./nothing.db"), "there is no store"),
        (("redrive", "nothing.py", *STORE), "there is no file nothing.py"),
        (("redrive", "shop.py", "nobody", *STORE), "no process 'nobody' of billing"),
        (("redrive", "shop.py", "billing/1.0.0/nobody", *STORE), "billing/1.0.0/nobody"),
        (("redrive", "shop.py", "o-1", "--id", "nothing", *STORE), "'nothing'"),
    ],
)


@WRONG
def test_wrong_use_is_one_sentence(
    shop: Path, call: Call, arguments: tuple[str, ...], sentence: str
) -> None:
    """Exit code 2, and no traceback."""
    kill(shop, "start")
    (shop / "state").mkdir()

    result = call(*arguments)

    assert result.exit_code == 2, result.output
    assert sentence in result.stderr
    assert "Traceback" not in result.output


# -- redrive ------------------------------------------------------------------------------


@pytest.fixture
def dead(shop: Path, call: Call) -> Path:
    """A store with one start that has failed; the fix is deployed."""
    (shop / "broken").touch()
    start = ("--data", '{"amount": 5}', "--process-id", "o-1")
    assert call("run", "shop.py", *start, *STORE).exit_code == 1
    (shop / "broken").unlink()
    return shop


def test_letters_are_listed_with_cause_and_place(dead: Path, call: Call) -> None:
    """What, why, where, and which event; nothing is changed."""
    result = call("redrive", "shop.py", *STORE, "--list")

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[0] == "billing/1.0.0/o-1"
    assert lines[1].startswith("  xorca.billing.start  handler-raised  ")
    assert lines[2] == "      'ask' raised ValueError (shop.py:23)"
    assert lines[3].startswith("      /xorca/cli  ")
    assert "failed" in call("show", "o-1", *STORE).stdout


def test_a_rehearsal_changes_nothing(dead: Path, call: Call) -> None:
    """It says what would become of the letters."""
    result = call("redrive", "shop.py", "o-1", *STORE, "--dry-run")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "billing/1.0.0/o-1  (nothing is changed)",
        "  xorca.billing.start  applied (ask) → ask",
    ]
    assert "failed" in call("show", "o-1", *STORE).stdout


@pytest.mark.parametrize("process", ["", "o-1", "billing/1.0.0/o-1"])
def test_what_was_dead_is_applied(dead: Path, call: Call, process: str) -> None:
    """All of them, or of one process by its id or subject; then there is none."""
    named = (process,) if process else ()

    result = call("redrive", "shop.py:Billing", *named, *STORE)

    assert result.exit_code == 0, result.output
    assert "xorca.billing.start  applied (ask) → ask" in result.stdout
    assert "active in ask" in call("show", "o-1", *STORE).stdout
    assert "no dead letter" in call("redrive", "shop.py", *named, *STORE).stderr
    assert [e.type for e in published(dead)].count("cmd.invoice.write") == 1


def test_what_fails_again_has_the_code_1(dead: Path, call: Call) -> None:
    """And says why, with the text of the exception: this is the author's screen."""
    (dead / "broken").touch()

    result = call("redrive", "shop.py", *STORE)

    assert result.exit_code == 1
    assert "  xorca.billing.start  dead (handler-raised)" in result.stdout
    assert "ValueError: 5" in result.stdout
    assert result.stderr == ""


def test_a_redrive_that_was_killed_is_finished_by_the_next(dead: Path, call: Call) -> None:
    """SIGKILL between commit and publish: the command arrives, once."""
    kill(dead, "redrive")

    result = call("redrive", "shop.py", "o-1", *STORE)

    assert result.exit_code == 0
    assert "no dead letter" in result.stderr
    assert [e.type for e in published(dead)].count("cmd.invoice.write") == 1


def test_a_redrive_that_was_killed_is_finished_by_a_sweep(dead: Path, call: Call) -> None:
    """As anything that was committed."""
    kill(dead, "redrive")

    call("sweep", *STORE, *NOW)

    assert [e.type for e in published(dead)].count("cmd.invoice.write") == 1


def test_letters_of_other_orchestrators_are_not_touched(dead: Path, call: Call) -> None:
    """MODULE says whose they are."""
    (dead / "first.py").write_text(HELLO)

    result = call("redrive", "first.py", *STORE)

    assert "no dead letter" in result.stderr
    assert "failed" in call("show", "o-1", *STORE).stdout


async def test_a_worker_that_is_developed_with_sweeps_now_and_then() -> None:
    """What a caller left behind three minutes ago leaves."""
    play = stage(Order, bus=Bell())
    await play.worker().handle(starting(Order), publish=False)
    play.clock.advance(180)

    sweeping = asyncio.create_task(sweep_on(play.runtime, pause=0.001))
    async with asyncio.timeout(20):
        await play.bus.sent.wait()
    sweeping.cancel()

    assert play.names() == ["cmd.price.get"]


async def test_a_sweep_that_fails_does_not_end_the_sweeping(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is told, and tried again."""
    play = stage(Order, bus=Bell())
    await play.worker().handle(starting(Order), publish=False)
    play.clock.advance(180)
    play.runtime.store = AwayOnce(play.store)
    play.runtime._changer.store = play.runtime.store

    sweeping = asyncio.create_task(sweep_on(play.runtime, pause=0.001))
    async with asyncio.timeout(20):
        await play.bus.sent.wait()
    sweeping.cancel()

    assert "cannot sweep: Unavailable: away" in caplog.text


class Bell(MemoryBus):
    """A bus that says when something was published."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = asyncio.Event()

    async def publish(self, events: Sequence[Event]) -> None:
        """Publish, and say so."""
        await super().publish(events)
        self.sent.set()


class AwayOnce:
    """A store whose first listing fails."""

    def __init__(self, inner: MemoryStore) -> None:
        self.inner, self.away = inner, True

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """List, but not the first time."""
        if self.away:
            self.away = False
            raise Unavailable("away")
        return await self.inner.list(query, after=after, limit=limit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)
