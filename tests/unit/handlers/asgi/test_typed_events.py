"""One event of a type, its data a plain JSON body; and the answers of the ARC SaaS service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from tests.unit.handlers.asgi.shop import Shop, kind_of, post, sell
from xorca import Orchestrator, emit, end, on, start, stay
from xorca.providers.memory import MemoryBus

SUBJECT = "shop.sale/1.0.0/s-1"
NOTED = "/events/evt.shop.noted"


@dataclass
class Tenant:
    id: str


def tenant_id(tenant: Tenant) -> str:
    return tenant.id


class Provisioning(Orchestrator, name="saas.provisioning"):
    """The events of a tenant, which carry no subject."""

    @start("TENANT_PROVISIONING", process=tenant_id)
    @emit("cmd.job.start")
    def begin(self, tenant: Tenant) -> Tenant:
        if tenant.id == "bad":
            raise ValueError("Tier not found")
        return tenant

    @on("TENANT_PROVISIONING_SUCCESS", at=begin, to=end, process=tenant_id)
    def done(self, tenant: Tenant) -> None: ...

    @on("evt.*.error", to=stay)
    def failed(self) -> None: ...


async def test_an_event_is_made_of_a_body() -> None:
    """Its subject is in the query, or in a header."""
    async with Shop().client() as client:
        await post(client, sell())
        first = await client.post(f"{NOTED}?subject={SUBJECT}", json={"item": "x", "count": 2})
        headers = {"ce-subject": SUBJECT, "ce-source": "/scale", "ce-id": "n-9"}
        second = await client.post(NOTED, json={"item": "x", "count": 3}, headers=headers)
        found = (await client.get(f"/processes/{SUBJECT}")).json()

    assert [first.status_code, second.status_code] == [200, 200]
    assert (second.json()["id"], second.json()["source"]) == ("n-9", "/scale")
    assert (first.json()["source"], found["memory"]["notes"]) == ("/http/client", 5)


async def test_headers_of_cloudevents_are_percent_encoded() -> None:
    """As in binary mode: any process id can be named, and any text be an id."""
    async with Shop().client() as client:
        await post(client, sell("50% of a/b"))
        subject = "shop.sale/1.0.0/50%25 of a%2Fb"
        headers = {"ce-subject": quote(subject), "ce-id": "%C3%A9%20%E2%82%AC"}
        response = await client.post(NOTED, json={"item": "x"}, headers=headers)

    assert (response.status_code, response.json()["subject"]) == (200, subject), response.text
    assert response.json()["id"] == "é €"


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ([("ce-id", "a"), ("CE-Id", "b")], "duplicate-attribute"),
        ([("Idempotency-Key", "a"), ("Idempotency-Key", "a")], "duplicate-attribute"),
        ([("ce-subject", "100%")], "invalid-attribute"),
        ([("ce-source", "%ff")], "invalid-attribute"),
        ([("ce-source", b"\xff")], "invalid-attribute"),
    ],
)
async def test_a_header_that_says_nothing_clear_is_refused(headers: Any, kind: str) -> None:
    """400, as in binary mode; the store is not asked."""
    shop = Shop()
    async with shop.client() as client:
        response = await client.post(NOTED, json={"item": "x"}, headers=headers)

    assert (response.status_code, kind_of(response)) == (400, kind)
    assert shop.store.requests == 0


async def test_an_event_without_a_subject_is_found_by_its_content() -> None:
    """As the class says by ``process=``."""
    async with Shop(Provisioning).client() as client:
        begun = await client.post("/events/TENANT_PROVISIONING", json={"id": "t-1"})
        ended = await client.post("/events/TENANT_PROVISIONING_SUCCESS", json={"id": "t-1"})

    assert begun.json()["subject"] == "saas.provisioning/1.0.0/t-1"
    assert (ended.status_code, ended.json()["reason"]) == (200, "done")


async def test_an_id_makes_a_repetition_known() -> None:
    """Without one, two requests are two events."""
    async with Shop().client() as client:
        await post(client, sell())
        path = f"{NOTED}?subject={SUBJECT}"
        again = [await client.post(f"{path}&id=n-1", json={"item": "x"}) for _ in range(2)]
        more = [await client.post(path, json={"item": "x"}) for _ in range(2)]

    assert [each.json()["outcome"] for each in again] == ["applied", "duplicate"]
    assert [each.json()["outcome"] for each in more] == ["applied", "applied"]


TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


@pytest.mark.parametrize(("sent", "kept"), [(TRACE, TRACE), ("nonsense", None)])
async def test_the_trace_of_a_request_goes_on(sent: str, kept: str | None) -> None:
    """Into what the event leads to."""
    async with Shop().client() as client:
        path, headers = "/events/cmd.shop.sell", {"traceparent": sent}
        response = await client.post(path, json={"item": "tea"}, headers=headers)
        begun = await client.post("/processes/shop.sale", json={"item": "tea"}, headers=headers)

    found = [each.json()["emitted"][0].get("traceparent") for each in (response, begun)]
    assert found == [kept, kept]


@pytest.mark.parametrize("path", ["/events/evt.shop.unheard", "/events/x%20y", "/events/%00"])
async def test_a_type_that_nobody_hears_is_404(path: str) -> None:
    """Before anything is read."""
    shop = Shop()
    async with shop.client() as client:
        response = await client.post(path, json={})

    assert (response.status_code, kind_of(response), shop.store.requests) == (404, "not-found", 0)


@pytest.mark.parametrize(
    ("content", "query", "status"),
    [
        (b"{", f"?subject={SUBJECT}", 400),
        (b'{"item": 5}', f"?subject={SUBJECT}", 422),
        (b"{}", "?subject=", 400),
        (b"{}", "?source=a%20b", 400),
        (b"{}", f"?subject={SUBJECT}&id=", 400),
        (b"{}", "?subject=%C2%80", 400),
        (b"{}", "", 404),
    ],
)
async def test_what_cannot_be_made_an_event_is_refused(
    content: bytes, query: str, status: int
) -> None:
    """Each by its status."""
    async with Shop().client() as client:
        await post(client, sell())
        headers = {"content-type": "application/json"}
        response = await client.post(f"{NOTED}{query}", content=content, headers=headers)

    assert response.status_code == status, response.text


# -- as ARC SaaS had it ----------------------------------------------------------------


async def test_success_is_said_as_that_service_did() -> None:
    """200, and nothing else."""
    async with Shop(Provisioning, compat=True, bus=MemoryBus()).client() as client:
        response = await client.post("/events/TENANT_PROVISIONING", json={"id": "t-1", "x": 1})

    assert (response.status_code, response.json()) == (200, {"success": True})


COMPAT: dict[str, tuple[str, Any, int, str]] = {
    "an error of the handler": ("TENANT_PROVISIONING", {"id": "bad"}, 400, "Tier not found"),
    "an unknown type": ("NOTHING", {}, 400, "Unsupported event type: NOTHING"),
    "a type without a taker": ("evt.a.b.error", {}, 400, "Unsupported event type: evt.a.b.error"),
    "no object": ("TENANT_PROVISIONING", [], 422, "The request body is invalid."),
}


@pytest.mark.parametrize("name", COMPAT)
async def test_errors_are_said_as_that_service_did(name: str) -> None:
    """The status, and the message in the shape of LoopBack."""
    kind, body, status, message = COMPAT[name]
    async with Shop(Provisioning, compat=True, bus=MemoryBus()).client() as client:
        response = await client.post(f"/events/{kind}", json=body)

    error = response.json()["error"]
    assert (response.status_code, error["statusCode"], error["message"]) == (
        status,
        status,
        message,
    )


async def test_what_must_come_again_is_503_there_as_well() -> None:
    """That service lost it; a bus repeats it now."""
    shop = Shop(Provisioning, compat=True, bus=MemoryBus())
    async with shop.client() as client:
        shop.store.away = True
        response = await client.post("/events/TENANT_PROVISIONING", json={"id": "t-1"})

    assert (response.status_code, response.json()["error"]["statusCode"]) == (503, 503)


async def test_what_is_broken_is_an_unexpected_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """500, and the words of that service."""
    shop = Shop(Provisioning, compat=True, bus=MemoryBus())

    async def broken(key: str) -> None:
        raise KeyError("a secret")

    monkeypatch.setattr(shop.store, "save", broken)
    async with shop.client() as client:
        response = await client.post("/events/TENANT_PROVISIONING", json={"id": "t-1"})

    assert response.status_code == 500
    assert response.json()["error"]["message"] == "An unexpected error occurred."
