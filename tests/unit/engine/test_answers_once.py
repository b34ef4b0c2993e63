"""Answers count once: by the command that they name, or by the inbox if they name none."""

from __future__ import annotations

import pytest

from tests.unit.support import BEGIN, Stage, Text, answer, stage, told
from xorca import Final, Orchestrator, State, emit, on, start
from xorca.engine.inbox import has_seen
from xorca.runtime import Limits


class Asks(Orchestrator, name="t.asks"):
    """It counts what it is answered, and asks again when a bell rings."""

    answers: int = 0

    asking = State()
    done = Final()

    @start(to=asking)
    @emit("cmd.a.get")
    def begin(self) -> Text:
        return Text("first")

    @on("evt.bell.rang", at=asking)
    @emit("cmd.a.get")
    def again(self) -> Text:
        return Text("again")

    @on("evt.a.get.success", at=asking)
    def answered(self) -> None:
        self.answers += 1

    @on("evt.human.left", at=asking, to=done)
    def close(self) -> None: ...


async def counted(play: Stage) -> int:
    """Give how many answers the process has counted."""
    found: int = (await play.memory())["answers"]
    return found


async def test_a_command_that_was_answered_is_awaited_no_more() -> None:
    """Where the process stays as well: another answer to it, under another id, is stale."""
    play = stage(Asks)
    await play.start()
    command = play.command("cmd.a.get")
    first = await play.give(answer(command))

    second = await play.give(answer(command))

    assert told(first) == ("applied", "answered")
    assert told(second) == ("ignored", "stale")
    assert await counted(play) == 1


async def test_an_answer_without_causation_is_taken_once_for_a_command() -> None:
    """Another one, of another id, answers nothing."""
    play = stage(Asks)
    await play.start()
    command = play.command("cmd.a.get")
    await play.give(answer(command, causation=False))

    second = await play.give(answer(command, causation=False))

    assert told(second) == ("ignored", "unasked")
    assert await counted(play) == 1


async def test_an_answer_without_causation_is_known_by_its_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is not taken again for a later command of the same name."""
    monkeypatch.setattr("xorca.engine.inbox.KEPT", 2)
    play = stage(Asks)
    await play.start()
    old = answer(play.command("cmd.a.get"), causation=False)
    await play.give(old)
    for _ in range(5):
        await play.say("evt.bell.rang")
    record = await play.record()
    assert record.pages
    assert not has_seen(record, old.key)

    again = await play.give(old)

    assert told(again) == ("duplicate", "seen")
    assert await counted(play) == 1
    assert told(await play.give(answer(play.command("cmd.a.get")))) == ("applied", "answered")


async def test_an_answer_without_causation_that_is_too_old_is_dead() -> None:
    """Its key is gone, so nobody can prove that it is none of before; a fresh one is taken."""
    play = stage(Asks, limits=Limits(horizon=1000.0))
    await play.start()
    old = answer(play.command("cmd.a.get"), causation=False)
    old.time = BEGIN.isoformat()
    await play.give(old)
    for _ in range(2):
        play.clock.advance(2000)
        await play.say("evt.bell.rang")
    assert (await play.record()).floor >= BEGIN.timestamp()

    again = await play.give(old)
    fresh = answer(play.command("cmd.a.get"), causation=False)
    fresh.time = play.clock.now().isoformat()

    assert told(again) == ("dead", "stale-unprovable")
    assert await counted(play) == 1
    assert told(await play.give(fresh)) == ("applied", "answered")
