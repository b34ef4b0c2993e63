"""A caller that publishes itself: what it confirms is not given again, all else is, to the byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.runtime.counting import Counter, number
from tests.unit.support import Stage, answer, event, stage, starting, told
from xorca import Outcome, Runtime
from xorca.providers.local import SqliteStore
from xorca.providers.local.files import FileStore

SUBJECT = "t.counter/1.0.0/p"


async def quiet(play: Stage, one: Any) -> Outcome:
    """Handle an event whose emitted events the caller publishes."""
    (outcome,) = await play.runtime.handle(one, publish=False)
    return outcome


def sent(outcome: Outcome) -> list[bytes]:
    """Give the bytes of what is to be published."""
    return [one.to_json() for one in outcome.sent]


async def test_what_was_confirmed_is_not_given_again() -> None:
    """A redelivery after it emits nothing."""
    play = stage(Counter)
    begin = starting(Counter)
    first = await quiet(play, begin)
    await play.runtime.confirm(first)

    again = await quiet(play, begin)

    assert len(first.sent) == 1
    assert (told(again), again.sent) == (("duplicate", "seen"), ())


async def test_what_was_not_confirmed_is_given_again_to_the_byte() -> None:
    """However often the event comes."""
    play = stage(Counter)
    begin = starting(Counter)
    first = await quiet(play, begin)

    again = [await quiet(play, begin) for _ in range(3)]

    assert [sent(one) for one in again] == [sent(first)] * 3


@pytest.mark.parametrize("confirmed", [True, False])
async def test_after_a_crash_it_is_given_again_to_the_byte(*, confirmed: bool) -> None:
    """A confirmation is known to its worker alone until the next save."""
    play = stage(Counter)
    begin = starting(Counter)
    first = await quiet(play, begin)
    if confirmed:
        await play.runtime.confirm(first)
    play.clock.advance(100)
    play.cold()

    again = await quiet(play, begin)

    assert sent(again) == sent(first)


async def test_the_next_save_makes_it_last() -> None:
    """After it, no worker gives the event again."""
    play = stage(Counter)
    begin = starting(Counter)
    await play.runtime.confirm(await quiet(play, begin))
    await quiet(play, number(1))
    play.cold()

    again = await quiet(play, begin)

    assert again.sent == ()


async def test_one_outcome_is_confirmed_at_a_time() -> None:
    """What other events emitted is still given with them."""
    play = stage(Counter)
    begin = starting(Counter)
    await quiet(play, begin)
    one, other = await play.runtime.handle(number(1), number(2), publish=False)
    await play.runtime.confirm(one)

    again = await play.runtime.handle(begin, number(1), number(2), publish=False)

    assert [len(each.sent) for each in again] == [1, 0, 1]
    assert sent(again[2]) == sent(other)


async def test_a_confirmed_dead_letter_is_not_given_again() -> None:
    """What tells of it is an emitted event like any other."""
    play = stage(Counter)
    await quiet(play, starting(Counter))
    dead = await quiet(play, number(13))
    await play.runtime.confirm(dead)

    again = await quiet(play, number(13))

    assert [one.type for one in dead.sent] == ["sys.xorca.deadletter"]
    assert (told(again), again.sent) == (("duplicate", "dead"), ())


async def test_what_was_confirmed_is_not_published_with_a_later_event() -> None:
    """A caller may publish some outcomes itself and leave others to the Runtime."""
    play = stage(Counter)
    begun, added = await quiet(play, starting(Counter)), await quiet(play, number(1))
    await play.runtime.confirm(added)

    await play.runtime.handle(number(2))

    assert [one.id for one in play.sent()][:1] == [begun.sent[0].id]
    assert added.sent[0].id not in [one.id for one in play.sent()]


async def test_a_confirmation_of_nothing_does_nothing() -> None:
    """Of what is foreign, unreadable, loose, for no process, or for one that is not warm."""
    play = stage(Counter)
    outcomes = await play.runtime.handle(
        event("evt.a.b", subject="a/1.0.0/p"),
        b"{",
        event("xorca.t.counter.start", subject=None, processid="p", processversion="9.9.9"),
        number(1, pid="nobody"),
        publish=False,
    )
    begin = starting(Counter)
    begun = await quiet(play, begin)
    play.cold()

    for outcome in (*outcomes, begun):
        await play.runtime.confirm(outcome)

    assert sent(await quiet(play, begin)) == sent(begun)
    assert [one.status for one in outcomes] == ["foreign", "dead", "dead", "retry"]


async def test_a_confirmation_by_one_life_says_nothing_of_the_next() -> None:
    """Another start under the same process id emits under ids of its own."""
    play = stage(Counter)
    first = await quiet(play, starting(Counter, id="one"))
    await play.runtime.delete(SUBJECT, force=True)
    second = await quiet(play, starting(Counter, id="two"))
    await play.runtime.confirm(first)

    again = await quiet(play, starting(Counter, id="two"))

    assert sent(again) == sent(second)
    assert sent(second) != sent(first)


@pytest.mark.parametrize("kind", [SqliteStore, FileStore])
async def test_two_workers_on_one_store(tmp_path: Path, kind: Any) -> None:
    """Unconfirmed, the other worker gives the same bytes; confirmed and saved, nothing."""
    begin = starting(Counter)
    async with kind(tmp_path / "store") as one, kind(tmp_path / "store") as two:
        here, there = Runtime([Counter], store=one), Runtime([Counter], store=two)
        (first,) = await here.handle(begin, publish=False)
        (twin,) = await there.handle(begin, publish=False)
        await here.confirm(first)
        await here.handle(answer(first.sent[0]), publish=False)
        (late,) = await Runtime([Counter], store=two).handle(begin, publish=False)

    assert (sent(twin), late.sent) == (sent(first), ())
