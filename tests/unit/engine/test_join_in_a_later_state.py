"""A join in a later state than the one that sent: what counted as arrived stays so."""

from __future__ import annotations

import pytest

from tests.unit.support import Number, Text, answer, data_of, stage
from xorca import Final, Orchestrator, State, all_of, emit, on, start


class Waits(Orchestrator, name="t.waits"):
    """It asks, waits for a bell, and gathers what was answered after that."""

    waiting = State()
    gathering = State()
    done = Final()

    @start(to=waiting)
    @emit("cmd.part.get", "cmd.a.get")
    def begin(self, many: Number) -> tuple[list[Number], Text | None]:
        return [Number(at) for at in range(many.value)], Text("a") if many.value > 1 else None

    @on("evt.part.get.error", at=(waiting, gathering))
    def one_failed(self) -> None: ...

    @on("evt.bell.rang", at=waiting, to=gathering)
    def go_on(self) -> None: ...

    @on(all_of("evt.part.get.success", "evt.a.get.success"), at=gathering, to=done)
    @emit("notif.all")
    def all_there(self, parts: list[Number], a: Text | None) -> Number:
        return Number(len(parts) + (a is not None))


@pytest.mark.parametrize("rung", ["first", "last"])
@pytest.mark.parametrize("verdict", ["success", "error"])
@pytest.mark.parametrize("many", [0, 1, 2])
async def test_a_join_comes_whenever_its_state_does(many: int, verdict: str, rung: str) -> None:
    """Before or after the answers; also where there were none, or none was sent."""
    play = stage(Waits)
    await play.start(Number(many))
    answers = [answer(one, data_of(one), verdict) for one in play.sent("cmd.part.get")]
    answers += [answer(one, data_of(one)) for one in play.sent("cmd.a.get")]

    if rung == "first":
        await play.say("evt.bell.rang")
    for one in answers:
        await play.give(one)
    if rung == "last":
        await play.say("evt.bell.rang")

    expected = (many if verdict == "success" else 0) + (many > 1)
    assert (await play.record()).state == "done"
    assert data_of(play.command("notif.all")) == {"value": expected}


class Folds(Orchestrator, name="t.folds"):
    """It folds answers in two states, and the second knows when that is all of them."""

    total: int = 0

    counting = State()
    closing = State()
    done = Final()

    @start(to=counting)
    @emit("cmd.part.count")
    def begin(self) -> list[Number]:
        return [Number(1), Number(2), Number(3)]

    @on("evt.part.count.success", at=(counting, closing), each=True)
    def fold(self, one: Number) -> None:
        self.total += one.value

    @on("evt.bell.rang", at=counting, to=closing)
    def go_on(self) -> None: ...

    @on("evt.part.count.success", at=closing, to=done)
    def all_there(self) -> None: ...


@pytest.mark.parametrize("before", range(4))
async def test_folds_of_two_states_are_counted_together(before: int) -> None:
    """However many came before the state was left, all of them too."""
    play = stage(Folds)
    await play.start()
    answers = [answer(one, data_of(one)) for one in play.sent("cmd.part.count")]

    for one in answers[:before]:
        await play.give(one)
    await play.say("evt.bell.rang")
    for one in answers[before:]:
        await play.give(one)

    assert (await play.record()).state == "done"
    assert (await play.memory())["total"] == 6
