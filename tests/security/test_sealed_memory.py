"""What a fleet remembers is sealed like a record (T9)."""

from __future__ import annotations

import pytest

from tests.security.programs import Order, Paid
from tests.security.test_tampering import RING, SEALS
from tests.unit.support import event, told
from xorca.fleet import Fleet
from xorca.ports import Query
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.sealing import sealed


@pytest.mark.parametrize("kind", SEALS)
async def test_a_remembered_answer_that_was_changed_is_not_given(kind: str) -> None:
    """The command must come again, nothing is answered, and it is not executed once more."""
    below, bus, calls = MemoryStore(), MemoryBus(), list[str]()
    fleet = Fleet(source="/srvc/bank", bus=bus, store=sealed(below, SEALS[kind](RING)))

    @fleet.serves("cmd.bank.pay")
    async def pay(order: Order) -> Paid:
        calls.append(order.item)
        return Paid(f"receipt for {order.item}")

    command = event("cmd.bank.pay", {"item": "a chair"}, subject="sec.purchase/1.0.0/p")
    await fleet.handle(command)
    [item] = (await below.list(Query())).items
    stored = await below.load(item.key)
    assert stored is not None
    assert (b"receipt for" in stored.body) is (kind == "hmac")
    changed = stored.body[:-20] + b"#" + stored.body[-19:]
    await below.save(item.key, changed, expect=stored.tag, summary=item.summary)

    (outcome,) = await fleet.handle(command)

    assert told(outcome)[0] == "retry"
    assert (calls, len(bus.published)) == (["a chair"], 1)
    found = await below.load(item.key)
    assert found is not None
    assert found.body == changed
