"""The HTTP function: the house's application, and the webhooks of Event Grid."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.azure.functions_stage import STRUCTURED, Stage, adding, body, opening
from tests.azure.host import Answer
from xorca.handlers.asgi import HmacAuth, sign
from xorca.handlers.azure_functions.asgi_call import scope_of

BATCH = "application/cloudevents-batch+json"
KEY = b"k" * 32
NOTIFIED = {"aeg-event-type": "Notification", "content-type": STRUCTURED}


async def post(stage: Stage, path: str, payload: Any, kind: str = STRUCTURED) -> Answer:
    return await stage.host.http(
        "POST", f"/api/events{path}", headers={"Content-Type": kind}, body=body(payload)
    )


# -- the application ----------------------------------------------------------------------


async def test_an_event_is_taken() -> None:
    """A structured event begins a process; what follows leaves by the bus."""
    stage = Stage()

    answer = await post(stage, "", opening())

    assert (answer.status, answer.headers["xorca-outcome"]) == (202, "applied")
    assert stage.bus.types() == ["cmd.shelf.reserve"]


async def test_without_a_bus_the_response_holds_what_follows() -> None:
    """A function with nothing but HTTP answers as any endpoint of CloudEvents does."""
    stage = Stage.with_http_alone()

    answer = await post(stage, "/", opening())

    assert (answer.status, answer.headers["content-type"]) == (200, STRUCTURED)
    assert answer.json()["type"] == "cmd.shelf.reserve"


async def test_an_event_in_headers_is_taken() -> None:
    """Binary mode: attributes in headers, the data as the body."""
    stage = Stage()
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-source": "/tests",
        "ce-type": "cmd.basket.open",
        "content-type": "application/json",
    }

    answer = await stage.host.http("POST", "/api/events", headers=headers, body=b'{"name": "a"}')

    assert answer.status == 202
    assert await stage.items() == 0


async def test_a_process_is_started_described_and_waited_for() -> None:
    """The routes of processes are there, below the route of the function."""
    stage = Stage()

    started = await post(stage, "/processes/shop.basket", {"name": "b"}, "application/json")
    shown = await stage.host.http("GET", started.headers["location"])
    waiting = await stage.host.http("GET", f"{started.headers['location']}/result?timeout=0")

    assert started.status == 201
    assert started.headers["location"].startswith("/api/events/processes/shop.basket/1.0.0/")
    assert shown.json()["state"] == "opened"
    assert waiting.status == 202


async def test_the_key_of_the_host_is_no_option_of_ours() -> None:
    """A function key in the query does not come before the application, which knows no such."""
    stage = Stage()
    started = await post(
        stage, "/processes/shop.basket?process_id=b&code=KEY", {"name": "b"}, "application/json"
    )

    shown = await stage.host.http("GET", f"{started.headers['location']}/result?timeout=0&code=K")

    assert (started.status, shown.status) == (201, 202)


async def test_without_keys_the_query_is_as_it_was_sent() -> None:
    """An anonymous route has no key to take out, and signatures are of the whole query."""
    stage = Stage(http_level="anonymous")

    answer = await post(stage, "/processes/shop.basket?code=x", {"name": "b"}, "application/json")

    assert answer.status == 400


async def test_a_store_that_is_away_is_told_as_503() -> None:
    """The client is told to come again, and the event is applied then."""
    stage = Stage()
    stage.store.off = True

    refused = await post(stage, "", opening())
    stage.store.off = False
    taken = await post(stage, "", opening())

    assert (refused.status, taken.status) == (503, 202)
    assert refused.headers["retry-after"] == "1"


@pytest.mark.parametrize("prefix", ["api", "", "v1/hooks"])
async def test_the_prefix_of_the_app_may_be_any(prefix: str) -> None:
    """What host.json says of the prefix needs not be told to the blueprint."""
    stage = Stage()
    base = f"/{prefix}/events" if prefix else "/events"

    answer = await stage.host.http(
        "POST",
        f"{base}/processes/shop.basket",
        headers={"Content-Type": "application/json"},
        body=b'{"name": "b"}',
        prefix=prefix,
    )

    assert answer.status == 201
    assert answer.headers["location"].startswith(f"{base}/processes/")


async def test_a_route_may_come_twice_in_a_path() -> None:
    """A typed event is posted below "events/events"."""
    stage = Stage()
    await stage.host.event_grid(opening())

    answer = await post(
        stage,
        "/events/evt.basket.added?source=/x&subject=shop.basket/1.0.0/a",
        {"name": "pear"},
        "application/json",
    )

    assert answer.status == 200
    assert await stage.items() == 1


def test_the_client_is_whom_the_front_end_saw() -> None:
    """What a client writes into the header stands before what the front end adds."""

    def client(forwarded: str) -> Any:
        request = SimpleNamespace(
            url="https://a.example/api/events",
            method="POST",
            headers={"x-forwarded-for": forwarded},
            route_params={},
            get_body=lambda: b"",
        )
        return scope_of(request, "events")["client"]

    assert client("1.1.1.1, 9.8.7.6:54321") == ("9.8.7.6", 54321)
    assert client("[2001:db8::1]:443") == ("[2001:db8::1]", 443)
    assert client("2001:db8::1") == ("2001:db8::1", 0)
    assert client("") is None


async def test_a_stranger_is_answered_401() -> None:
    """The ``auth`` of the application holds behind a function, too."""
    stage = Stage(auth=HmacAuth({"caller": KEY}), http_level="anonymous")

    answer = await post(stage, "", opening())

    assert answer.status == 401
    assert stage.store.saves == 0


# -- webhooks of Event Grid ---------------------------------------------------------------


async def test_the_handshake_of_cloudevents_is_answered() -> None:
    """Event Grid asks whether it may send, and is told yes."""
    stage = Stage()
    headers = {"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"}

    answer = await stage.host.http("OPTIONS", "/api/events?code=key", headers=headers)

    assert answer.status == 200
    assert answer.headers["webhook-allowed-origin"] == "eventgrid.azure.net"
    assert answer.headers["webhook-allowed-rate"] == "120"
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize("origin", [None, "", "two words", "a\r\nSet-Cookie: x"])
async def test_other_options_are_no_handshake(origin: str | None) -> None:
    """Who does not say who will send is not told that it may."""
    stage = Stage()
    headers = {} if origin is None else {"WebHook-Request-Origin": origin}

    answer = await stage.host.http("OPTIONS", "/api/events", headers=headers)

    assert answer.status == 405
    assert "webhook-allowed-origin" not in answer.headers


async def test_the_handshake_of_the_event_grid_schema_is_answered() -> None:
    """The code that was sent is sent back."""
    stage = Stage()
    validation = {
        "id": "1",
        "topic": "/subscriptions/s",
        "subject": "",
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "data": {"validationCode": "C0DE", "validationUrl": "https://x.example"},
    }

    answer = await stage.host.http(
        "POST",
        "/api/events",
        headers={"aeg-event-type": "SubscriptionValidation", "content-type": "application/json"},
        body=body([validation]),
    )

    assert (answer.status, answer.json()) == (200, {"validationResponse": "C0DE"})


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"[7]", b'[{"eventType": "x", "data": {"validationCode": "C"}}]']
)
async def test_a_handshake_without_code_is_refused(payload: bytes) -> None:
    """It is no event either."""
    stage = Stage()
    headers = {"aeg-event-type": "SubscriptionValidation", "content-type": "application/json"}

    answer = await stage.host.http("POST", "/api/events", headers=headers, body=payload)

    assert answer.status in (400, 415)


async def test_what_event_grid_posts_is_taken() -> None:
    """A notification is applied, and answered as Event Grid wants it."""
    stage = Stage()

    answer = await stage.host.http("POST", "/api/events", headers=NOTIFIED, body=body(opening()))

    assert answer.status == 200
    assert stage.bus.types() == ["cmd.shelf.reserve"]


async def test_the_end_of_a_subscription_is_heard() -> None:
    """Event Grid tells of it once; it is no event of anybody's."""
    stage = Stage()
    headers = {"aeg-event-type": "SubscriptionDeletion", "content-type": "application/json"}
    deleted = {"id": "1", "eventType": "Microsoft.EventGrid.SubscriptionDeletedEvent"}

    answer = await stage.host.http("POST", "/api/events", headers=headers, body=body([deleted]))

    assert (answer.status, stage.bus.types()) == (200, [])


async def test_a_notification_that_is_too_large_is_left_to_event_grid() -> None:
    """413 moves a batch that nobody read to the dead letters of the subscription, and we tell."""
    stage = Stage()
    headers = {**NOTIFIED, "content-type": BATCH}
    many = [adding(f"n-{number}") for number in range(1001)]

    answer = await stage.host.http("POST", "/api/events", headers=headers, body=body(many))

    assert answer.status == 413
    assert [letter["reason"] for letter in stage.bus.letters()] == ["too-large"]


async def test_a_notification_may_be_of_resources_that_are_no_uris() -> None:
    """What Azure tells of itself is read as it writes it."""
    stage = Stage()
    odd = {**opening(), "source": "/resourceGroups/größe (2)"}
    headers = {**NOTIFIED, "content-type": BATCH}

    answer = await stage.host.http("POST", "/api/events", headers=headers, body=body([odd]))

    assert answer.status == 200
    assert await stage.items() == 0


async def test_a_notification_that_must_come_again_is_answered_503() -> None:
    """Event Grid delivers it anew by its own schedule."""
    stage = Stage()
    stage.store.off = True

    answer = await stage.host.http("POST", "/api/events", headers=NOTIFIED, body=body(opening()))

    assert (answer.status, answer.headers["retry-after"]) == (503, "10")


async def test_a_notification_passes_the_auth() -> None:
    """A header does not open a door beside the one that is guarded."""
    stage = Stage(auth=HmacAuth({"caller": KEY}), http_level="anonymous")
    text = body(opening())
    validation = {"aeg-event-type": "SubscriptionValidation", "content-type": "application/json"}
    consent = {"WebHook-Request-Origin": "eventgrid.azure.net"}

    notified = await stage.host.http("POST", "/api/events", headers=NOTIFIED, body=text)
    asked = await stage.host.http("OPTIONS", "/api/events", headers=consent)
    code = b'[{"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",'
    code += b' "data": {"validationCode": "C"}}]'
    validated = await stage.host.http("POST", "/api/events", headers=validation, body=code)

    assert [notified.status, asked.status, validated.status] == [401, 401, 401]
    assert stage.store.saves == 0


async def test_a_signed_notification_is_taken() -> None:
    """Somebody who may call may also send what Event Grid would."""
    stage = Stage(auth=HmacAuth({"caller": KEY}), http_level="anonymous")
    text = body(opening())
    signed = sign({"caller": KEY}, "POST", "/api/events", body=text, headers=NOTIFIED)

    answer = await stage.host.http("POST", "/api/events", headers=signed, body=text)

    assert answer.status == 200


async def test_without_a_bus_there_are_no_webhooks() -> None:
    """Event Grid reads no response, so it is not told that it may send."""
    stage = Stage.with_http_alone()
    headers = {"WebHook-Request-Origin": "eventgrid.azure.net"}

    answer = await stage.host.http("OPTIONS", "/api/events", headers=headers)

    assert answer.status == 405


async def test_adding_over_http_is_applied_once() -> None:
    """An event that came by another trigger before changes nothing."""
    stage = Stage()
    await stage.host.event_grid(opening())
    await stage.host.service_bus(body(adding("1")))

    answer = await post(stage, "", adding("1"))

    assert answer.headers["xorca-outcome"] == "duplicate"
    assert await stage.items() == 1
