"""Joins: all of several events, in any order, each once; a join that fails frees its places."""

from __future__ import annotations

import itertools

import pytest

from tests.unit.support import Stage, Text, answer, data_of, stage, told
from xorca import Final, Orchestrator, State, all_of, emit, end, on, start


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


@pytest.mark.parametrize(
    ("which", "expected"), [("ab", "AB"), ("a", "A-"), ("b", "-B"), ("", "--")]
)
async def test_a_command_that_was_not_sent_counts_as_arrived(which: str, expected: str) -> None:
    """Its parameter is None; with none sent the join is taken at once."""
    play = stage(Conditional)
    await play.start(Text(which))

    for name in which:
        await play.reply(f"cmd.{name}.get", Text(name.upper()))

    assert (await play.record()).status == "ended"
    assert data_of(play.command("notif.all")) == {"text": expected}


async def test_a_part_that_is_no_json_is_dead() -> None:
    """The dead letter says what came; its place stays free."""
    play = await three()
    part = answer(play.command("cmd.a.get"))
    part.data, part.is_json, part.datacontenttype = b"<x/>", False, "text/xml"

    outcome = await play.give(part)

    assert told(outcome) == ("dead", "payload")
    assert "text/xml" in str(outcome.error)
    assert told(await play.reply("cmd.a.get", Text("a"))) == ("applied", "gathered")
