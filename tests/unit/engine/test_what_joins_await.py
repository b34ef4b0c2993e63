"""What a join waits for: what was sent last, once, and nothing that was never sent."""

from __future__ import annotations

import pytest

from tests.unit.support import Number, Stage, Text, answer, data_of, stage, told
from xorca import Final, Orchestrator, State, all_of, anywhere, emit, on, start
from xorca.engine.awaiting import all_answered
from xorca.runtime import Limits


class Later(Orchestrator, name="t.later"):
    """It asks one at once and another only when a bell rings; then it is open to complaints."""

    open = State()
    closed = State()
    done = Final()

    @start(to=open)
    @emit("cmd.a.get", "cmd.b.get")
    def begin(self) -> tuple[Text, Text | None]:
        return Text("a"), None

    @on("evt.bell.rang", at=open)
    @emit("cmd.b.get")
    def ask(self) -> Text:
        return Text("b")

    @on("evt.horn.blew", at=open)
    @emit("cmd.a.get")
    def ask_again(self) -> Text:
        return Text("a again")

    @on(all_of("evt.a.get.success", "evt.b.get.success"), at=open, to=closed)
    @emit("notif.all")
    def both(self, a: Text, b: Text | None) -> Text:
        return Text(a.text + (b.text if b is not None else "-"))

    @on("evt.a.get.error", at=(open, closed), to=done)
    def complained(self) -> None: ...

    @on("evt.human.left", at=anywhere, to=done)
    def left(self) -> None: ...


async def later() -> Stage:
    """Give a started process of Later."""
    play = stage(Later)
    await play.start()
    return play


async def test_a_command_that_is_sent_after_all_is_waited_for() -> None:
    """First it counted as arrived, for it was not sent; now it is."""
    play = await later()
    await play.say("evt.bell.rang")

    first = await play.reply("cmd.a.get", Text("A"))
    last = await play.reply("cmd.b.get", Text("B"))

    assert [told(first), told(last)] == [("applied", "gathered"), ("applied", "both")]
    assert data_of(play.command("notif.all")) == {"text": "AB"}


async def test_a_command_that_is_sent_again_after_its_answer_goes_with_the_join() -> None:
    """The answer that came first stands; one to the command sent again is stale."""
    play = await later()
    await play.say("evt.bell.rang")
    await play.reply("cmd.a.get", Text("A"))
    await play.say("evt.horn.blew")
    await play.reply("cmd.b.get", Text("B"))

    late = await play.reply("cmd.a.get", verdict="error")

    assert data_of(play.command("notif.all")) == {"text": "AB"}
    assert told(late) == ("ignored", "stale")
    assert (await play.record()).state == "closed"


class Rounds(Orchestrator, name="t.rounds"):
    """Joins that stay: of a fan-out, and of two commands that may both be left out."""

    rounds: list[str] = []

    open = State()
    done = Final()

    @start(to=open)
    def begin(self) -> None: ...

    @on("evt.bell.rang", at=open)
    @emit("cmd.part.get")
    def fan_out(self, many: Number) -> list[Text]:
        return [Text(str(at)) for at in range(many.value)]

    @on("evt.horn.blew", at=open)
    @emit("cmd.a.get", "cmd.b.get")
    def ask(self, which: Text) -> tuple[Text | None, Text | None]:
        return (
            Text("a") if "a" in which.text else None,
            Text("b") if "b" in which.text else None,
        )

    @on("evt.part.get.success", at=open)
    def parts(self, parts: list[Text]) -> None:
        self.rounds.append(" ".join(part.text for part in parts))

    @on(all_of("evt.a.get.success", "evt.b.get.success"), at=open)
    def both(self, a: Text | None, b: Text | None) -> None:
        self.rounds.append(f"{a.text if a else '-'}{b.text if b else '-'}")

    @on("evt.human.left", at=open, to=done)
    def left(self) -> None: ...


async def rounds(play: Stage) -> list[str]:
    """Give what the joins of Rounds were given."""
    found: list[str] = (await play.memory())["rounds"]
    return found


@pytest.mark.parametrize("many", [0, 2])
async def test_a_list_join_that_stays_is_taken_once_for_each_fan_out(many: int) -> None:
    """Its fan-out goes with what it took, and the next begins another round."""
    play = stage(Rounds, limits=Limits(cascade=50))
    await play.start()

    for name in "xy":
        sent = len(play.sent("cmd.part.get"))
        rung = await play.say("evt.bell.rang", Number(many))
        for command in play.sent("cmd.part.get")[sent:]:
            await play.give(answer(command, Text(name)))
        assert rung.status == "applied"

    expected = ["", ""] if many == 0 else ["x x", "y y"]
    assert await rounds(play) == expected


async def test_a_join_that_stays_is_taken_once_where_nothing_was_sent() -> None:
    """What was left out goes with the join, too; what is sent next is waited for."""
    play = stage(Rounds, limits=Limits(cascade=50))
    await play.start()

    none = await play.say("evt.horn.blew", Text(""))
    after_none = await rounds(play)
    await play.say("evt.horn.blew", Text("ab"))
    await play.reply("cmd.b.get", Text("B"))
    await play.reply("cmd.a.get", Text("A"))

    assert none.status == "applied"
    assert after_none == ["--"]
    assert await rounds(play) == ["--", "AB"]


class Moves(Orchestrator, name="t.moves"):
    """It moves on when its helpers have failed, and is past caring."""

    asking = State()
    alone = State()
    done = Final()

    @start(to=asking)
    @emit("cmd.part.get", "cmd.a.get", "cmd.b.get")
    def begin(self) -> tuple[list[Text], Text, Text]:
        return [Text("1"), Text("2")], Text("a"), Text("b")

    @on("evt.part.get.error", at=asking)
    def one_failed(self) -> None: ...

    @on(all_of("evt.a.get.success", "evt.b.get.success"), at=asking, to=done)
    def both(self, a: Text, b: Text) -> None: ...

    @on("evt.bell.rang", at=asking, to=alone)
    def move(self) -> None: ...

    @on("evt.human.left", at=alone, to=done)
    def left(self) -> None: ...


async def test_what_was_wholly_answered_is_forgotten_with_its_state() -> None:
    """What is still open is kept, and an answer that names none is no dead letter."""
    play = stage(Moves)
    await play.start()
    parts = play.sent("cmd.part.get")
    for command in parts:
        await play.give(answer(command, verdict="error"))
    await play.reply("cmd.a.get", Text("A"))
    assert all_answered((await play.record()).awaited["cmd.part.get"])

    await play.say("evt.bell.rang")
    late = await play.give(answer(parts[0], verdict="error", causation=False))

    record = await play.record()
    assert list(record.awaited) == ["cmd.b.get"]
    assert told(late) == ("ignored", "unasked")
    assert record.dead == []
