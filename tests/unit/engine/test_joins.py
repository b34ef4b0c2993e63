"""Joins: all of several events, in any order, each once; a join that fails frees its places."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.unit.support import Number, Stage, Text, answer, data_of, event, stage, told
from xorca import Final, Orchestrator, State, all_of, anywhere, emit, end, on, start, stay


class Three(Orchestrator, name="t.three"):
    """It asks three, and says their answers in the order of its parameters."""

    @start
    @emit("cmd.a.get", "cmd.b.get", "cmd.c.get")
    def asking(self) -> tuple[Text, Text, Text]:
        return Text("a"), Text("b"), Text("c")

    @on(all_of("evt.a.get.success", "evt.b.get.success", "evt.c.get.success"), to=end)
    @emit("notif.all")
    def all_there(self, a: Text, b: Text, c: Text) -> Text:
        if "bad" in (a.text, b.text, c.text):
            raise ValueError("one is bad")
        return Text(a.text + b.text + c.text)

    @on("evt.*.error", to=end)
    def failed(self) -> None: ...


async def three() -> Stage:
    """Give a started process of Three."""
    play = stage(Three)
    await play.start()
    return play


@pytest.mark.parametrize("order", ["".join(p) for p in itertools.permutations("abc")])
async def test_the_parts_come_in_any_order(order: str) -> None:
    """The parameters stand in the order of the names."""
    play = await three()

    outcomes = [await play.reply(f"cmd.{name}.get", Text(name)) for name in order]

    assert [one.reason for one in outcomes] == ["gathered", "gathered", "all_there"]
    assert data_of(play.command("notif.all")) == {"text": "abc"}


async def test_the_parts_in_one_batch() -> None:
    """One commit takes them all."""
    play = await three()
    replies = [answer(play.command(f"cmd.{name}.get"), Text(name)) for name in "cab"]

    await play.runtime.handle(*replies)

    record = await play.record()
    assert (record.state, record.revision) == ("all_there", 2)
    assert data_of(play.command("notif.all")) == {"text": "abc"}


async def test_the_parts_to_workers_that_remember_nothing() -> None:
    """What was gathered is stored."""
    play = await three()

    for name in "bca":
        play.cold()
        await play.reply(f"cmd.{name}.get", Text(name))

    assert {data_of(one)["text"] for one in play.sent("notif.all")} == {"abc"}


@pytest.mark.parametrize("causation", [True, False])
async def test_a_second_answer_of_one_name_does_not_replace_the_first(causation: bool) -> None:
    """The first stands; the second is stale."""
    play = await three()
    command = play.command("cmd.a.get")
    await play.give(answer(command, Text("first"), causation=causation))

    second = await play.give(answer(command, Text("second"), causation=causation))
    await play.reply("cmd.b.get", Text("b"))
    await play.reply("cmd.c.get", Text("c"))

    assert told(second) == ("ignored", "stale")
    assert data_of(play.command("notif.all")) == {"text": "firstbc"}


async def test_a_redelivered_part_is_a_duplicate() -> None:
    """The same event again counts once."""
    play = await three()
    part = answer(play.command("cmd.a.get"), Text("a"))

    statuses = [(await play.give(part)).status for _ in range(3)]

    assert statuses == ["applied", "duplicate", "duplicate"]


async def test_an_error_beside_a_join() -> None:
    """What was gathered is dropped with the state."""
    play = await three()
    await play.reply("cmd.a.get", Text("a"))

    outcome = await play.reply("cmd.b.get", Text("why"), "error")

    record = await play.record()
    assert told(outcome) == ("applied", "failed")
    assert (record.status, record.baskets) == ("ended", {})


async def test_a_part_that_does_not_fit_keeps_its_place_free() -> None:
    """It is dead alone; a corrected answer takes the place."""
    play = await three()
    await play.reply("cmd.a.get", Text("a"))

    misfit = await play.reply("cmd.b.get", {"wrong": 1})
    await play.reply("cmd.b.get", Text("b"))
    last = await play.reply("cmd.c.get", Text("c"))

    assert told(misfit) == ("dead", "payload")
    assert told(last) == ("applied", "all_there")


async def test_a_join_that_raises_is_dead_with_all_its_parts() -> None:
    """One entry holds them; the last to arrive is told so."""
    play = await three()
    await play.reply("cmd.a.get", Text("bad"))
    await play.reply("cmd.b.get", Text("b"))

    outcome = await play.reply("cmd.c.get", Text("c"))

    record = await play.record()
    assert told(outcome) == ("dead", "handler-raised")
    assert isinstance(outcome.error, ValueError)
    assert (record.state, record.baskets) == ("asking", {})
    (letter,) = record.dead
    assert len(letter.events) == 3
    assert play.names().count("sys.xorca.deadletter") == 1


async def test_corrected_answers_complete_a_join_that_raised() -> None:
    """The places are free, for a worker that remembers nothing too."""
    play = await three()
    for name, text in (("a", "bad"), ("b", "b"), ("c", "c")):
        await play.reply(f"cmd.{name}.get", Text(text))
    play.cold()

    for name in "abc":
        await play.reply(f"cmd.{name}.get", Text(name.upper()))

    assert (await play.record()).status == "ended"
    assert data_of(play.command("notif.all")) == {"text": "ABC"}


async def test_the_parts_of_a_join_that_raised_are_not_stepped_again() -> None:
    """A plain redelivery of each is a duplicate."""
    play = await three()
    parts = [
        answer(play.command(f"cmd.{name}.get"), Text("bad" if name == "a" else name))
        for name in "abc"
    ]
    await play.runtime.handle(*parts)

    again = await play.runtime.handle(*parts)

    assert [one.status for one in again] == ["duplicate"] * 3
    assert (await play.record()).baskets == {}


class Conditional(Orchestrator, name="t.conditional"):
    """It asks those whose letter stands in its order."""

    waiting = State()
    done = Final()
    missed = Final()

    @start(to=waiting)
    @emit("cmd.a.get", "cmd.b.get")
    def begin(self, which: Text) -> tuple[Text | None, Text | None]:
        return (
            Text("a") if "a" in which.text else None,
            Text("b") if "b" in which.text else None,
        )

    @on(all_of("evt.a.get.success", "evt.b.get.success"), at=waiting, to=done)
    @emit("notif.all")
    def all_there(self, a: Text | None, b: Text | None) -> Text:
        return Text(f"{a.text if a else '-'}{b.text if b else '-'}")

    @on("evt.*.error", at=waiting, to=missed)
    def failed(self) -> None: ...


@pytest.mark.parametrize(("which", "expected"), [("ab", "AB"), ("a", "A-"), ("b", "-B"), ("", "--")])
async def test_a_command_that_was_not_sent_counts_as_arrived(which: str, expected: str) -> None:
    """Its parameter is None; with none sent the join is taken at once."""
    play = stage(Conditional)
    await play.start(Text(which))

    for name in which:
        await play.reply(f"cmd.{name}.get", Text(name.upper()))

    assert (await play.record()).status == "ended"
    assert data_of(play.command("notif.all")) == {"text": expected}


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
