"""Events take a shorter way than other requests, and pass everything that they must pass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from tests.unit.handlers.asgi.shop import STRUCTURED, Shop, client_of, noted, post, sell
from xorca.handlers.asgi import Principal

Message = MutableMapping[str, Any]
Receive, Send = Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]


class Turnstile:
    """A middleware that lets nobody through."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await PlainTextResponse("closed", 403)(scope, receive, send)


async def everything(client: httpx.AsyncClient, root: str = "") -> list[int]:
    """Send an event by each way; give the statuses."""
    body = sell()
    typed = f"{root}/events/evt.shop.noted?subject=shop.sale/1.0.0/s-1"
    found = [
        await client.post(f"{root}/", json=body, headers={"content-type": STRUCTURED}),
        await client.post(typed, json=noted()["data"]),
    ]
    return [each.status_code for each in found]


async def test_a_middleware_sees_events() -> None:
    """One that is added to the application, before or after its first request."""
    shop = Shop()
    shop.app.add_middleware(Turnstile)
    async with shop.client() as client:
        refused = await everything(client)

    late = Shop()
    async with late.client() as client:
        taken = await everything(client)
        late.app.add_middleware(Turnstile)
        refused += await everything(client)

    assert taken == [200, 200]
    assert refused == [403] * 4


async def test_a_route_before_ours_is_taken() -> None:
    """As Starlette has it: the first that fits."""

    async def mine(request: Request) -> Response:
        return PlainTextResponse("mine", 418)

    shop = Shop()
    shop.app.router.routes.insert(0, Route("/", mine, methods=["POST"]))
    async with shop.client() as client:
        statuses = await everything(client)

    assert statuses == [418, 503]  # the sale was never begun


async def test_a_mounted_application_takes_events() -> None:
    """Below the path that it has in another one."""
    outer = Starlette(routes=[Mount("/inner", app=Shop().app)])
    async with client_of(outer) as client:
        statuses = await everything(client, "/inner")

    assert statuses == [200, 200]


async def test_a_mounted_application_says_where_it_is() -> None:
    """The paths of its OpenAPI document are below that."""
    outer = Starlette(routes=[Mount("/in ner", app=Shop().app)])
    async with client_of(outer) as client:
        mounted = await client.get("/in%20ner/openapi.json")
    async with Shop().client() as client:
        alone = await client.get("/openapi.json")

    assert mounted.json() == {**alone.json(), "servers": [{"url": "/in%20ner"}]}
    assert "servers" not in alone.json()


@pytest.mark.parametrize("path", ["/events/", "/events/a/b", "/events", "/event/x"])
async def test_paths_that_are_none_are_not_found(path: str) -> None:
    """404, as for all others."""
    async with Shop().client() as client:
        response = await client.post(path, json={})

    assert response.status_code == 404
    assert "nothing at this address" in response.text


async def test_auth_finds_what_a_request_has() -> None:
    """The application, and the type in the path."""
    seen: list[tuple[object, object]] = []

    async def auth(request: Request) -> Principal:
        seen.append((request.app, request.path_params.get("type")))
        return Principal("ada")

    shop = Shop(auth=auth)
    async with shop.client() as client:
        await post(client, sell())
        await client.post("/events/evt.shop.noted", json={"item": "x"})

    assert seen == [(shop.app, None), (shop.app, "evt.shop.noted")]


async def test_a_header_may_have_capitals() -> None:
    """A server that does not write them in lower case opens no hole."""
    sent: list[Message] = []
    body = b"{}"

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"Host", b"shop"), (b"Origin", b"https://evil.example")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": headers,
        "query_string": b"",
        "client": None,
    }
    await Shop().app(scope, receive, send)

    assert sent[0]["status"] == 403
