"""What is no event is refused with its status and one sentence, and the store is not asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.handlers.asgi.shop import BATCH, STRUCTURED, Shop, binary, kind_of, sell
from xorca.handlers.asgi import HttpLimits

HEADERS, BODY = binary(sell())
STRUCTURED_BODY = json.dumps(sell()).encode()

Parts = tuple[Any, bytes]
REQUESTS: dict[str, tuple[Parts, int, str]] = {
    "no content type": (({}, b"{}"), 415, "unsupported"),
    "plain JSON": (({"content-type": "application/json"}, b"{}"), 415, "unsupported"),
    "another format": (({"content-type": "application/cloudevents+avro"}, b""), 415, "unsupported"),
    "another format, with attributes": (
        (HEADERS | {"content-type": "application/cloudevents+xml"}, b""),
        415,
        "unsupported",
    ),
    "another charset": (
        ({"content-type": f"{STRUCTURED}; charset=utf-16"}, STRUCTURED_BODY),
        415,
        "unsupported",
    ),
    "compressed": (
        ({"content-type": STRUCTURED, "content-encoding": "gzip"}, STRUCTURED_BODY),
        415,
        "unsupported",
    ),
    "no JSON": (({"content-type": STRUCTURED}, b"{"), 400, "malformed"),
    "no array": (({"content-type": BATCH}, STRUCTURED_BODY), 400, "malformed"),
    "an array as one event": (({"content-type": STRUCTURED}, b"[]"), 400, "malformed"),
    "too deep": (
        (
            {"content-type": STRUCTURED},
            json.dumps(sell(data=json.loads("[" * 70 + "]" * 70))).encode(),
        ),
        400,
        "too-deep",
    ),
    "an attribute twice": (
        ([*HEADERS.items(), ("CE-Id", "other")], BODY),
        400,
        "duplicate-attribute",
    ),
    "two content types": (
        ([*HEADERS.items(), ("Content-Type", "text/plain")], BODY),
        400,
        "duplicate-attribute",
    ),
    "no version": (
        ({name: v for name, v in HEADERS.items() if name != "ce-specversion"}, BODY),
        400,
        "missing-attribute",
    ),
    "an escape of nothing": ((HEADERS | {"ce-id": "100%"}, BODY), 400, "invalid-attribute"),
    "no UTF-8": (({**HEADERS, "ce-id": b"\xff"}, BODY), 400, "invalid-attribute"),
    "data that is no JSON": ((HEADERS, b"{"), 400, "invalid-data"),
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_it_is_refused(name: str) -> None:
    """By the right status, before anything is read."""
    (headers, body), status, kind = REQUESTS[name]
    shop = Shop()
    async with shop.client() as client:
        response = await client.post("/", content=body, headers=headers)

    assert (response.status_code, kind_of(response)) == (status, kind), response.text
    assert shop.store.requests == 0


async def test_a_batch_of_too_many_is_too_large() -> None:
    """As many as are allowed pass."""
    shop = Shop(limits=HttpLimits(batch=2))
    events = [sell(f"s-{number}", id=f"c-{number}") for number in range(3)]
    async with shop.client() as client:
        headers = {"content-type": BATCH}
        refused = await client.post("/", content=json.dumps(events), headers=headers)
        before = shop.store.requests
        taken = await client.post("/", content=json.dumps(events[:2]), headers=headers)

    assert (refused.status_code, before, taken.status_code) == (413, 0, 200)


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/", 405, "POST"),
        ("PUT", "/health", 405, "GET, HEAD"),
        ("PUT", "/processes/shop.sale/1.0.0/7", 405, "DELETE, GET, HEAD"),
        ("PATCH", "/resume/a", 405, "GET, HEAD, POST"),
        ("GET", "/nothing", 404, None),
    ],
)
async def test_addresses_and_methods(
    method: str, path: str, status: int, allow: str | None
) -> None:
    """404 and 405 are problems as well, and 405 says all that is allowed."""
    async with Shop().client() as client:
        response = await client.request(method, path)

    assert (response.status_code, kind_of(response)) == (status, "method" if allow else "not-found")
    assert response.headers.get("allow") == allow


async def test_a_fault_of_ours_is_500_without_a_word_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is in the log; the caller is told that something is broken."""

    async def broken(request: Any) -> None:
        raise KeyError("a secret")

    async with Shop(auth=broken).client() as client:
        response = await client.get("/processes")

    assert (response.status_code, kind_of(response)) == (500, "internal")
    assert "secret" not in response.text
    assert "a request failed: KeyError" in caplog.text
    assert "secret" not in caplog.text
