"""The check of the hammer finds each way in which the promise can be broken."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from msgspec import Raw

from tests.stress.driver import Driver
from tests.stress.ledger import Entry, Ledger, count_ended, keep_ledger, read_ledger
from tests.stress.plan import Plan
from tests.stress.shift import Shift
from tests.stress.verdict import Evidence, violations
from tests.stress.worker import services
from xorca.engine.record import seal, unseal
from xorca.handlers.local import LocalWorker
from xorca.providers.local import SqliteStore


async def work(place: Path) -> Evidence:
    """Run one process in peace."""
    path, log = place / "hammer.db", place / "one.log"
    fleet = services(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), Random(1))
    async with SqliteStore(path) as store:
        await store.channel.subscribe("driver", ["notif.hammer.*"])
        keep_ledger(path)
        driver = Driver(Plan(kills=0, workers=1, subjects=1, seed=1), store, Random(1))
        listening = asyncio.create_task(driver.listen())
        async with LocalWorker(store, [Shift], fleets=[fleet]) as worker:
            await driver.process("one")
            assert await worker.run_until(lambda: count_ended(path) == (1, 1, 0), timeout=10)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    return Evidence(read_ledger(path), driver.asked, log.read_text().splitlines())


@pytest.fixture(scope="module")
def peace(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """The evidence of a run in which nothing went wrong."""
    return asyncio.run(work(tmp_path_factory.mktemp("peace")))


def test_a_good_run_has_no_violation(peace: Evidence) -> None:
    """The check complains of nothing where nothing is wrong."""
    assert violations(peace) == []
    assert len(peace.ledger.commits) > 10


# -- forgeries: each gives evidence of a run that broke the promise in one way ---------------


def at_end(ledger: Ledger, **changes: object) -> Ledger:
    """Change fields of the last record, in the ledger and in the store alike."""
    last = ledger.commits[-1]
    record = unseal(last.body)
    for name, value in changes.items():
        setattr(record, name, value)
    return with_last(ledger, seal(record))


def with_last(ledger: Ledger, body: bytes) -> Ledger:
    """Replace the bytes of the last record."""
    last = ledger.commits[-1]
    commits = [*ledger.commits[:-1], Entry(last.place, last.name, body)]
    return replace(ledger, commits=commits, stored={last.name: body})


def is_command(entry: Entry) -> bool:
    """Whether the process itself sent it, as the first of its commands."""
    return entry.name.startswith("cmd.")


def without(ledger: Ledger, wrong: Callable[[Entry], bool]) -> Ledger:
    """Leave out publications."""
    return replace(ledger, published=[each for each in ledger.published if not wrong(each)])


def with_commands(ledger: Ledger, change: Callable[[Entry], Entry]) -> Ledger:
    """Change every publication of a command."""
    published = [change(each) if is_command(each) else each for each in ledger.published]
    return replace(ledger, published=published)


def memory_of(ledger: Ledger, old: bytes, new: bytes) -> Ledger:
    """Replace text in the memory of the last record."""
    memory = bytes(unseal(ledger.commits[-1].body).memory)
    assert old in memory
    return at_end(ledger, memory=Raw(memory.replace(old, new, 1)))


FORGERIES: dict[str, Callable[[Ledger], Ledger]] = {
    "torn record": lambda ledger: with_last(ledger, ledger.commits[-1].body[:-40] + b"x" * 40),
    "damaged file": lambda ledger: replace(ledger, damage="row 1 missing from index"),
    "not drained": lambda ledger: replace(ledger, left_over=1),
    "what is stored is not what was committed last": lambda ledger: replace(
        ledger, stored={ledger.commits[-1].name: ledger.commits[-2].body}
    ),
    "has revision": lambda ledger: replace(
        ledger, commits=[*ledger.commits[:3], *ledger.commits[4:]]
    ),
    "began another life": lambda ledger: at_end(ledger, incarnation="another"),
    "lost what was applied before": lambda ledger: memory_of(ledger, b"start-one", b"start-two"),
    "was applied 2 times": lambda ledger: memory_of(ledger, b"tick-one-1", b"tick-one-0"),
    "tick-one-1 was never applied": lambda ledger: memory_of(ledger, b"tick-one-1", b"tick-one-0"),
    "was applied and never sent": lambda ledger: memory_of(ledger, b"tick-one-1", b"tick-two-1"),
    "wrote down": lambda ledger: memory_of(ledger, b'"count":', b'"count":1'),
    "went from": lambda ledger: at_end(ledger, state="pairing"),
    "never ended": lambda ledger: at_end(ledger, status="active"),
    "was never sent": lambda ledger: without(ledger, is_command),
    "was sent and never committed": lambda ledger: replace(ledger, commits=ledger.commits[:-1]),
    "was sent before its commit": lambda ledger: with_commands(
        ledger, lambda entry: replace(entry, place=0)
    ),
    "was sent with other bytes": lambda ledger: with_commands(
        ledger, lambda entry: replace(entry, body=entry.body.replace(b'"round":', b'"round":1'))
    ),
}


@pytest.mark.parametrize("sign", FORGERIES)
def test_every_breach_is_found(peace: Evidence, sign: str) -> None:
    """Evidence with one thing forged gives a sentence that names the breach."""
    forged = replace(peace, ledger=FORGERIES[sign](peace.ledger))

    found = violations(forged)

    assert any(sign in sentence for sentence in found), found


def test_a_command_that_no_service_saw_is_found(peace: Evidence) -> None:
    """A command that was sent must also arrive."""
    found = violations(replace(peace, logs=[]))

    assert found
    assert all("no service ever saw" in sentence for sentence in found)


def test_other_bytes_at_a_service_are_found(peace: Evidence) -> None:
    """What a service writes down is compared with what was committed."""
    logs = [line[:-1] + "-" if line.startswith("served") else line for line in peace.logs]

    assert any("saw other bytes" in sentence for sentence in violations(replace(peace, logs=logs)))


def test_a_process_that_was_lost_is_found(peace: Evidence) -> None:
    """Every process that was asked for must be there, and no other."""
    asked = {"hammer.shift/1.0.0/two": next(iter(peace.asked.values()))}

    found = violations(replace(peace, asked=asked))

    assert "hammer.shift/1.0.0/one: nobody asked for it" in found
    assert "hammer.shift/1.0.0/two: there are 0 records of it" in found
