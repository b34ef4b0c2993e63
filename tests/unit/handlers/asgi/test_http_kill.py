"""A server that dies between a commit and its answer: whoever asks again is told the same."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.handlers.asgi.shop import BATCH, STRUCTURED, noted, sell
from tests.unit.handlers.asgi.sockets import listening, server, url_of
from xorca.engine.ids import storage_key
from xorca.engine.record import unseal
from xorca.providers.local import SqliteStore

PATIENCE = 60.0

Ask = Callable[[httpx.Client], httpx.Response]


def structured(client: httpx.Client) -> httpx.Response:
    return client.post("/", content=json.dumps(sell()), headers={"content-type": STRUCTURED})


def batch(client: httpx.Client) -> httpx.Response:
    events = [sell(), noted(), sell("s-2", id="c-2")]
    return client.post("/", content=json.dumps(events), headers={"content-type": BATCH})


def start(client: httpx.Client) -> httpx.Response:
    headers = {"Idempotency-Key": "k"}
    path = "/processes/shop.sale?process_id=s-1"
    return client.post(path, json={"item": "tea"}, headers=headers)


def describe(client: httpx.Client) -> dict[str, Any]:
    return dict(client.get("/processes/shop.sale/1.0.0/s-1").json())


def sent(response: httpx.Response) -> list[Any]:
    """Give the events in a response, in whichever form."""
    found = response.json()
    return list(found) if isinstance(found, list) else list(found["emitted"])


async def stored(path: Path, pid: str) -> dict[str, Any]:
    """Give the events that wait in the record of a sale, by their ids."""
    async with SqliteStore(path) as store:
        found = await store.load(storage_key("shop.sale", pid))
    assert found is not None
    outbox = unseal(found.body).outbox
    return {key: json.loads(bytes(out.event)) for key, out in outbox.items()}


@pytest.mark.parametrize("ask", [structured, batch, start])
async def test_what_was_committed_is_given_to_whoever_asks_again(tmp_path: Path, ask: Ask) -> None:
    """The same events, to the byte, and nothing is done twice."""
    path = tmp_path / "state.db"
    with listening() as found, httpx.Client(base_url=url_of(found), timeout=PATIENCE) as client:
        with server(path, found, 1) as process:
            with pytest.raises(httpx.TransportError):
                ask(client)
            assert process.wait(PATIENCE) == -signal.SIGKILL
        committed = await stored(path, "s-1")
        with server(path, found, 0):
            first, again = ask(client), ask(client)
            memory = describe(client)["memory"]

    given = {event["id"]: event for event in sent(first)}
    assert len(committed) == 2
    assert {key: given[key] for key in committed} == committed
    assert sent(again) == sent(first)
    assert memory["notes"] == (1 if ask is batch else 0)
