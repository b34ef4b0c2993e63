"""Found by the simulation: an answer that comes again must not have everything sent again."""

from __future__ import annotations

from tests.simulation.machines_commands import First
from tests.simulation.writing import Ask, Reply
from tests.unit.support import Stage, answer, stage
from xorca.events import Event


async def ended() -> tuple[Stage, Event]:
    """Give a process that three workers brought to its end, and the first answer to it.

    Its services do not say what they answer, so nothing proves that a command was out.
    """
    play = stage(First)
    await play.start(Ask("s", 1))
    near, far = (play.command(name) for name in ("cmd.near.do", "cmd.far.do"))
    first = answer(near, Reply(near.id), id="r-near", causation=False)
    for event in (first, answer(far, Reply(far.id), id="r-far", causation=False)):
        play.cold()
        await play.give(event)
    play.cold()
    return play, first


async def test_a_worker_sends_what_it_read_once() -> None:
    """A service that answers every copy of a command does not get a copy for every answer."""
    play, first = await ended()
    await play.give(first)
    before = len(play.sent("cmd.near.do"))

    for _ in range(5):
        await play.give(first)

    assert len(play.sent("cmd.near.do")) == before
