"""Changing a process without an event."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from tests.unit.runtime.counting import Counter, number
from tests.unit.runtime.faults import Crash, FaultyStore
from tests.unit.support import stage
from xorca.engine.commit import Commit
from xorca.engine.ids import side_key, storage_key
from xorca.engine.inbox import KEPT
from xorca.errors import PublishFailed
from xorca.runtime.changing import SendFirst


async def test_what_wants_to_be_sent_first_for_ever_is_given_up() -> None:
    """A change that is not content with what was sent fails; it does not keep the loop."""
    play = stage(Counter)
    await play.start()
    body = await play.body()

    def never_content(commit: Commit) -> None:
        raise SendFirst

    async with asyncio.timeout(10):
        with pytest.raises(PublishFailed, match="has just taken them"):
            await play.runtime._changer.change(storage_key("t.counter", "p"), never_content)

    assert await play.body() == body


@pytest.mark.parametrize("fault", ["lost-request", "lost-response", "crash-before", "crash-after"])
async def test_a_change_refers_to_no_side_object_that_is_not_there(fault: str) -> None:
    """Whichever call fails while a sweep moves what was seen to a page; all of it stays known."""
    paged: set[bool] = set()
    for call in range(8):
        play = stage(Counter, store=FaultyStore())
        await play.start()
        numbers = [number(1, id=f"n{at}") for at in range(KEPT)]
        await play.runtime.handle(*numbers, publish=False)
        play.store.plan = {len(play.store.calls) + call: fault}
        with suppress(Crash):
            await play.worker().sweep(older_than=timedelta(0))
        play.store.plan = {}
        record = await play.record()
        paged.add(bool(record.pages))
        for page in record.pages:
            assert await play.store.load(side_key(play.key(), page.name)) is not None

        play.cold()
        again = await play.runtime.handle(*numbers)

        assert {one.status for one in again} == {"duplicate"}
        assert (await play.memory())["total"] == KEPT
    assert True in paged
