"""Whatever comes in, the answer is one of those that the OpenAPI document has: never a 500."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tests.unit.handlers.asgi.shop import (
    BATCH,
    PROBLEM,
    STRUCTURED,
    Approval,
    Sale,
    Shop,
    binary,
    noted,
    sell,
)
from xorca.errors import InvalidEvent
from xorca.events import read_batch
from xorca.handlers.asgi import HttpLimits

ROUNDS = 150
SECRET = "p1anted-s3cret"

texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["s-1", "shop.sale", "shop.sale/1.0.0/s-1", "1.0.0", "%2F", "\0", "'", "5"]),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts, st.just(SECRET))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
others = values.filter(lambda value: SECRET not in str(value))  # attributes are quoted
payloads = st.one_of(
    values,
    st.fixed_dictionaries({}, optional={"item": values, "count": values, "yes": values}),
)
raw = st.one_of(
    st.binary(max_size=30),
    payloads.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"", b"{", b"[[[", b"[" * 5000, b"9" * 5000, b'"\\ud800"', b"NaN"]),
)
media = st.sampled_from(
    [
        "application/json",
        STRUCTURED,
        BATCH,
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        ";",
    ]
)
names = st.sampled_from(
    ["id", "source", "subject", "process_id", "version", "event", "timeout", "limit", "after",
     "status", "name", "reason", "strange"]
)  # fmt: skip
HEADERS = ["accept", "if-none-match", "idempotency-key", "ce-id", "ce-subject", "ce-specversion"]
headers = st.dictionaries(
    st.sampled_from(HEADERS), st.binary(max_size=20).filter(lambda b: not set(b) & {0, 10, 13})
)


@st.composite
def mutated(draw: Any) -> Any:
    """Give an event that is nearly right."""
    event: dict[str, Any] = draw(st.sampled_from([sell(), noted(), sell("s-9", id="c-9")]))
    event = dict(event)
    for name in draw(st.lists(st.sampled_from([*event, "time", "extra"]), max_size=3)):
        if draw(st.booleans()):
            event.pop(name, None)
        else:
            event[name] = draw(values if name == "data" else others)
    return event


class Target:
    """An application with a process in it, the document of which is known."""

    def __init__(self) -> None:
        self.shop = Shop(Sale, Approval, limits=HttpLimits(wait=0.001, body=100_000))
        self.loop = asyncio.new_event_loop()
        self.document = self.ask("GET", "/openapi.json").json()
        self.ask("POST", "/", content=json.dumps(sell()), headers={"content-type": STRUCTURED})
        begun = self.ask("POST", "/processes/shop.approval").json()
        self.token = begun["emitted"][0]["data"]["token"]

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request."""

        async def go() -> httpx.Response:
            async with self.shop.client() as client:
                return await client.request(method, path, **options)

        return self.loop.run_until_complete(go())

    def operations(self) -> list[tuple[str, str]]:
        """Give every method and path of the document."""
        return [
            (method, path)
            for path, operations in self.document["paths"].items()
            for method in operations
            if method != "parameters"
        ]

    def check(self, method: str, path: str, response: httpx.Response) -> None:
        """Compare an answer with the document."""
        known = self.document["paths"][path][method]["responses"]
        assert str(response.status_code) in known, (
            method,
            path,
            response.status_code,
            response.text,
        )
        said = response.headers.get("content-type", "")
        assert response.status_code < 400 or said in (PROBLEM, "text/html; charset=utf-8",
                                                      "application/json"), said  # fmt: skip
        assert "Traceback" not in response.text
        if said == PROBLEM:
            assert SECRET not in json.dumps(response.json()["detail"])


@pytest.fixture(scope="module")
def target() -> Any:
    made = Target()
    yield made
    made.loop.close()


@settings(max_examples=ROUNDS, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_operation_answers_as_documented(target: Target, data: Any) -> None:
    """Any path, query, header and body."""
    method, path = data.draw(st.sampled_from(target.operations()))
    parts = {
        "{subject}": st.one_of(texts, st.just("shop.sale/1.0.0/s-1")),
        "{type}": st.one_of(texts, st.just("evt.shop.noted")),
        "{token}": st.one_of(texts, st.just(target.token), st.just(target.token[:-1])),
    }
    asked = path
    for part, found in parts.items():
        if part in asked:
            value = data.draw(found.filter(lambda text: bool(text) and text not in (".", "..")))
            asked = asked.replace(part, quote(value, safe="/" if part == "{subject}" else ""))
    options: dict[str, Any] = {"params": data.draw(st.lists(st.tuples(names, texts), max_size=3))}
    sent = dict(data.draw(headers))
    if method == "post":
        options["content"] = data.draw(raw)
        sent["content-type"] = data.draw(media).encode()

    response = target.ask(method, asked, headers=sent, **options)

    if "/cancel" in asked and not asked.endswith("/cancel"):
        return  # the subject has led to another operation
    if response.status_code == 404 and "nothing at this address" in response.text:
        return  # as the path has
    if response.status_code == 405:
        return
    target.check(method, path, response)


@settings(max_examples=ROUNDS, suppress_health_check=[HealthCheck.too_slow])
@given(events=st.lists(st.one_of(mutated(), values), max_size=4))
def test_every_batch_is_answered(target: Target, events: list[Any]) -> None:
    """One line a member where something is wrong, and the reader says which are no events."""
    try:
        body = json.dumps(events).encode()
        members = read_batch(body)
    except (ValueError, InvalidEvent):
        return

    response = target.ask("POST", "/", content=body, headers={"content-type": BATCH})

    target.check("post", "/", response)
    bad = sum(isinstance(member, InvalidEvent) for member in members)
    if bad and response.status_code != 503:
        found = response.json()
        lines = found if response.status_code == 207 else found["outcomes"]
        assert [line["outcome"] == "malformed" for line in lines].count(True) == bad


@settings(max_examples=ROUNDS, suppress_health_check=[HealthCheck.too_slow])
@given(event=mutated(), structured=st.booleans())
def test_every_event_is_answered(target: Target, event: Any, *, structured: bool) -> None:
    """In either mode, however it was mutated."""
    if structured:
        sent: Any = {"content-type": STRUCTURED}
        body = json.dumps(event).encode("utf-8", "surrogatepass")
    else:
        texts_of, body = binary(event)
        sent = {
            name: str(value).encode("utf-8", "surrogatepass").translate(None, b"\0\r\n")
            for name, value in texts_of.items()
        }

    response = target.ask("POST", "/", content=body, headers=sent)

    target.check("post", "/", response)
