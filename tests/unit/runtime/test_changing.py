"""Changing a process without an event."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.runtime.counting import Counter
from tests.unit.support import stage
from xorca.engine.commit import Commit
from xorca.engine.ids import storage_key
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
