"""A handler that raises what means something else elsewhere is as poisonous as any other."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.support import event, stage, told
from xorca import Final, Orchestrator, State, on, start


class Stubborn(Orchestrator, name="t.stubborn"):
    """It raises what only asyncio should."""

    open = State()
    done = Final()

    @start(to=open)
    def begin(self) -> None: ...

    @on("evt.handler.raises", at=open)
    def raises(self) -> None:
        raise asyncio.CancelledError

    def guarded(self) -> bool:
        raise asyncio.CancelledError

    @on("evt.guard.raises", at=open, when=guarded)
    def after_the_guard(self) -> None: ...

    @on("evt.bell.rang", at=open, to=done)
    def rang(self) -> None: ...


@pytest.mark.parametrize(
    ("name", "reason"),
    [("evt.handler.raises", "handler-raised"), ("evt.guard.raises", "guard-raised")],
)
async def test_nobody_is_cancelled_by_a_handler(name: str, reason: str) -> None:
    """The event is dead, and the next one of its batch is applied."""
    play = stage(Stubborn)
    await play.start()
    bad, good = (event(one, subject=play.subject()) for one in (name, "evt.bell.rang"))

    outcomes = await play.runtime.handle(bad, good)

    assert [told(one) for one in outcomes] == [("dead", reason), ("applied", "rang")]
