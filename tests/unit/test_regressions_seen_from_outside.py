"""Mistakes that were accepted in silence, and fan-outs that lost what they had."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final as Constant

import pytest

from tests.unit.support import Number, Stage, Text, answer, data_of, stage
from xorca import Final, Orchestrator, State, after, all_of, anywhere, emit, end, on, start, stay
from xorca.dsl.orchestrator import plan_of
from xorca.errors import DefinitionError
from xorca.runtime import Limits


class Asking(Orchestrator):
    """A mixin that asks once; what a test adds to it is what is wrong."""

    @start
    @emit("cmd.thing.get")
    def ask(self) -> Number:
        return Number(1)

    @on("evt.thing.get.success", to=end)
    def got(self) -> None: ...


def codes(caught: pytest.ExceptionInfo[DefinitionError]) -> list[str]:
    """Give the codes of what was refused."""
    return [problem.code for problem in caught.value.problems]


def test_an_async_guard_is_refused() -> None:
    """A coroutine is always true, so an async guard would let everything pass."""
    with pytest.raises(DefinitionError) as caught:

        class Wrong(Asking, name="r.guard"):
            async def may(self, found: Number) -> bool:
                return False

            @on("evt.bell.rung", at=anywhere, to=end, when=may)
            def rung(self, found: Number) -> None: ...

    assert codes(caught) == ["X11"]


def test_a_static_guard_is_refused() -> None:
    """A guard is called with self, which a static method does not take."""
    with pytest.raises(DefinitionError) as caught:

        class Wrong(Asking, name="r.static"):
            @staticmethod
            def may(found: Number) -> bool:
                return found.value > 1

            @on("evt.bell.rung", at=anywhere, to=end, when=may)
            def rung(self, found: Number) -> None: ...

    assert codes(caught) == ["X23"]


@pytest.mark.parametrize("wrap", [staticmethod, classmethod, property])
def test_a_handler_that_is_no_plain_method_is_refused(wrap: Any) -> None:
    """A mark below @property or @staticmethod is seen, not passed over."""
    with pytest.raises(DefinitionError) as caught:

        class Wrong(Asking, name="r.hidden"):
            @wrap
            @on("evt.bell.rung", at=anywhere, to=stay)
            def rung(self) -> None: ...

    assert codes(caught) == ["X23"]
    assert caught.value.problems[0].place.startswith(f"{__file__}:")


def test_a_mixin_may_be_a_plain_class() -> None:
    """Handlers and memory are inherited also from what is no Orchestrator itself."""

    class Stoppable:
        reason: str = ""

        @on("cmd.thing.stop", at=anywhere, to=end)
        def stopped(self, why: Text) -> None:
            self.reason = why.text

    class Right(Stoppable, Asking, name="r.mixin"): ...

    plan = plan_of(Right)
    assert plan.hears("cmd.thing.stop")
    assert dict(plan.memory.fields) == {"reason": str}


def test_a_helper_may_not_hide_what_xorca_gives() -> None:
    """A plain method named as something of self would hide it."""
    with pytest.raises(DefinitionError) as caught:

        class Wrong(Asking, name="r.helper"):
            def subject(self) -> str:  # type: ignore[override]
                return ""

            def start_event(self) -> None: ...  # type: ignore[override]

    assert codes(caught) == ["X22", "X22"]


def test_a_constant_is_no_memory() -> None:
    """An attribute of typing.Final is refused in words, and the compiler does not fail."""
    with pytest.raises(DefinitionError, match="constant") as caught:

        class Wrong(Asking, name="r.constant"):
            limit: Constant[int] = 1

    assert codes(caught) == ["X10"]


def test_a_handler_that_is_heard_nowhere_is_refused() -> None:
    """An empty at= names no state."""
    with pytest.raises(DefinitionError) as caught:

        class Wrong(Asking, name="r.nowhere"):
            @on("evt.bell.rung", at=(), to=stay)
            def rung(self) -> None: ...

    assert codes(caught) == ["X19"]


def test_an_unknown_policy_for_starts_is_refused() -> None:
    """A misspelt on_existing= does not pass for another one."""
    with pytest.raises(DefinitionError) as caught:

        class Wrong(Orchestrator, name="r.policy"):
            @start(to=end, on_existing="ignor")  # type: ignore[arg-type]
            def begin(self) -> None: ...

    assert codes(caught) == ["X21"]


def test_a_list_beside_none_is_refused_as_an_emit() -> None:
    """A fan-out is list[A] alone; with | None it would leave as one event."""
    with pytest.raises(DefinitionError) as caught:

        class Wrong(Asking, name="r.perhaps"):
            @on("evt.bell.rung", at=anywhere)
            @emit("cmd.other.get", "cmd.more.get")
            def rung(self) -> tuple[Number, list[Number] | None]:
                return Number(1), None

            @on(all_of("evt.other.get.success", "evt.more.get.success"), to=end)
            def both(self) -> None: ...

    assert "X07" in codes(caught)


def test_a_join_takes_all_answers_of_a_fan_out() -> None:
    """One parameter for a fan-out would be complete at its first answer."""
    with pytest.raises(DefinitionError, match=r"Make its parameter list\[Number\]") as caught:

        class Wrong(Orchestrator, name="r.first"):
            @start
            @emit("cmd.one.get", "cmd.many.get")
            def begin(self) -> tuple[Number, list[Number]]:
                return Number(1), [Number(2), Number(3)]

            @on(all_of("evt.one.get.success", "evt.many.get.success"), to=end)
            def both(self, one: Number, many: Number) -> None: ...

    assert codes(caught) == ["X08"]


def test_a_deadline_that_no_calendar_holds_is_refused() -> None:
    """It would fail in every start of a process, for ever."""
    with pytest.raises(ValueError, match="no calendar holds"):
        after(timedelta.max)


class Again(Orchestrator, name="r.again"):
    """A stay handler sends its fan-out anew."""

    asking = State()
    done = Final()

    @start(to=asking)
    @emit("cmd.part.get")
    def begin(self) -> list[Number]:
        return [Number(1), Number(2)]

    @on("evt.bell.rung", at=asking)
    @emit("cmd.part.get")
    def anew(self) -> list[Number]:
        return [Number(11), Number(12)]

    @on("evt.part.get.success", at=asking, to=done)
    @emit("notif.parts")
    def all_there(self, parts: list[Number]) -> list[Number]:
        return parts


async def test_answers_to_a_fan_out_that_was_sent_again_are_forgotten() -> None:
    """The join gets one answer an item of the fan-out that stands, and none of the older."""
    play = stage(Again)
    await play.start()
    await play.give(answer(play.sent("cmd.part.get")[0], Number(1)))
    await play.say("evt.bell.rung")

    for command in play.sent("cmd.part.get")[2:]:
        await play.give(answer(command, Number(data_of(command)["value"])))

    assert [data_of(one)["value"] for one in play.sent("notif.parts")] == [11, 12]


class Twins(Orchestrator, name="r.twins"):
    """Two fan-outs of the same items, all of them alike."""

    asking = State()
    done = Final()

    @start(to=asking)
    @emit("cmd.left.get", "cmd.right.get")
    def begin(self) -> tuple[list[Text], list[Text]]:
        return [Text("x" * 50)] * 12, [Text("x" * 50)] * 12

    @on(all_of("evt.left.get.success", "evt.right.get.success"), at=asking, to=done)
    @emit("notif.both")
    def both(self, left: list[Number], right: list[Number]) -> Number:
        return Number(len(left) + len(right))


async def answer_everything(play: Stage) -> None:
    """Answer every command until there are no more."""
    answered = 0
    while open_ := [one for one in play.sent() if one.type.startswith("cmd.")][answered:]:
        answered += len(open_)
        for command in open_:
            await play.give(answer(command, Number(0)))


async def test_equal_items_of_fan_outs_wait_apart() -> None:
    """What waits in side objects is not dropped with its equal, which has left."""
    play = stage(Twins, limits=Limits(window=2, backlog=100))
    await play.start()

    await answer_everything(play)

    assert data_of(play.command("notif.both")) == {"value": 24}
    assert not [key for key in play.store._rows if key.startswith("_side/")]
