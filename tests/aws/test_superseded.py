"""A refused save on DynamoDB brings what is stored instead, to whoever it was refused alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from tests.aws.grounds import GROUNDS
from tests.aws.race_words import Count, start_event, token_event
from tests.emulators.proxy import FaultProxy
from xorca import Runtime
from xorca.errors import Conflict
from xorca.events import Event
from xorca.ports import Stored
from xorca.providers.aws import DynamoDBStore
from xorca.providers.memory import MemoryStore
from xorca.sealing import HmacSeal, sealed
from xorca.superseded import Superseded

pytestmark = pytest.mark.usefixtures("aws_environment")


class Silence:
    """A bus to nowhere."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Take the events."""


@pytest.fixture
async def proxy(moto: str) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(moto) as found:
        yield found


@pytest.fixture
async def store(moto: str, proxy: FaultProxy, fresh_name: str) -> AsyncIterator[DynamoDBStore]:
    table = await GROUNDS.table(moto)
    async with DynamoDBStore(table, prefix=fresh_name, endpoint=proxy.url) as found:
        yield found


async def test_refused_save_tells_what_is_there(store: DynamoDBStore) -> None:
    """The refusal holds body and tag of what was stored when it was judged."""
    first = await store.save("a/b", b"one", expect=None)
    second = await store.save("a/b", b"two", expect=first)

    for expect in (None, first):
        with pytest.raises(Superseded) as caught:
            await store.save("a/b", b"three", expect=expect)

        assert caught.value.found == Stored(b"two", second)


async def test_refusal_by_what_is_gone_tells_nothing(store: DynamoDBStore) -> None:
    """Where nothing is stored any more there is nothing to bring."""
    tag = await store.save("a/b", b"one", expect=None)
    await store.delete("a/b")

    with pytest.raises(Conflict) as caught:
        await store.save("a/b", b"two", expect=tag)

    assert not isinstance(caught.value, Superseded)


async def test_runtime_goes_on_from_what_it_was_refused_for(
    store: DynamoDBStore, proxy: FaultProxy
) -> None:
    """A Runtime whose cache is old reads nothing, and its decision rests on what is stored."""
    old, new = (Runtime([Count], store=store, bus=Silence()) for _ in range(2))
    await old.handle(start_event())
    await new.handle(token_event("t1"))
    proxy.forget()

    (outcome,) = await old.handle(token_event("t2"))

    assert outcome.status == "applied"
    assert [request.operation for request in proxy.requests] == ["PutItem", "PutItem"]
    described = await old.describe("race.count/1.0.0/hot")
    assert described is not None
    assert described.memory["tokens"] == ["t1", "t2"]


async def test_seal_is_not_passed_by(store: DynamoDBStore) -> None:
    """What the inner store brings is not taken for what a sealed one would have read."""
    kept = sealed(store, HmacSeal({"k1": b"0" * 32}))
    old, new = (Runtime([Count], store=kept, bus=Silence()) for _ in range(2))
    await old.handle(start_event())
    await new.handle(token_event("t1"))

    (outcome,) = await old.handle(token_event("t2"))

    assert outcome.status == "applied"


def test_what_another_store_or_key_holds_is_not_taken() -> None:
    """Only the very store and key that were asked for count."""
    ours, other = MemoryStore(), MemoryStore()
    lost = Superseded("a/b", "", found=Stored(b"one", "1"), store=ours)

    assert Superseded.found_by(ours, "a/b", lost) == Stored(b"one", "1")
    assert Superseded.found_by(other, "a/b", lost) is None
    assert Superseded.found_by(ours, "_side/a/b/x", lost) is None
    assert Superseded.found_by(ours, "a/b", Conflict()) is None
