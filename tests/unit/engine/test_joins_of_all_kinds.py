"""Joins with guards, with events that answer no command, in loops, and several of one state."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.support import Number, Text, answer, data_of, event, stage, told
from xorca import Final, Orchestrator, State, all_of, anywhere, emit, end, on, start, stay


class Guarded(Orchestrator, name="t.guarded"):
    """A join with guards, tried in the order written."""

    @start
    @emit("cmd.a.get", "cmd.b.get")
    def asking(self) -> tuple[Text, Text]:
        return Text(""), Text("")

    def is_large(self, a: Number, b: Number) -> bool:
        return a.value + b.value > 10

    def is_even(self, a: Number, b: Number) -> bool:
        if a.value < 0:
            raise ValueError("negative")
        return (a.value + b.value) % 2 == 0

    @on(all_of("evt.a.get.success", "evt.b.get.success"), to=end, when=is_large)
    def large(self, a: Number, b: Number) -> None: ...

    @on(all_of("evt.a.get.success", "evt.b.get.success"), to=end, when=is_even)
    def even(self, a: Number, b: Number) -> None: ...


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (6, 6, ("applied", "large")),
        (1, 1, ("applied", "even")),
        (1, 2, ("dead", "no-guard")),
        (-1, 2, ("dead", "guard-raised")),
    ],
)
async def test_guards_on_a_join(a: int, b: int, expected: tuple[str, str]) -> None:
    """The first that agrees is taken; where none does, the parts are dead-lettered."""
    play = stage(Guarded)
    await play.start()
    await play.reply("cmd.a.get", Number(a))

    outcome = await play.reply("cmd.b.get", Number(b))

    assert told(outcome) == expected


async def test_a_join_that_no_guard_let_pass_may_be_corrected() -> None:
    """Its places are free again."""
    play = stage(Guarded)
    await play.start()
    for _ in range(2):
        await play.reply("cmd.a.get", Number(1))
        last = await play.reply("cmd.b.get", Number(2))
    assert told(last) == ("dead", "no-guard")

    await play.reply("cmd.a.get", Number(2))
    good = await play.reply("cmd.b.get", Number(2))

    assert told(good) == ("applied", "even")


class Foreign(Orchestrator, name="t.foreign"):
    """A join of an answer and of an event that answers no command."""

    @start
    @emit("cmd.a.get")
    def asking(self) -> Text:
        return Text("")

    @on(all_of("evt.a.get.success", "evt.human.agreed"), at=asking, to=end)
    @emit("notif.all")
    def both(self, a: Text, human: Text) -> Text:
        if human.text == "bad":
            raise ValueError("bad")
        return Text(a.text + human.text)


@pytest.mark.parametrize("human_first", [True, False])
async def test_a_part_that_answers_no_command(human_first: bool) -> None:
    """It is kept as the others are; the first of its name stands."""
    play = stage(Foreign)
    await play.start()
    if not human_first:
        await play.reply("cmd.a.get", Text("a"))

    await play.say("evt.human.agreed", Text("1"))
    second = await play.say("evt.human.agreed", Text("2"))
    if human_first:
        await play.reply("cmd.a.get", Text("a"))

    assert data_of(play.command("notif.all")) == {"text": "a1"}
    assert second.status == "ignored"


async def test_a_part_that_answers_no_command_is_corrected() -> None:
    """After the join raised, another event of the name takes the place."""
    play = stage(Foreign)
    await play.start()
    await play.say("evt.human.agreed", Text("bad"))
    await play.reply("cmd.a.get", Text("a"))

    await play.say("evt.human.agreed", Text("good"))
    await play.reply("cmd.a.get", Text("a"))

    assert data_of(play.command("notif.all")) == {"text": "agood"}


class Loops(Orchestrator, name="t.loops"):
    """A join whose state is entered anew on an error."""

    rounds: int = 0

    asking = State()
    done = Final()

    @start(to=asking)
    @emit("cmd.a.get", "cmd.b.get")
    def begin(self) -> tuple[Text, Text]:
        return Text("0"), Text("0")

    @on("evt.*.error", at=asking, to=asking)
    @emit("cmd.a.get", "cmd.b.get")
    def again(self) -> tuple[Text, Text]:
        self.rounds += 1
        return Text(str(self.rounds)), Text(str(self.rounds))

    @on(all_of("evt.a.get.success", "evt.b.get.success"), at=asking, to=done)
    @emit("notif.all")
    def both(self, a: Text, b: Text) -> Text:
        return Text(a.text + b.text)


async def test_entering_anew_begins_the_join_anew() -> None:
    """Parts of the last round do not count in the next; its late answers are stale."""
    play = stage(Loops)
    await play.start()
    old_a, old_b = play.command("cmd.a.get"), play.command("cmd.b.get")
    await play.give(answer(old_a, Text("old")))
    await play.give(answer(old_b, verdict="error"))

    late = await play.give(answer(old_b, Text("late")))
    await play.reply("cmd.b.get", Text("new-b"))
    assert (await play.record()).state == "asking"
    await play.reply("cmd.a.get", Text("new-a"))

    assert told(late) == ("ignored", "stale")
    assert data_of(play.command("notif.all")) == {"text": "new-anew-b"}


class TwoJoins(Orchestrator, name="t.twojoins"):
    """Two joins of one state share a name and read it differently."""

    open = State()
    done = Final()

    @start(to=open)
    def begin(self) -> None: ...

    @on(all_of("evt.a.said", "evt.b.said"), at=open, to=done)
    def numbers(self, a: Number, b: Text) -> None: ...

    @on(all_of("evt.a.said", "evt.c.said"), at=open, to=done)
    def texts(self, a: Text, c: Text) -> None: ...

    @on("evt.human.left", at=anywhere, to=done)
    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("a", "other", "handler"), [(Number(1), "b", "numbers"), (Text("x"), "c", "texts")]
)
async def test_two_joins_of_one_state(a: Any, other: str, handler: str) -> None:
    """Data that fits one of the joins that wait for it is kept for that."""
    play = stage(TwoJoins)
    await play.start()

    first = await play.say("evt.a.said", a)
    last = await play.say(f"evt.{other}.said", Text(""))

    assert told(first) == ("applied", "gathered")
    assert told(last) == ("applied", handler)


async def test_a_join_that_stays_may_be_taken_again() -> None:
    """What it took is consumed, and what comes next begins another."""

    class Pairs(Orchestrator, name="t.pairs"):
        pairs: list[str] = []

        @start
        @emit("cmd.a.get")
        def open(self) -> Text:
            return Text("")

        @on(all_of("evt.x.said", "evt.y.said"), at=open, to=stay)
        def pair(self, x: Text, y: Text) -> None:
            self.pairs.append(x.text + y.text)

        @on("evt.a.get.success", to=end)
        def done(self) -> None: ...

    play = stage(Pairs)
    await play.start()
    for number in "12":
        await play.give(event("evt.y.said", Text(f"y{number}"), subject=play.subject()))
        await play.give(event("evt.x.said", Text(f"x{number}"), subject=play.subject()))

    assert (await play.memory())["pairs"] == ["x1y1", "x2y2"]


class Optional(Orchestrator, name="t.optional"):
    """A part that may bring nothing."""

    @start
    @emit("cmd.a.get", "cmd.b.get")
    def asking(self) -> tuple[Text, Text]:
        return Text(""), Text("")

    @on(all_of("evt.a.get.success", "evt.b.get.success"), to=end)
    @emit("notif.all")
    def both(self, a: Text, b: Text | None) -> Text:
        return Text(a.text + ("nothing" if b is None else b.text))


@pytest.mark.parametrize(("data", "expected"), [(None, "nothing"), (Text("b"), "b")])
async def test_an_optional_part_may_come_without_data(data: Text | None, expected: str) -> None:
    """``X | None`` takes it, as with a single event."""
    play = stage(Optional)
    await play.start()
    await play.reply("cmd.b.get", data)

    await play.reply("cmd.a.get", Text(""))

    assert data_of(play.command("notif.all")) == {"text": expected}
