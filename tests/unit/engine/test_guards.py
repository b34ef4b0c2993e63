"""Guards: tried in the order written, and what becomes of an event that none lets pass."""

from __future__ import annotations

import pytest

from tests.unit.support import Number, Stage, Text, event, stage, told
from xorca import Final, Orchestrator, State, anywhere, emit, on, start


class Guarded(Orchestrator, name="t.guarded"):
    """Two guards on each of two events, and a pattern behind them."""

    asking = State()
    done = Final()
    caught = Final()

    @start(to=asking)
    @emit("cmd.a.get")
    def begin(self) -> Text:
        return Text("")

    def is_large(self, number: Number) -> bool:
        return number.value > 10

    def is_even(self, number: Number) -> bool:
        if number.value < 0:
            raise ValueError("negative")
        return number.value % 2 == 0

    @on("evt.n.said", "evt.a.get.success", at=asking, to=done, when=is_large)
    def large(self, number: Number) -> None: ...

    @on("evt.n.said", "evt.a.get.success", at=asking, to=done, when=is_even)
    def even(self, number: Number) -> None: ...

    @on("evt.*", at=asking, to=caught)
    def anything(self) -> None: ...

    @on("evt.m.said", at=asking, to=done, when=is_even)
    def first(self, number: Number) -> None: ...

    @on("evt.m.said", at=asking, to=done)
    def otherwise(self, number: Number) -> None: ...

    @on("cmd.t.stop", at=anywhere, to=done, when=lambda self: False)
    def never(self) -> None: ...


async def begun() -> Stage:
    """Give a started process."""
    play = stage(Guarded)
    await play.start()
    return play


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("n", 12, ("applied", "large")),
        ("n", 4, ("applied", "even")),
        ("n", 3, ("ignored", "guard")),
        ("n", -1, ("dead", "guard-raised")),
        ("m", 3, ("applied", "otherwise")),
    ],
)
async def test_guards_in_the_order_written(
    name: str, value: int, expected: tuple[str, str]
) -> None:
    """The first that agrees is taken; none does not fall through to the pattern."""
    play = await begun()

    assert told(await play.say(f"evt.{name}.said", Number(value))) == expected


async def test_an_event_that_no_guard_let_pass_is_recorded() -> None:
    """Its redelivery is a duplicate."""
    play = await begun()
    refused = event("evt.n.said", Number(3), subject=play.subject())
    await play.give(refused)

    assert (await play.give(refused)).status == "duplicate"


async def test_an_answer_that_no_guard_let_pass_is_dead() -> None:
    """And another answer may still come."""
    play = await begun()

    refused = await play.reply("cmd.a.get", Number(3))
    taken = await play.reply("cmd.a.get", Number(4))

    assert told(refused) == ("dead", "no-guard")
    assert told(taken) == ("applied", "even")


async def test_a_guard_without_payload() -> None:
    """``when=`` may look at memory alone."""
    play = await begun()

    assert told(await play.say("cmd.t.stop")) == ("ignored", "guard")


async def test_a_guard_may_ask_for_a_payload_that_its_handler_does_not() -> None:
    """The guard's annotation is the schema then."""

    class Asks(Orchestrator, name="t.asks"):
        open = State()
        closed = Final()

        def is_yes(self, what: Text) -> bool:
            return what.text == "yes"

        @start(to=open)
        def begin(self) -> None: ...

        @on("evt.human.said", at=open, to=closed, when=is_yes)
        def close(self) -> None: ...

    play = stage(Asks)
    await play.start()

    no = await play.say("evt.human.said", Text("no"))
    yes = await play.say("evt.human.said", Text("yes"))

    assert told(no) == ("ignored", "guard")
    assert told(yes) == ("applied", "close")
