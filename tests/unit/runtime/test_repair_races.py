"""Redrives and sweeps beside others: in every order of their calls nothing is done twice."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.runtime.mending import Order, broken
from tests.unit.runtime.test_races import ParkedBus, ParkedStore, Turns
from tests.unit.support import Stage, Text, answer, event, stage, told
from xorca import Runtime
from xorca.events import Event
from xorca.ports import Query

ORDERS = list(itertools.product((0, 1), repeat=8))


@pytest.fixture(autouse=True)
def sound() -> Iterator[None]:
    """Begin and end with nothing broken."""
    broken.clear()
    yield
    broken.clear()


def pair(play: Stage, turns: Turns) -> list[Any]:
    """Give two workers over the stage's store and bus that wait for their turns."""
    return [
        Runtime(
            play.classes,
            store=ParkedStore(play.store, turns, at),
            bus=ParkedBus(play.bus, turns, at),
            alarm=play.store.alarm,
            clock=play.clock,
        )
        for at in range(2)
    ]


async def rung() -> tuple[Stage, Event]:
    """Give an order of which a bell is a dead letter, with the bell."""
    play = stage(Order)
    await play.start()
    bell = event("evt.bell.rang", Text("ding"), subject=play.subject(), id="bell-1")
    broken.add("rang")
    await play.give(bell)
    broken.clear()
    return play, bell


async def notes(play: Stage) -> list[str]:
    """Give what the process noted."""
    found: list[str] = (await play.memory())["notes"]
    return found


async def test_two_redrives_of_one_letter() -> None:
    """It is applied once; the other finds the letter gone."""
    for order in ORDERS:
        play, _ = await rung()
        turns = Turns(order)
        one, two = pair(play, turns)

        done = await turns.run(one.redrive(play.subject()), two.redrive(play.subject()))

        told_all = [told(outcome) for each in done for outcome in each]
        assert told_all.count(("applied", "rang")) == 1, (order, told_all)
        assert set(told_all) <= {("applied", "rang"), ("duplicate", "seen")}, order
        assert await notes(play) == ["ding"], order
        assert len({one.id for one in play.sent("notif.bell")}) == 1, order


async def test_a_redrive_beside_another_event() -> None:
    """Both are applied, once each, and no letter is left."""
    for order in ORDERS:
        play, _ = await rung()
        turns, new = Turns(order), event("evt.bell.rang", Text("dong"), subject=play.subject())
        one, two = pair(play, turns)

        await turns.run(one.redrive(play.subject()), two.handle(new))

        assert sorted(await notes(play)) == ["ding", "dong"], order
        assert (await play.record()).dead == [], order
        assert len({one.id for one in play.sent("notif.bell")}) == 2, order


async def test_a_redrive_beside_a_redelivery_of_the_same_event() -> None:
    """The redelivery is a duplicate, dead before and seen after."""
    for order in ORDERS:
        play, bell = await rung()
        turns = Turns(order)
        one, two = pair(play, turns)

        _, (again,) = await turns.run(one.redrive(play.subject()), two.handle(bell))

        assert again.status == "duplicate", order
        assert await notes(play) == ["ding"], order


async def test_a_redriven_deadline_beside_the_answer_that_it_waited_for() -> None:
    """One of them comes first; if it is the answer, the deadline is stale."""
    seen = set()
    for order in ORDERS:
        play = stage(Order)
        await play.start()
        broken.add("slow")
        play.clock.advance(600)
        for wake_up in play.store.alarm.due(play.clock.now()):
            await play.give(wake_up)
        broken.clear()
        turns, reply = Turns(order), answer(play.command("cmd.price.get"), Text("5"))
        one, two = pair(play, turns)

        [redriven], [answered] = await turns.run(one.redrive(play.subject()), two.handle(reply))

        state = (await play.record()).state
        seen.add((told(redriven), told(answered), state))
        assert (await play.record()).dead == [], order
    assert seen == {
        (("ignored", "stale"), ("applied", "priced"), "packing"),
        (("applied", "slow"), ("ignored", "stale"), "asking"),
    }


def now() -> timedelta:
    """Sweep everything, however young."""
    return timedelta(0)


async def left(play: Stage) -> int:
    """Count the processes that a sweep would find."""
    return len((await play.store.list(Query(pending=True))).items)


async def test_two_sweeps_at_once() -> None:
    """Both may send; what is sent twice has one id, and nothing is left."""
    for order in ORDERS:
        play = stage(Order)
        await play.runtime.handle(
            event("xorca.t.order.start", subject=None, processid="p"), publish=False
        )
        turns = Turns(order)
        one, two = pair(play, turns)

        done = await turns.run(one.sweep(older_than=now()), two.sweep(older_than=now()))

        assert [swept.failures for swept in done] == [0, 0], order
        assert {one.to_json() for one in play.sent("cmd.price.get")} != set(), order
        assert len({one.to_json() for one in play.sent()}) == 1, order
        assert await left(play) == 0, order


async def test_a_sweep_beside_a_worker() -> None:
    """What the worker decides meanwhile is not taken for sent, and leaves in the end."""
    for order in ORDERS:
        play = stage(Order)
        await play.start()
        turns, reply = Turns(order), answer(play.command("cmd.price.get"), Text("5"))
        one, two = pair(play, turns)

        await turns.run(one.sweep(older_than=now()), two.handle(reply, publish=False))
        await play.worker().sweep(older_than=now())

        assert await notes(play) == ["5"], order
        assert {one.type for one in play.sent()} == {
            "cmd.price.get",
            "cmd.box.get",
            "cmd.label.get",
        }, order
        assert await left(play) == 0, order
