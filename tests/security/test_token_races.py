"""Two who bring one token at once, and workers whose memory is old."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.security.programs import Answer, Approval, Order
from tests.security.test_tokens import KEYS, Desk
from tests.unit.runtime.faults import FaultyBus, FaultyStore
from tests.unit.support import data_of, event, starting
from xorca import Runtime
from xorca.errors import TokenRefused
from xorca.providers.local import SqliteStore
from xorca.providers.memory import MemoryBus

YES = Answer(True, "mia")


async def tried(runtime: Runtime, token: str) -> str:
    """Bring a token; give what became of it in a word."""
    try:
        return (await runtime.resume(token, YES)).status
    except TokenRefused as refused:
        return refused.reason


@pytest.mark.parametrize("number", range(5))
async def test_of_many_uses_at_once_one_is_applied(tmp_path: Path, number: int) -> None:
    """On one file, by several clients; the others are told that it was used."""
    stores = [SqliteStore(tmp_path / "x.db") for _ in range(4)]
    buses = [MemoryBus() for _ in stores]
    runtimes = [
        Runtime([Approval], store=store, bus=bus, alarm=store.alarm, tokens=KEYS)
        for store, bus in zip(stores, buses, strict=True)
    ]
    await runtimes[0].handle(starting(Approval, Order("a chair"), f"p{number}"))
    token = data_of(buses[0].published[0])["token"]

    found = await asyncio.gather(*(tried(runtimes[n % 4], token) for n in range(12)))

    assert sorted(found) == ["applied"] + ["used"] * 11
    answers = {one.id for bus in buses for one in bus.published if "approval.ask" in one.type}
    assert len(answers) == 1
    for store in stores:
        await store.close()


async def test_nothing_is_refused_on_the_word_of_an_old_record() -> None:
    """A worker that knows an older visit reads again, and takes the token of the new one."""
    desk = Desk()
    await desk.begin()
    other = desk.worker()
    await other.handle(event("evt.person.late", subject="sec.approval/1.2.0/a"))

    assert await tried(desk.runtime, desk.token("cmd.person.ask")) == "applied"


async def test_nothing_is_taken_on_the_word_of_an_old_record() -> None:
    """A worker that does not know that the state was left finds out when it saves."""
    desk = Desk()
    token = await desk.begin()
    other = desk.worker()
    await other.handle(event("evt.person.late", subject="sec.approval/1.2.0/a"))

    assert await tried(desk.runtime, token) == "left"


async def test_a_lost_response_does_not_use_a_token_twice() -> None:
    """The save went through and its answer was lost: what is stored decides."""
    desk = Desk()
    token = await desk.begin()
    store = FaultyStore({1: "lost-response"}, desk.store)
    runtime = Runtime(
        [Approval], store=store, bus=desk.bus, alarm=desk.store.alarm, clock=desk.clock, tokens=KEYS
    )

    found = await tried(runtime, token)

    assert (found, store.calls) == ("used", ["load", "save", "load"])
    assert sum(one.type == "evt.approval.ask.success" for one in desk.bus.published) == 1


async def test_an_answer_that_could_not_be_sent_is_sent_by_the_next_use() -> None:
    """The token was used, and what it led to leaves all the same."""
    desk = Desk()
    token = await desk.begin()
    desk.bus = FaultyBus(times=1)
    desk.runtime = desk.worker()

    first = await desk.runtime.resume(token, YES)
    second = await desk.refused(token)

    assert (first.status, first.reason, second) == ("retry", "publish", "used")
    assert desk.bus.published[-1].type == "evt.approval.ask.success"


async def test_a_caller_that_sends_itself_finds_what_it_did_not_send() -> None:
    """It died between the commit and its sending; whoever brings the token again sends it."""
    desk = Desk()
    token = await desk.begin()
    lost = await desk.worker().resume(token, YES, publish=False)

    with pytest.raises(TokenRefused) as refused:
        await desk.worker().resume(token, YES, publish=False)

    assert refused.value.reason == "used"
    assert [one.to_json() for one in refused.value.sent] == [one.to_json() for one in lost.sent]
    assert "evt.approval.ask.success" in [one.type for one in refused.value.sent]


async def test_what_was_sent_is_not_there_again() -> None:
    """Nothing is left over of a use whose events left."""
    desk = Desk()
    token = await desk.begin()
    await desk.runtime.resume(token, YES)

    with pytest.raises(TokenRefused) as refused:
        await desk.runtime.resume(token, YES)

    assert refused.value.sent == ()
