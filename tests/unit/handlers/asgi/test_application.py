"""How an application is put together, and what it says of itself."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from tests.unit.handlers.asgi.shop import (
    STRUCTURED,
    CountingStore,
    Order,
    Sale,
    Shop,
    client_of,
    kind_of,
    post,
    sell,
)
from xorca import Orchestrator, emit, end, on, start
from xorca.errors import ConfigurationError
from xorca.fleet import Fleet
from xorca.handlers.asgi import HttpLimits, Principal, app, fleet_app
from xorca.providers.local import SqliteStore
from xorca.providers.memory import MemoryBus, MemoryStore

ROOT = Path(__file__).parents[4]


async def let_in(request: Any) -> Principal | None:
    return None


@pytest.mark.parametrize(
    "make",
    [
        lambda: app(Sale),
        lambda: app(store="memory:"),
        lambda: app(Sale, store="nonsense:"),
        lambda: app(Sale, store="memory:", prefix="shop"),
        lambda: app(Sale, store="memory:", prefix="/shop/"),
        lambda: app(Shop(Sale).runtime, store="memory:"),
        lambda: app(Shop(Sale).runtime, Sale),
        lambda: HttpLimits(body=0),
        lambda: HttpLimits(rate=0.0),
        lambda: HttpLimits(wait="x"),  # type: ignore[arg-type]
    ],
)
def test_parts_that_do_not_fit_are_refused(make: Any) -> None:
    """When they are put together, not when the first request comes."""
    with pytest.raises(ConfigurationError):
        make()


def test_without_starlette_the_line_for_pip_is_said() -> None:
    """And the module itself, with ``sign``, is there without it."""
    code = (
        "import sys; sys.modules['starlette'] = None\n"
        "from xorca.handlers.asgi import app, sign\n"
        "assert not any(name.startswith('starlette.') for name in sys.modules)\n"
        "try: app(store='memory:')\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.stdout.startswith("MissingExtra"), done.stderr
    assert "pip install 'xorca[http]'" in done.stdout


async def test_what_was_opened_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that was given by its URL; one that was given as it is stays open."""
    closed: list[object] = []

    async def close(self: object) -> None:
        closed.append(self)

    monkeypatch.setattr(SqliteStore, "close", close)
    given = SqliteStore(tmp_path / "given.db")
    ours, theirs = app(Sale, store=f"sqlite:///{tmp_path}/ours.db"), app(Sale, store=given)
    for one in (ours, theirs):
        async with one.router.lifespan_context(one):
            pass

    assert len(closed) == 1
    assert closed[0] is not given
    monkeypatch.undo()
    for store in (*closed, given):
        await store.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/shop", "/shop/"])
async def test_everything_is_below_the_prefix(path: str) -> None:
    """With and without the slash that ends it."""
    async with Shop(prefix="/shop").client() as client:
        taken = await client.post(path, json=sell(), headers={"content-type": STRUCTURED})
        begun = await client.post("/shop/processes/shop.sale?process_id=a", json={"item": "x"})
        found = await client.get(begun.headers["location"])
        alive, elsewhere = await client.get("/shop/health"), await client.get("/health")

    assert [taken.status_code, begun.status_code, found.status_code] == [200, 201, 200]
    assert begun.headers["location"] == "/shop/processes/shop.sale/1.0.0/a"
    assert (alive.status_code, elsewhere.status_code) == (200, 404)


# -- health --------------------------------------------------------------------------


async def test_health_and_readiness_are_for_everybody() -> None:
    """Whoever may not do anything else."""
    shop = Shop(auth=let_in, limits=HttpLimits(rate=0.001, burst=1))
    async with shop.client() as client:
        found = [await client.get(path) for path in ("/health", "/ready") * 3]
        other = await client.get("/processes")

    assert [each.status_code for each in found] == [200] * 6
    assert (other.status_code, kind_of(other)) == (401, "unauthorized")


async def test_a_store_that_is_away_is_not_ready() -> None:
    """But alive."""
    shop = Shop()
    shop.store.away = True
    async with shop.client() as client:
        ready, alive = await client.get("/ready"), await client.get("/health")

    assert (ready.status_code, alive.status_code) == (503, 200)
    assert ready.headers["retry-after"] == "1"


async def test_readiness_asks_the_store_once_for_all() -> None:
    """Nobody can wear it out by asking."""
    shop = Shop()
    async with shop.client() as client:
        for _ in range(50):
            await client.get("/ready")

    assert shop.store.requests <= 2


# -- the document ---------------------------------------------------------------------


class Model(BaseModel):
    name: str


class Modelled(Orchestrator, name="shop.modelled"):
    """Its payload is a pydantic model."""

    @start
    @emit("cmd.modelled")
    def begin(self, model: Model) -> Model:
        return model

    @on("evt.modelled.success", to=end)
    def done(self, models: dict[str, Model]) -> None: ...


def referred(found: object) -> set[str]:
    """Give the names of the components that a document refers to."""
    if isinstance(found, dict):
        mine = {found["$ref"].rpartition("/")[2]} if isinstance(found.get("$ref"), str) else set()
        return mine.union(*map(referred, found.values()))
    return set().union(*map(referred, found)) if isinstance(found, list) else set()


async def test_the_document_has_the_payloads() -> None:
    """Of dataclasses and of models; what it refers to is in it."""
    async with Shop(Sale, Modelled).client() as client:
        document = (await client.get("/openapi.json")).json()

    schemas, parts = document["components"]["schemas"], document["components"]
    body = document["paths"]["/processes/shop.modelled"]["post"]["requestBody"]
    assert document["openapi"] == "3.1.0"
    assert schemas["Order"]["properties"]["count"]["type"] == "integer"
    assert schemas["Model"]["required"] == ["name"]
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Model"}
    assert referred(document) <= {*schemas, *parts["responses"]}


async def test_every_path_of_the_document_is_there() -> None:
    """None of them is answered 404 for want of a route, or 405."""
    shop = Shop(prefix="/shop")
    async with shop.client() as client:
        document = (await client.get("/shop/openapi.json")).json()
        for path, operations in document["paths"].items():
            for method in set(operations) - {"parameters"}:
                response = await client.request(method, path.replace("{", "").replace("}", ""))
                assert "nothing at this address" not in response.text, path
                assert response.status_code != 405, (method, path)
                assert str(response.status_code) in operations[method]["responses"], (method, path)


# -- a fleet ---------------------------------------------------------------------------


def books(store: MemoryStore | None = None) -> Fleet:
    fleet = Fleet("/srvc/books", store=store)

    @fleet.serves("cmd.book.fetch")
    async def fetch(name: str) -> str:
        if name == "none":
            raise LookupError("a secret")
        return name.upper()

    return fleet


def fetch(name: Any, id: str = "f-1") -> dict[str, Any]:
    return sell(id=id, type="cmd.book.fetch", data=name, subject="x/1.0.0/y")


async def test_a_fleet_answers_in_the_response() -> None:
    """A command in, its answer out; a repetition gets the same one."""
    async with client_of(fleet_app(books(MemoryStore()))) as client:
        first, again = await post(client, fetch("tea")), await post(client, fetch("tea"))

    assert (first.status_code, first.json()["type"]) == (200, "evt.book.fetch.success")
    assert (first.json()["data"], first.json()["causationid"]) == ("TEA", "f-1")
    assert again.content == first.content


async def test_a_service_that_fails_answers_an_error() -> None:
    """That is an answer as well."""
    async with client_of(fleet_app(books())) as client:
        response = await post(client, fetch("none"))

    assert (response.status_code, response.json()["type"]) == (200, "evt.book.fetch.error")


async def test_a_fleet_refuses_what_it_does_not_serve() -> None:
    """404; and it has no processes."""
    async with client_of(fleet_app(books())) as client:
        found = [await post(client, sell()), await client.get("/processes")]
        typed = await client.post("/events/cmd.book.fetch", json="tea")
        document = (await client.get("/openapi.json")).json()

    assert [each.status_code for each in found] == [404, 404]
    assert (typed.status_code, typed.json()["emitted"][0]["data"]) == (200, "TEA")
    assert "/events/cmd.book.fetch" in document["paths"]
    assert "/processes" not in document["paths"]


@dataclass
class Book:
    title: str
    pages: int = 0


async def test_the_document_of_a_fleet_has_its_commands_and_answers() -> None:
    """What a service takes, what it gives, and what an observer of one event takes."""
    fleet = Fleet("/srvc/books")

    @fleet.serves("cmd.book.fetch")
    async def fetch_book(order: Order) -> list[Book]:
        return []

    @fleet.serves("cmd.book.burn")
    async def burn() -> None: ...

    @fleet.observes("notif.book.lost")
    async def mourn(model: Model) -> None: ...

    async with client_of(fleet_app(fleet)) as client:
        document = (await client.get("/openapi.json")).json()

    paths, schemas = document["paths"], document["components"]["schemas"]
    post = paths["/events/cmd.book.fetch"]["post"]
    taken = post["requestBody"]["content"]["application/json"]["schema"]
    given = post["responses"]["200"]["content"]["application/json"]["schema"]
    success = schemas["evt.book.fetch.success"]["allOf"][1]["properties"]
    assert taken == {"$ref": "#/components/schemas/Order"}
    assert given["properties"]["emitted"]["items"]["anyOf"] == [
        {"$ref": f"#/components/schemas/evt.book.fetch.{how}"}
        for how in ("success", "error", "timeout")
    ]
    assert success["type"] == {"const": "evt.book.fetch.success"}
    assert success["data"] == {"type": "array", "items": {"$ref": "#/components/schemas/Book"}}
    assert schemas["Book"]["properties"]["pages"]["type"] == "integer"
    assert "data" not in schemas["evt.book.burn.success"]["allOf"][1]["properties"]
    assert "requestBody" not in paths["/events/cmd.book.burn"]["post"]
    assert "Model" in str(paths["/events/notif.book.lost"])
    assert referred(document) <= {*schemas, *document["components"]["responses"]}


async def test_a_fleet_with_a_bus_answers_there() -> None:
    """Its document has the answers, and none of them in a response."""
    fleet = Fleet("/srvc/books", bus=MemoryBus())

    @fleet.serves("cmd.book.fetch")
    async def fetch_book(order: Order) -> Book:
        return Book(order.item)

    async with client_of(fleet_app(fleet)) as client:
        document = (await client.get("/openapi.json")).json()

    post = document["paths"]["/events/cmd.book.fetch"]["post"]
    assert post["responses"]["200"] == {"$ref": "#/components/responses/Outcome"}
    assert "evt.book.fetch.success" in document["components"]["schemas"]


async def test_a_fleet_is_ready_with_its_store() -> None:
    """Or without one."""
    store = CountingStore()
    async with client_of(fleet_app(books(store))) as client:
        store.away = True
        with_store = await client.get("/ready")
    async with client_of(fleet_app(books())) as client:
        without = await client.get("/ready")

    assert (with_store.status_code, without.status_code) == (503, 200)


async def test_a_port_that_fails_is_503() -> None:
    """Whichever request asks it."""
    shop = Shop()
    shop.store.away = True
    async with shop.client() as client:
        found = [
            await client.get("/processes"),
            await client.get("/processes/shop.sale/1.0.0/x"),
            await client.delete("/processes/shop.sale/1.0.0/x"),
        ]

    assert [each.status_code for each in found] == [503] * 3
    assert [kind_of(each) for each in found] == ["unavailable"] * 3
