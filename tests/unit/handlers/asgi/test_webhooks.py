"""Who asks whether it may send events by webhooks, and what it is told."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.unit.handlers.asgi.shop import KEYS, Sale, Shop, client_of, kind_of, post, sell
from xorca.errors import ConfigurationError
from xorca.fleet import Fleet
from xorca.handlers.asgi import HmacAuth, HttpLimits, app, fleet_app

GRID = "eventgrid.azure.net"
VALIDATION = [
    {
        "id": "2d1781af-3a4c-4d7c-bd0c-e34b19da4e66",
        "topic": "/subscriptions/x",
        "subject": "",
        "data": {
            "validationCode": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6",
            "validationUrl": "https://rp-eastus2.eventgrid.azure.net:553/validate?id=1",
        },
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "eventTime": "2026-01-25T22:12:19.4556811Z",
        "metadataVersion": "1",
        "dataVersion": "1",
    }
]


async def ask(
    client: httpx.AsyncClient, origin: str | None = GRID, path: str = "/", **more: str
) -> httpx.Response:
    """Ask as a sender does before its first event; of names, ``_`` stands for ``-``."""
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    if origin is not None:
        headers["webhook-request-origin"] = origin
    return await client.options(path, headers=headers)


async def validate(client: httpx.AsyncClient, body: Any = VALIDATION) -> httpx.Response:
    """Send the validation event of Event Grid."""
    return await client.post("/", json=body, headers={"aeg-event-type": "SubscriptionValidation"})


# -- the handshake of CloudEvents -------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/events/evt.shop.noted"])
async def test_an_origin_that_may_send_is_told_so(path: str) -> None:
    """On every address that takes events; nothing is granted that was not asked for."""
    async with Shop(webhook_origins=[GRID]).client() as client:
        response = await ask(client, path=path)

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["webhook-allowed-origin"] == GRID
    assert response.headers["allow"] == "POST"
    assert "webhook-allowed-rate" not in response.headers


@pytest.mark.parametrize(
    ("allowed", "origin"),
    [
        ([GRID], "EventGrid.Azure.net"),
        (["EVENTGRID.azure.net"], GRID),
        (["*"], "anybody.example"),
        (["a.example", "b.example:8443"], "b.example:8443"),
    ],
)
async def test_hosts_have_no_case(allowed: list[str], origin: str) -> None:
    """And a star is any of them."""
    async with Shop(webhook_origins=allowed).client() as client:
        response = await ask(client, origin)

    assert response.headers["webhook-allowed-origin"] == origin


@pytest.mark.parametrize(
    ("allowed", "origin"),
    [
        ([GRID], "evil.example"),
        ([GRID], f"{GRID}.evil.example"),
        ([GRID], f"evil{GRID}"),
        ([GRID], f"https://{GRID}"),
        ([GRID], ""),
        (["*"], ""),
        (["*"], "two words"),
        (["*"], "a" * 300),
        (["b.example:8443"], "b.example"),
    ],
)
async def test_another_origin_is_refused(allowed: list[str], origin: str) -> None:
    """403, and no word that would allow it."""
    async with Shop(webhook_origins=allowed).client() as client:
        response = await ask(client, origin)

    assert (response.status_code, kind_of(response)) == (403, "webhook-origin")
    assert not any(name.startswith("webhook-") for name in response.headers)


@pytest.mark.parametrize(
    ("rate", "wanted", "granted"),
    [
        (None, "120", "120"),
        (None, "*", "*"),
        (1.0, "120", "60"),
        (1.0, "*", "60"),
        (10.0, "120", "120"),
        (0.001, "5", "1"),
    ],
)
async def test_a_rate_is_granted_a_minute(rate: float | None, wanted: str, granted: str) -> None:
    """As asked for, or what a caller may send here at most."""
    limits = HttpLimits(rate=rate, burst=10)
    async with Shop(webhook_origins=[GRID], limits=limits).client() as client:
        response = await ask(client, webhook_request_rate=wanted)

    assert response.headers["webhook-allowed-rate"] == granted


@pytest.mark.parametrize("wanted", ["0", "-1", "1.5", "many", "", "9" * 40])
async def test_a_rate_that_is_none_is_refused(wanted: str) -> None:
    """400."""
    async with Shop(webhook_origins=[GRID]).client() as client:
        response = await ask(client, webhook_request_rate=wanted)

    assert (response.status_code, kind_of(response)) == (400, "malformed")


async def test_a_callback_is_not_called() -> None:
    """The answer is in the response; an address that a stranger chose is nothing to call."""
    async with Shop(webhook_origins=[GRID]).client() as client:
        response = await ask(client, webhook_request_callback="http://127.0.0.1:1/x")

    assert response.status_code == 200


async def test_whoever_is_not_authenticated_may_ask() -> None:
    """A sender cannot sign before it may send; its events are refused all the same."""
    shop = Shop(webhook_origins=[GRID], auth=HmacAuth({"k": "11" * 32}))
    async with shop.client() as client:
        asked, sent = await ask(client), await post(client, sell())

    assert (asked.status_code, sent.status_code) == (200, 401)
    assert shop.store.requests == 0


async def test_nobody_may_ask_unless_origins_are_named() -> None:
    """405, as for any method that is not taken."""
    async with Shop().client() as client:
        found = [await ask(client), await ask(client, path="/events/evt.shop.noted")]
        document = (await client.get("/openapi.json")).json()

    assert [(each.status_code, kind_of(each)) for each in found] == [(405, "method")] * 2
    assert "options" not in document["paths"]["/"]


async def test_the_question_of_a_browser_is_no_handshake() -> None:
    """405, without a header of CORS: no page of another site may call."""
    async with Shop(webhook_origins=["*"]).client() as client:
        headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
        response = await client.options("/", headers=headers)

    assert (response.status_code, kind_of(response)) == (405, "method")
    assert response.headers["allow"] == "POST"
    assert not any(name.startswith("access-control-") for name in response.headers)


async def test_it_is_below_the_prefix_and_in_the_document() -> None:
    """Of a Fleet as of orchestrators."""
    applications = {
        "/shop": app(Sale, store="memory:", prefix="/shop", webhook_origins=[GRID]),
        "/till": fleet_app(Fleet("/srvc/till"), prefix="/till", webhook_origins=[GRID]),
    }
    for prefix, application in applications.items():
        async with client_of(application) as client:
            response = await ask(client, path=f"{prefix}/")
            document = (await client.get(f"{prefix}/openapi.json")).json()

        assert response.headers["webhook-allowed-origin"] == GRID
        assert "options" in document["paths"][f"{prefix}/"]


@pytest.mark.parametrize(
    "origins", [GRID, ["https://x.example"], ["x.example/path"], [""], ["a b"], ["x", "-"]]
)
def test_origins_that_are_none_are_refused(origins: Any) -> None:
    """When the application is put together."""
    with pytest.raises(ConfigurationError, match="webhook_origins"):
        app(Sale, store="memory:", tokens=KEYS, webhook_origins=origins)


# -- the validation event of Event Grid ---------------------------------------------------


@pytest.mark.parametrize("origins", [[GRID], ["*"]])
async def test_event_grid_is_given_its_code(origins: list[str]) -> None:
    """And nothing is asked of the store."""
    shop = Shop(webhook_origins=origins)
    async with shop.client() as client:
        response = await validate(client)

    assert response.status_code == 200
    assert response.json() == {"validationResponse": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6"}
    assert shop.store.requests == 0


async def test_event_grid_must_be_named() -> None:
    """Where others may send, its validation is refused; where nobody may, it is no event."""
    async with Shop(webhook_origins=["a.example"]).client() as client:
        other = await validate(client)
    async with Shop().client() as client:
        nobody = await validate(client)

    assert (other.status_code, kind_of(other)) == (403, "webhook-origin")
    assert (nobody.status_code, kind_of(nobody)) == (415, "unsupported")


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        VALIDATION * 2,
        [{"data": {}}],
        [{"data": {"validationCode": 5}}],
        [{"data": {"validationCode": ""}}],
        [{"data": {"validationCode": "a\nb"}}],
        [{"data": {"validationCode": "x" * 1000}}],
        None,
    ],
)
async def test_a_validation_that_is_none_is_refused(body: Any) -> None:
    """400, without an echo of it."""
    async with Shop(webhook_origins=[GRID]).client() as client:
        response = await validate(client, body)

    assert (response.status_code, kind_of(response)) == (400, "malformed")


async def test_whoever_validates_must_be_known() -> None:
    """It is a POST like any other."""
    shop = Shop(webhook_origins=[GRID], auth=HmacAuth({"k": "11" * 32}))
    async with shop.client() as client:
        response = await validate(client)

    assert response.status_code == 401


async def test_events_come_as_before() -> None:
    """With the header that Event Grid adds to them."""
    async with Shop(webhook_origins=[GRID]).client() as client:
        client.headers["aeg-event-type"] = "Notification"
        response = await post(client, sell())

    assert response.status_code == 200
