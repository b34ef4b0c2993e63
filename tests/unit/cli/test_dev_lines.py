"""What ``xorca dev`` prints of each event."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from xorca import Orchestrator, after, emit, end, on, start
from xorca.cli.dev_lines import Lines
from xorca.fleet import Fleet, Refusal, TryAgain
from xorca.handlers.local import LocalWorker
from xorca.providers.memory import MemoryStore


class Walk(Orchestrator, name="walk"):
    @start
    @emit("cmd.dog.walk")
    def go(self, dog: str) -> str:
        return dog

    @on("evt.dog.walk.success", to=end)
    @emit("notif.dog.tired")
    def back(self, dog: str) -> str:
        if dog == "cat":
            raise ValueError("that was no dog")
        return dog

    @on("evt.dog.walk.error")
    @emit("cmd.dog.catch")
    def runaway(self) -> str:
        return "rope"

    @after(timedelta(seconds=0.3), to=end)
    def late(self) -> None: ...


def walkers() -> Fleet:
    """Give a service that walks, refuses, or wants to be asked again."""
    fleet, tries = Fleet(source="/walkers"), iter(range(100))

    @fleet.serves("cmd.dog.walk")
    async def walk(dog: str) -> str:
        if dog == "wolf":
            raise Refusal("too wild")
        if dog == "sleepy" and next(tries) == 0:
            raise TryAgain("it sleeps")
        return dog

    return fleet


async def lines_of(dog: str, capsys: pytest.CaptureFixture[str], *, until: str = "→") -> list[str]:
    """Walk one dog until its process has ended; give what was printed, without the times."""
    store, fleet = MemoryStore(), walkers()
    async with store, LocalWorker(store, [Walk], fleets=[fleet]) as worker:
        lines = Lines(store, [Walk], [fleet])
        worker.on_outcome(lines.see)
        printing = asyncio.create_task(lines.print_on())
        await worker.send(Walk.start_event(dog, process_id="p", id="s", source="/test"))
        printed = ""
        for _ in range(200):
            await worker.run_until_idle(timeout=1)
            await lines.rest()
            printed += capsys.readouterr().out
            if until in printed and not (await worker.channel.counts()).timers:
                break
            await asyncio.sleep(0.02)
        printing.cancel()
    return [
        line.split("  ", 1)[-1] if line[:1].isdigit() else line for line in printed.splitlines()
    ]


async def test_the_way_of_a_process_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line has the process, the event, the states before and after, and what was sent."""
    printed = await lines_of("Rex", capsys)

    assert printed == [
        "walk/1.0.0/p  xorca.walk.start  → go  ⇒ cmd.dog.walk",
        'walk/1.0.0/p  cmd.dog.walk  served  ⇒ evt.dog.walk.success "Rex"',
        'walk/1.0.0/p  evt.dog.walk.success  go → back  ⇒ notif.dog.tired "Rex"',
    ]


async def test_a_dead_letter_stands_out(capsys: pytest.CaptureFixture[str]) -> None:
    """It is named as such, with what was raised and where."""
    printed = await lines_of("cat", capsys, until="late")

    found = next(line for line in printed if "DEAD LETTER" in line)
    assert "evt.dog.walk.success  ✗ DEAD LETTER (handler-raised)" in found
    assert "ValueError: that was no dog" in found
    assert "test_dev_lines.py:" in found


async def test_a_deadline_is_named_after_its_handler(capsys: pytest.CaptureFixture[str]) -> None:
    """The line tells which deadline came, not what its event is called."""
    printed = await lines_of("cat", capsys, until="late")

    assert "walk/1.0.0/p  deadline late  go → late" in printed


async def test_a_command_that_nobody_serves_is_said_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A warning follows the line that sent it."""
    printed = await lines_of("wolf", capsys, until="late")

    sent = printed.index("walk/1.0.0/p  evt.dog.walk.error  go → runaway  ⇒ cmd.dog.catch")
    assert printed[sent + 1] == "nobody here serves cmd.dog.catch; it is kept for whoever does"


async def test_what_comes_again_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A delivery that was given back says why."""
    printed = await lines_of("sleepy", capsys, until="back")

    assert any("comes again (" in line and "it sleeps" in line for line in printed)
