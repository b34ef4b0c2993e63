"""Applications to talk to, and the events that are sent to them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import httpx
from starlette.applications import Starlette

from xorca import Final, Orchestrator, State, emit, end, on, start, stay
from xorca.errors import Unavailable
from xorca.handlers.asgi import app
from xorca.ports import Page, Query, Stored
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.runtime import Runtime, TokenKeys

KEYS = TokenKeys({"k1": bytes(range(32))}, audience="shop")
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PROBLEM = "application/problem+json"


@dataclass
class Order:
    item: str
    count: int = 1


@dataclass
class Ask:
    token: str
    question: str


@dataclass
class Answer:
    yes: bool
    how: Literal["by car", "by train"] = "by car"
    remark: str | None = None
    grade: int = 0


@dataclass
class Lines:
    items: list[str]


class Sale(Orchestrator, name="shop.sale"):
    """Reserve, then ask a person, and end."""

    item: str = ""
    notes: int = 0

    @start("cmd.shop.sell")
    @emit("cmd.stock.reserve", "notif.shop.begun")
    def begin(self, order: Order) -> tuple[Order, Order]:
        if order.item == "raises":
            raise ValueError("a secret of the shop")
        self.item = order.item
        return order, order

    @on("evt.shop.noted", at=begin, to=stay)
    def note(self, order: Order) -> None:
        self.notes += order.count

    @on("evt.stock.reserve.success", to=end)
    @emit("evt.shop.sell.success")
    def done(self, order: Order) -> Order:
        return order


class Approval(Orchestrator, name="shop.approval", version="2.0.0"):
    """Ask a person by a link."""

    asking = State()
    agreed = Final()

    how: str = ""

    def is_yes(self, answer: Answer) -> bool:
        return answer.yes

    @start(to=asking)
    @emit("cmd.person.ask", "cmd.person.list", "cmd.person.nod")
    def begin(self) -> tuple[Ask, Ask, Ask]:
        simple = Ask(self.token("evt.person.answered"), "<script>alert(1)</script>")
        lists = Ask(self.token("evt.person.listed"), "a list")
        return simple, lists, Ask(self.token("evt.person.nodded"), "nothing")

    @on("evt.person.answered", at=asking, to=agreed, when=is_yes)
    @emit("notif.approval.given")
    def agree(self, answer: Answer) -> Answer:
        self.how = f"{answer.how} {answer.remark} {answer.grade}"
        return answer

    @on("evt.person.listed", at=asking, to=stay)
    def listed(self, lines: Lines) -> None:
        self.how = ",".join(lines.items)

    @on("evt.person.nodded", at=asking, to=stay)
    def nodded(self) -> None:
        self.how = "nodded"


class CountingStore(MemoryStore):
    """A store that says how often it was asked for something, and fails on demand."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = 0
        self.away = False

    def _count(self) -> None:
        self.requests += 1
        if self.away:
            raise Unavailable("the store is away")

    async def load(self, key: str) -> Stored | None:
        self._count()
        return await super().load(key)

    async def save(self, key: str, body: bytes, **options: Any) -> str:
        self._count()
        return await super().save(key, body, **options)

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        self._count()
        return await super().list(query, after=after, limit=limit)

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        self._count()
        await super().delete(key, expect=expect)


class Shop:
    """An application over memory rooms, and a client of it."""

    def __init__(
        self, *classes: type[Orchestrator], bus: MemoryBus | None = None, **options: Any
    ) -> None:
        self.store, self.bus = CountingStore(), bus
        self.runtime = Runtime(classes or (Sale, Approval), store=self.store, bus=bus, tokens=KEYS)
        self.app = app(self.runtime, **options)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client of the application."""
        async with client_of(self.app) as client:
            yield client


@asynccontextmanager
async def client_of(application: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that calls an application in this process; its faults are answers."""
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client


def sell(pid: str = "s-1", *, item: Any = "tea", id: str = "c-1", **more: Any) -> dict[str, Any]:
    """Give the command that starts a sale, as the JSON of an event."""
    return {
        "specversion": "1.0",
        "id": id,
        "source": "/till",
        "type": "cmd.shop.sell",
        "processid": pid,
        "datacontenttype": "application/json",
        "data": {"item": item},
    } | more


def noted(pid: str = "s-1", *, id: str = "n-1", **more: Any) -> dict[str, Any]:
    """Give an event that a sale hears at its beginning."""
    event = sell(id=id, type="evt.shop.noted", subject=f"shop.sale/1.0.0/{pid}")
    del event["processid"]
    return event | more


def binary(event: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    """Give the headers and the body of an event in binary mode."""
    attributes = {name: value for name, value in event.items() if name != "data"}
    content = attributes.pop("datacontenttype", None)
    headers = {f"ce-{name}": str(value) for name, value in attributes.items()}
    if content is not None:
        headers["content-type"] = content
    return headers, json.dumps(event["data"]).encode() if "data" in event else b""


async def post(
    client: httpx.AsyncClient, event: dict[str, Any], accept: str | None = None
) -> httpx.Response:
    """Send an event in structured mode."""
    headers = {"content-type": STRUCTURED} | ({} if accept is None else {"accept": accept})
    return await client.post("/", content=json.dumps(event), headers=headers)


async def post_batch(
    client: httpx.AsyncClient, events: Sequence[Any], accept: str | None = None
) -> httpx.Response:
    """Send a batch."""
    headers = {"content-type": BATCH} | ({} if accept is None else {"accept": accept})
    return await client.post("/", content=json.dumps(events), headers=headers)


def kind_of(response: httpx.Response) -> str:
    """Give the kind of a problem, after a look at its form."""
    assert response.headers["content-type"] == PROBLEM, response.text
    found = response.json()
    assert found["status"] == response.status_code
    assert found["detail"].endswith(".")
    assert "Traceback" not in response.text
    assert found["type"].startswith("urn:xorca:problem:")
    return str(found["type"].rpartition(":")[2])
