"""Processes by their addresses: start, describe, list, wait, cancel."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Send

from tests.unit.handlers.asgi.shop import (
    KEYS,
    Approval,
    Sale,
    Shop,
    client_of,
    kind_of,
    noted,
    post,
    sell,
)
from xorca import Orchestrator, emit, end, on, start
from xorca.handlers.asgi import HttpLimits, app
from xorca.providers.memory import MemoryBus

SALE = "/processes/shop.sale/1.0.0"


class Again(Orchestrator, name="shop.again", version="1.1.0"):
    """A second start of it is nothing to speak of."""

    @start("shop.again", on_existing="ignore")
    @emit("cmd.again")
    def begin(self, text: str) -> str:
        return text

    @start("shop.again.bare", on_existing="ignore")
    @emit("cmd.again")
    def bare(self) -> str:
        return ""

    @on("evt.again.success", to=end)
    def done(self) -> None: ...


# -- start --------------------------------------------------------------------------


async def test_a_process_is_started_by_its_payload() -> None:
    """201, with its address and what it emitted."""
    async with Shop().client() as client:
        response = await client.post("/processes/shop.sale?process_id=a", json={"item": "tea"})
        found = await client.get(response.headers["location"])

    said = response.json()
    assert (response.status_code, response.headers["location"]) == (201, f"{SALE}/a")
    assert (said["subject"], said["outcome"], said["state"]) == (
        "shop.sale/1.0.0/a",
        "applied",
        "begin",
    )
    assert [event["type"] for event in said["emitted"]] == ["cmd.stock.reserve", "notif.shop.begun"]
    assert found.json()["memory"] == {"item": "tea", "notes": 0}


async def test_with_a_bus_a_start_does_not_give_back_what_it_emitted() -> None:
    """It is on the bus."""
    async with Shop(bus=MemoryBus()).client() as client:
        response = await client.post("/processes/shop.sale", json={"item": "tea"})

    assert (response.status_code, "emitted" in response.json()) == (201, False)


@pytest.mark.parametrize("where", ["header", "query"])
async def test_a_start_with_a_key_starts_once(where: str) -> None:
    """The second is 200, with the same address and the same events."""
    options: dict[str, Any] = (
        {"headers": {"Idempotency-Key": "k-1"}} if where == "header" else {"params": {"id": "k-1"}}
    )
    async with Shop().client() as client:
        first = await client.post("/processes/shop.sale", json={"item": "tea"}, **options)
        again = await client.post("/processes/shop.sale", json={"item": "tea"}, **options)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["emitted"] == first.json()["emitted"]
    assert again.headers["location"] == first.headers["location"]


async def test_another_start_of_a_process_id_is_409() -> None:
    """The process that is there stays as it was."""
    async with Shop().client() as client:
        await client.post("/processes/shop.sale?process_id=a", json={"item": "tea"})
        response = await client.post("/processes/shop.sale?process_id=a", json={"item": "milk"})
        found = (await client.get(f"{SALE}/a")).json()

    assert (response.status_code, kind_of(response)) == (409, "process-exists")
    assert found["memory"]["item"] == "tea"


async def test_another_start_may_be_nothing_to_speak_of() -> None:
    """As the class says by ``on_existing``."""
    async with Shop(Again).client() as client:
        await client.post("/processes/shop.again?process_id=a", json="x")
        response = await client.post("/processes/shop.again?process_id=a", json="y")

    assert (response.status_code, response.json()["outcome"]) == (200, "ignored")


async def test_the_start_that_takes_the_payload_is_found() -> None:
    """By the payload, or by its name."""
    async with Shop(Again).client() as client:
        found = [
            await client.post("/processes/shop.again", json="x"),
            await client.post("/processes/shop.again"),
            await client.post("/processes/shop.again?event=shop.again.bare", json="x"),
        ]

    assert [each.json()["reason"] for each in found] == ["begin", "bare", "bare"]


REFUSED = {
    "data that does not fit": ("/processes/shop.sale", {"item": "SECRET", "count": "x"}, 422),
    "no data": ("/processes/shop.sale", None, 422),
    "another name": ("/processes/shop.other", {}, 404),
    "another version": ("/processes/shop.sale?version=9.0.0", {"item": "x"}, 404),
    "another event": ("/processes/shop.sale?event=x.y", {"item": "x"}, 404),
    "no process id": ("/processes/shop.sale?process_id=", {"item": "x"}, 422),
    "a process id of control characters": (
        "/processes/shop.sale?process_id=%00",
        {"item": "x"},
        400,
    ),
    "a process id that is too long": (
        f"/processes/shop.sale?process_id={'x' * 1100}",
        {"item": "x"},
        422,
    ),
    "an id that is too long": (f"/processes/shop.sale?id={'x' * 1100}", {"item": "x"}, 400),
    "another parameter": ("/processes/shop.sale?processid=x", {"item": "x"}, 400),
    "a parameter twice": ("/processes/shop.sale?id=x&id=y", {"item": "x"}, 400),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_start_is_refused_before_the_store_is_asked(name: str) -> None:
    """With one sentence, and nothing of the payload in it."""
    path, payload, status = REFUSED[name]
    shop = Shop()
    async with shop.client() as client:
        response = await client.post(path, **({} if payload is None else {"json": payload}))

    assert (response.status_code, bool(kind_of(response))) == (status, True), response.text
    assert "SECRET" not in response.text
    assert shop.store.requests == 0


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/cloudevents+json"],
)
async def test_a_payload_is_json(content_type: str) -> None:
    """Anything else is 415: a form of another site cannot start anything, nor is an event one."""
    async with Shop().client() as client:
        headers = {"content-type": content_type}
        response = await client.post("/processes/shop.sale", content=b"{}", headers=headers)

    assert (response.status_code, kind_of(response)) == (415, "unsupported")


# -- describe ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pid", ["a", "a/b", "50%", "%2F", "result", "x y", "ü", "a%252Fb", ".", ".."]
)
async def test_the_location_of_a_process_leads_to_it(pid: str) -> None:
    """Whatever its process id holds."""
    async with Shop().client() as client:
        begun = await client.post(
            "/processes/shop.sale", params={"process_id": pid}, json={"item": "x"}
        )
        found = await client.get(begun.headers["location"])

    assert (found.status_code, found.json()["process_id"]) == (200, pid)


@pytest.mark.parametrize("path", [SALE + "/s-1", "/processes", SALE + "/s-1/result", SALE + "/no"])
async def test_no_cache_gives_others_what_a_caller_was_told(path: str) -> None:
    """Caches know no signature of ours; and what is not there now may be there soon."""
    async with Shop(limits=HttpLimits(wait=0.05)).client() as client:
        await post(client, sell())
        response = await client.get(path)

    assert {"no-store", "private"} & set(response.headers["cache-control"].split(", "))


async def test_the_revision_is_the_tag() -> None:
    """A caller who knows it is told 304, until something happens."""
    async with Shop().client() as client:
        await post(client, sell())
        first = await client.get(f"{SALE}/s-1")
        headers = {"If-None-Match": first.headers["etag"]}
        same = await client.get(f"{SALE}/s-1", headers=headers)
        await post(client, noted())
        other = await client.get(f"{SALE}/s-1", headers=headers)

    assert first.headers["etag"] == '"1"'
    assert [same.status_code, same.content, other.status_code] == [304, b"", 200]


@pytest.mark.parametrize(
    ("path", "asks"),
    [
        ("shop.sale/1.0.0/none", True),
        ("shop.sale/9.9.9/s-1", True),
        ("shop.other/1.0.0/s-1", False),
        ("shop.sale/1.0.0", False),
        ("shop.sale", False),
        ("", False),
        ("..%2F..%2Fetc", False),
        ("//", False),
    ],
)
async def test_what_is_not_there_is_404(path: str, *, asks: bool) -> None:
    """What cannot be there is not even looked for."""
    shop = Shop()
    async with shop.client() as client:
        await post(client, sell())
        before = shop.store.requests
        response = await client.get(f"/processes/{path}")

    assert (response.status_code, kind_of(response)) == (404, "not-found")
    assert (shop.store.requests > before) is asks


# -- cancel --------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["delete", "post", "body"])
async def test_a_process_is_cancelled(way: str) -> None:
    """By DELETE, by POST; the reason in the query or in the body; and once more the same."""

    async def cancel() -> Any:
        if way == "delete":
            return await client.delete(f"{SALE}/s-1?reason=why")
        if way == "post":
            return await client.post(f"{SALE}/s-1/cancel?reason=why")
        return await client.post(f"{SALE}/s-1/cancel", json={"reason": "why"})

    async with Shop().client() as client:
        await post(client, sell())
        first, again = await cancel(), await cancel()
        found = (await client.get(f"{SALE}/s-1")).json()

    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert [event["type"] for event in first.json()["emitted"]] == ["evt.shop.sell.error"]
    assert again.json() == first.json()
    assert (found["status"], found["reason"]) == ("cancelled", "why")


async def test_what_is_over_is_not_cancelled() -> None:
    """409, and it stays as it ended."""
    async with Shop().client() as client:
        await post(client, sell())
        await post(client, noted(id="a", type="evt.stock.reserve.success"))
        response = await client.delete(f"{SALE}/s-1")

    assert (response.status_code, kind_of(response)) == (409, "over")


@pytest.mark.parametrize(
    ("content", "query", "status"),
    [
        (b"{", "", 400),
        (b"[]", "", 400),
        (b'{"reason": 5}', "", 400),
        (b"", "?reason=" + "x" * 1001, 422),
        (b"", "?why=x", 400),
        (b'{"reason": "\\ud800"}', "", 400),
    ],
)
async def test_a_reason_is_a_short_text(content: bytes, query: str, status: int) -> None:
    """Otherwise nothing is cancelled."""
    async with Shop().client() as client:
        await post(client, sell())
        headers = {"content-type": "application/json"}
        path = f"{SALE}/s-1/cancel{query}"
        response = await client.post(path, content=content, headers=headers)
        found = (await client.get(f"{SALE}/s-1")).json()

    assert (response.status_code, found["status"]) == (status, "active")


async def test_what_is_not_there_is_not_cancelled() -> None:
    """404."""
    async with Shop().client() as client:
        response = await client.delete(f"{SALE}/none")

    assert response.status_code == 404


# -- list ----------------------------------------------------------------------------


async def test_pages_are_walked_by_their_cursor() -> None:
    """Every process comes once."""
    seen: list[str] = []
    async with Shop().client() as client:
        for number in range(7):
            await post(client, sell(f"s-{number}", id=f"c-{number}"))
        await client.post("/processes/shop.approval?process_id=a")
        after: str | None = ""
        while after is not None:
            params = {"limit": "3", "after": after, "name": "shop.sale"}
            page = (await client.get("/processes", params=params)).json()
            seen += [found["subject"] for found in page["processes"]]
            after = page["after"]

    assert sorted(seen) == [f"shop.sale/1.0.0/s-{number}" for number in range(7)]


async def test_pages_are_made_of_records_where_a_store_keeps_no_summaries(tmp_path: Path) -> None:
    """Of a directory, say; a page may be short there, and every process comes once."""
    application = app(Sale, Approval, store=f"file://{tmp_path}", tokens=KEYS)
    seen: list[str] = []
    async with application.router.lifespan_context(application), client_of(application) as client:
        for number in range(5):
            await post(client, sell(f"s-{number}", id=f"c-{number}"))
        await client.delete(f"{SALE}/s-3")
        after: str | None = ""
        while after is not None:
            params = {"limit": "2", "after": after, "status": "active"}
            page = (await client.get("/processes", params=params)).json()
            seen += [found["subject"].rpartition("/")[2] for found in page["processes"]]
            after = page["after"]

    assert sorted(seen) == ["s-0", "s-1", "s-2", "s-4"]


async def test_a_page_is_of_what_was_asked_for() -> None:
    """By name and status; a name that is not here has none."""
    async with Shop().client() as client:
        await post(client, sell())
        await post(client, sell("s-2", id="c-2"))
        await client.delete(f"{SALE}/s-2")
        asked = [
            "status=cancelled",
            "status=active&name=shop.sale",
            "name=shop.other",
            "version=2.0.0",
        ]
        pages = [(await client.get(f"/processes?{each}")).json()["processes"] for each in asked]

    found = [[each["subject"].rpartition("/")[2] for each in page] for page in pages]
    assert found == [["s-2"], ["s-1"], [], []]


async def test_other_orchestrators_of_the_store_are_not_listed() -> None:
    """An application tells of its own."""
    shop = Shop()
    async with shop.client() as client:
        await post(client, sell())
        await client.post("/processes/shop.approval?process_id=a")

    async with client_of(app(Approval, store=shop.store)) as client:
        found = (await client.get("/processes")).json()["processes"]
        hidden = await client.get(f"{SALE}/s-1")

    assert [each["name"] for each in found] == ["shop.approval"]
    assert hidden.status_code == 404


@pytest.mark.parametrize(
    "query", ["status=nonsense", "limit=0", "limit=501", "limit=x", "after=%00", "after=***", "x=1"]
)
async def test_a_query_that_asks_for_nothing_is_400(query: str) -> None:
    """And the store is not asked."""
    shop = Shop()
    async with shop.client() as client:
        response = await client.get(f"/processes?{query}")

    assert (response.status_code, kind_of(response), shop.store.requests) == (400, "query", 0)


# -- wait ----------------------------------------------------------------------------


async def test_a_result_is_waited_for() -> None:
    """The description comes as soon as the process is over."""
    async with Shop().client() as client:
        await post(client, sell())
        waiting = asyncio.ensure_future(client.get(f"{SALE}/s-1/result?timeout=20"))
        await asyncio.sleep(0.05)
        await post(client, noted(id="a", type="evt.stock.reserve.success"))
        response = await waiting

    assert (response.status_code, response.json()["status"]) == (200, "ended")


async def test_a_result_that_does_not_come_is_202() -> None:
    """With the time after which to ask again."""
    async with Shop(limits=HttpLimits(wait=0.05)).client() as client:
        await post(client, sell())
        response = await client.get(f"{SALE}/s-1/result?timeout=3600")

    assert (response.status_code, response.json()["status"]) == (202, "active")
    assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize("timeout", ["x", "-1", "nan", "inf", "", "1e400"])
async def test_a_timeout_is_a_number(timeout: str) -> None:
    """Otherwise 400."""
    async with Shop().client() as client:
        await post(client, sell())
        response = await client.get(f"{SALE}/s-1/result", params={"timeout": timeout})

    assert response.status_code == 400


async def test_what_is_not_there_is_not_waited_for() -> None:
    """404 at once."""
    async with Shop().client() as client:
        response = await client.get(f"{SALE}/none/result")

    assert response.status_code == 404


async def test_so_many_wait_at_once() -> None:
    """The next is told to come again, and nobody else is kept from work."""
    async with Shop(limits=HttpLimits(waiters=1)).client() as client:
        await post(client, sell())
        waiting = asyncio.ensure_future(client.get(f"{SALE}/s-1/result?timeout=5"))
        await asyncio.sleep(0.05)
        refused = await client.get(f"{SALE}/s-1/result?timeout=5")
        await post(client, noted(id="a", type="evt.stock.reserve.success"))
        response = await waiting

    assert (refused.status_code, kind_of(refused), response.status_code) == (503, "busy", 200)


async def test_a_request_that_is_cancelled_stays_cancelled() -> None:
    """Its caller is told to come again, and whoever cancelled it is not told otherwise."""
    shop = Shop()
    told: list[Message] = []
    async with shop.client() as client:
        await post(client, sell())
    scope = http_scope("/processes/shop.sale/1.0.0/s-1/result")
    asking = asyncio.ensure_future(shop.app(scope, nothing_more(), keeping(told)))
    await asyncio.sleep(0.05)

    asking.cancel()
    await asyncio.wait((asking,))

    assert asking.cancelled()
    assert (told[0]["status"], dict(told[0]["headers"])[b"retry-after"]) == (503, b"1")


def http_scope(path: str) -> dict[str, Any]:
    """Give what a server says of a GET."""
    about = {"type": "http", "method": "GET", "path": path, "headers": []}
    return {**about, "query_string": b"", "http_version": "1.1", "scheme": "http"}


def nothing_more() -> Receive:
    """Give an empty body, and a client that stays."""
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop()

    return receive


def keeping(told: list[Message]) -> Send:
    """Keep what is sent."""

    async def send(message: Message) -> None:
        told.append(message)

    return send
