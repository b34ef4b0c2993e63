"""What no schedule shows: a token that was used, and whose key had to go at the size limit."""

from __future__ import annotations

import msgspec
import pytest

from tests.simulation.machines_people import BELL, Door, Key
from tests.simulation.worker import TOKENS
from xorca import Runtime, open_store
from xorca.engine.ids import storage_key
from xorca.engine.inbox import Sides, make_room
from xorca.engine.record import seal, unseal
from xorca.errors import TokenRefused
from xorca.events import Event

START = Event(
    id="s",
    source="/outside",
    type="xorca.sim.door.start",
    data=b'{"token":"s","n":1}',
    datacontenttype="application/json",
    extensions={"processid": "p"},
)


async def test_a_token_whose_use_was_forgotten_is_refused() -> None:
    """What can no longer be proven not to have been used is not taken once more."""
    store, key = open_store("memory://"), storage_key("sim.door", "p")
    runtime = Runtime([Door], store=store, bus=store.channel, alarm=store.alarm, tokens=TOKENS)
    (started,) = await runtime.handle(START)
    (rung,) = [event for event in started.sent if event.type == BELL]
    token = msgspec.json.decode(rung.data or b"", type=Key).token
    await runtime.resume(token, {"token": "1", "n": 1})
    stored = await store.load(key)
    assert stored is not None
    record = unseal(stored.body)
    record.seen += "".join(record.inbox)
    record.seen_until, record.inbox, record.outbox = record.updated, {}, {}
    assert make_room(record, Sides())
    await store.save(key, seal(record), expect=stored.tag)
    cold = Runtime([Door], store=store, bus=store.channel, alarm=store.alarm, tokens=TOKENS)

    with pytest.raises(TokenRefused) as caught:
        await cold.resume(token, {"token": "2", "n": 1})

    assert caught.value.reason == "used"
