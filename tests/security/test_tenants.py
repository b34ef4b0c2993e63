"""Two tenants in one worker process, or in one file, never meet (T16)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import msgspec
import pytest

from tests.security.programs import Approval, Order, Paid, Purchase
from tests.unit.support import HandClock, answer, data_of, starting, told
from xorca import Runtime
from xorca.engine.ids import storage_key
from xorca.engine.record import unseal
from xorca.errors import RecordError, TokenRefused
from xorca.events import Event
from xorca.ports import Page, Query, Store, Stored, Summary
from xorca.providers.local import SqliteStore
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.runtime import TokenKeys
from xorca.sealing import AesGcmSeal, HmacSeal, sealed

TENANTS = ("acme", "beta")


class Under:
    """A Store under a prefix of another one, as a tenant has it."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store, self._prefix, self.limit = store, f"{prefix}/", store.limit

    async def load(self, key: str) -> Stored | None:
        """Load below the prefix."""
        return await self._store.load(self._prefix + key)

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save below the prefix."""
        return await self._store.save(self._prefix + key, body, expect=expect, summary=summary)

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """List nothing: no test here asks."""
        return Page((), None)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Delete below the prefix."""
        await self._store.delete(self._prefix + key, expect=expect)


def key_of(tenant: str) -> bytes:
    """Give each tenant a key of its own."""
    return tenant.encode().ljust(32, b".")


class Tenant:
    """A tenant's own Runtime over a store that all share."""

    def __init__(self, name: str, shared: Store) -> None:
        self.name, self.bus = name, MemoryBus()
        self.store = sealed(Under(shared, name), HmacSeal({name: key_of(name)}))
        self.runtime = self.worker()

    def worker(self) -> Runtime:
        """Give a worker that remembers nothing."""
        return Runtime([Purchase], store=self.store, bus=self.bus, clock=HandClock())

    async def one(self, start: Event, number: int) -> None:
        """Bring a purchase half-way."""
        (begun,) = await self.runtime.handle(start)
        assert begun.status == "applied"
        (paid,) = await self.runtime.handle(answer(begun.sent[0], Paid(f"{self.name}-{number}")))
        assert told(paid) == ("applied", "paid")


async def test_ten_thousand_interleaved_events_do_not_cross() -> None:
    """The same start events in both, in any order: each ends with its own, and only that."""
    shared = MemoryStore()
    tenants = [Tenant(name, shared) for name in TENANTS]
    starts = [
        (tenant, number, starting(Purchase, Order(f"{tenant.name}-{number}"), f"p{number}", id="s"))
        for tenant in tenants
        for number in range(2_500)
    ]
    Random(5).shuffle(starts)

    for at in range(0, len(starts), 50):
        chunk = starts[at : at + 50]
        await asyncio.gather(*(tenant.one(start, number) for tenant, number, start in chunk))

    for tenant in tenants:
        assert len(tenant.bus.published) == 5_000
        texts = {one.to_json() for one in tenant.bus.published}
        other = next(name for name in TENANTS if name != tenant.name).encode()
        assert not [text for text in texts if other in text]
        for number in (0, 1, 2_499):
            stored = await tenant.store.load(storage_key("sec.purchase", f"p{number}"))
            assert stored is not None
            assert msgspec.json.decode(unseal(stored.body).memory)["item"].startswith(tenant.name)


@pytest.mark.parametrize("seal", [HmacSeal, AesGcmSeal])
async def test_a_record_of_another_tenant_cannot_be_put_in(seal: type[HmacSeal]) -> None:
    """Not under the same key of the other prefix either: their keys differ."""
    shared = MemoryStore()
    acme, beta = (sealed(Under(shared, name), seal({"k": key_of(name)})) for name in TENANTS)
    await acme.save("a/b", b"mine", expect=None)
    stolen = await shared.load("acme/a/b")
    assert stolen is not None

    await shared.save("beta/a/b", stolen.body, expect=None)

    with pytest.raises(RecordError):
        await beta.load("a/b")


async def test_a_worker_that_is_used_again_keeps_nothing_of_another(tmp_path: Path) -> None:
    """A runtime a tenant has a cache a tenant: no record of one is met by the other."""
    async with SqliteStore(tmp_path / "x.db") as shared:
        acme, beta = (Tenant(name, shared) for name in TENANTS)
        start = starting(Purchase, Order("acme's"), "p", id="s")
        await acme.one(start, 1)

        (outcome,) = await beta.runtime.handle(
            answer(acme.bus.published[0], Paid("x"), id="answer")
        )

        assert told(outcome) == ("retry", "no-record")
        assert beta.bus.published == []


@pytest.mark.parametrize("same_keys", [True, False])
async def test_a_token_of_another_tenant_is_forged(*, same_keys: bool) -> None:
    """By its audience, or by its keys; the processes are the same in all else."""
    clock = HandClock()
    runtimes, tokens = [], []
    for name in TENANTS:
        store, bus = MemoryStore(), MemoryBus()
        keys = TokenKeys({"k": b"k" * 32 if same_keys else key_of(name)}, audience=name)
        runtime = Runtime(
            [Approval], store=store, bus=bus, alarm=store.alarm, clock=clock, tokens=keys
        )
        await runtime.handle(starting(Approval, Order("x"), "p", id="s"))
        runtimes.append(runtime)
        tokens.append(data_of(bus.published[0])["token"])
    yes = {"yes": True, "by": "x"}

    for runtime, token in zip(runtimes, reversed(tokens), strict=True):
        with pytest.raises(TokenRefused) as caught:
            await runtime.resume(token, yes)
        assert caught.value.reason == "forged"
    for runtime, token in zip(runtimes, tokens, strict=True):
        assert (await runtime.resume(token, yes)).status == "applied"
