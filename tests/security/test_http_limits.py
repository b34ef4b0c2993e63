"""How much a caller may ask for: sizes, rates, and places at work (T3, T11, T17)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import psutil
import pytest
from starlette.types import Message

from tests.unit.handlers.asgi.shop import BATCH, STRUCTURED, Shop, kind_of, post, post_batch, sell
from xorca.handlers.asgi import HttpLimits, Principal
from xorca.handlers.asgi.buckets import Buckets
from xorca.handlers.asgi.intake import Intake
from xorca.handlers.asgi.problems import HttpProblem
from xorca.ports import Stored


def of_size(size: int) -> bytes:
    """Give an event of so many bytes."""
    empty = len(json.dumps(sell(item="")).encode())
    return json.dumps(sell(item="x" * (size - empty))).encode()


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 413)])
async def test_a_body_is_as_large_as_allowed(more: int, status: int) -> None:
    """To the byte; the store is not asked about more."""
    where = Shop(limits=HttpLimits(body=2000))
    async with where.client() as client:
        headers = {"content-type": STRUCTURED}
        response = await client.post("/", content=of_size(2000 + more), headers=headers)

    assert response.status_code == status
    assert (where.store.requests == 0) is (status == 413)


async def test_a_batch_may_be_larger_than_an_event() -> None:
    """Its members may not."""
    where = Shop(limits=HttpLimits(body=2000, batch_body=5000))
    async with where.client() as client:
        events = [sell(f"s-{n}", id=f"c-{n}", item="x" * 1000) for n in range(4)]
        taken = await post_batch(client, events)
        refused = await post_batch(client, [*events, sell(item="x" * 2000)])

    assert (taken.status_code, refused.status_code) == (200, 413)


async def test_a_hundred_megabytes_are_not_held() -> None:
    """They are refused while they come, whatever their length is said to be."""
    asked = 0

    async def receive() -> Message:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": bytes(65_536), "more_body": asked < 1600}

    before = psutil.Process().memory_info().rss
    with pytest.raises(HttpProblem) as caught:
        await Intake(receive, declared="", most=1_048_576, within=30.0).body()

    assert (caught.value.status, asked) == (413, 17)
    assert psutil.Process().memory_info().rss - before < 50_000_000


@pytest.mark.parametrize("declared", ["2000000", "9" * 400])
async def test_what_says_that_it_is_too_large_is_not_read_at_all(declared: str) -> None:
    """By its Content-Length."""

    async def receive() -> Message:
        raise AssertionError("it was read")

    with pytest.raises(HttpProblem) as caught:
        await Intake(receive, declared=declared, most=1_048_576, within=30.0).body()

    assert caught.value.status == 413


# -- rates ---------------------------------------------------------------------------


async def test_a_caller_has_a_rate() -> None:
    """429 beyond it, with the time to wait; others are not affected."""

    async def by_header(request: Any) -> Principal:
        return Principal(request.headers["x-user"])

    where = Shop(auth=by_header, limits=HttpLimits(rate=0.01, burst=2))
    async with where.client() as client:
        mine = [await client.get("/processes", headers={"x-user": "mia"}) for _ in range(3)]
        theirs = await client.get("/processes", headers={"x-user": "ada"})

    assert [each.status_code for each in mine] == [200, 200, 429]
    assert kind_of(mine[2]) == "too-many-requests"
    assert 90 <= int(mine[2].headers["retry-after"]) <= 100
    assert theirs.status_code == 200


async def test_a_caller_without_a_name_is_an_address() -> None:
    """Of the client."""
    where = Shop(limits=HttpLimits(rate=0.01, burst=1))
    async with where.client() as client:
        found = [await client.get("/processes") for _ in range(2)]

    assert [each.status_code for each in found] == [200, 429]


async def test_a_source_has_a_rate() -> None:
    """Counted in events, before the store is asked."""
    where = Shop(limits=HttpLimits(source_rate=0.01, burst=2))
    async with where.client() as client:
        await post_batch(client, [sell(), sell("s-2", id="c-2")])
        before = where.store.requests
        refused = await post(client, sell("s-3", id="c-3"))
        asked = where.store.requests - before
        other = await post(client, sell("s-4", id="c-4", source="/other"))

    assert (refused.status_code, asked, other.status_code) == (429, 0, 200)


def test_a_bucket_fills_again() -> None:
    """At its rate, and no further than a burst."""
    now = [0.0]
    buckets = Buckets(2.0, who="caller", burst=3, now=lambda: now[0])

    taken = [buckets.take("a") for _ in range(4)]
    now[0] = 0.5
    later = [buckets.take("a") for _ in range(2)]
    now[0] = 1000.0
    much_later = [buckets.take("a") for _ in range(4)]

    assert taken == [0.0, 0.0, 0.0, 0.5]
    assert later == [0.0, 0.5]
    assert much_later == [0.0, 0.0, 0.0, 0.5]


def test_more_than_a_burst_is_let_through_once() -> None:
    """A batch that is larger than a burst could never be sent else."""
    now = [0.0]
    buckets = Buckets(1.0, who="source", burst=2, now=lambda: now[0])

    assert [buckets.take("a", 10), buckets.take("a", 10)] == [0.0, 10.0]
    now[0] = 10.0
    assert buckets.take("a", 10) == 0.0


def test_callers_are_remembered_up_to_a_number() -> None:
    """A flood of names does not fill the memory."""
    buckets = Buckets(0.001, who="caller", burst=1, most=100)

    for number in range(10_000):
        buckets.take(str(number))

    assert len(buckets._known) == 100


# -- places --------------------------------------------------------------------------


async def test_so_many_are_worked_on_at_once() -> None:
    """The next is told to come again, at once."""
    where = Shop(limits=HttpLimits(concurrency=1))
    going, go = asyncio.Event(), asyncio.Event()
    load = where.store.load

    async def slow(key: str) -> Stored | None:
        going.set()
        await go.wait()
        return await load(key)

    where.store.load = slow  # type: ignore[method-assign]
    async with where.client() as client:
        first = asyncio.ensure_future(client.get("/processes/shop.sale/1.0.0/a"))
        await going.wait()
        refused, alive = await client.get("/processes"), await client.get("/health")
        go.set()
        response = await first
        after = await client.get("/processes")

    assert (refused.status_code, kind_of(refused), alive.status_code) == (503, "busy", 200)
    assert (response.status_code, after.status_code) == (404, 200)


async def test_the_order_is_who_how_much_what() -> None:
    """A stranger with a malformed body that is too large is a stranger."""

    async def nobody(request: Any) -> None:
        return None

    bad = {"content": b"{" * 5000, "headers": {"content-type": BATCH}}
    limits = HttpLimits(batch_body=1000, rate=0.01, burst=1)
    guarded, limited, sized = (
        Shop(auth=nobody, limits=limits),
        Shop(limits=limits),
        Shop(limits=HttpLimits(batch_body=1000)),
    )
    statuses: list[int] = []
    for where, count in ((guarded, 1), (limited, 2), (sized, 1)):
        async with where.client() as client:
            for _ in range(count):
                response = await client.post("/", **bad)  # type: ignore[arg-type]
            statuses.append(response.status_code)
        assert where.store.requests == 0

    assert statuses == [401, 429, 413]
