"""Continuation tokens over HTTP: programs bring JSON, people press a button."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from tests.unit.handlers.asgi.shop import Approval, Shop, kind_of
from xorca.handlers.asgi.forms import Field, fields_of, payload_of_form

YES = {"yes": True, "how": "by train"}


class Tags(HTMLParser):
    """Gathers what a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def named(self) -> dict[str, str]:
        """Give the fields by their names."""
        return {
            str(a["name"]): tag for tag, a in self.tags if a.get("name") not in (None, "viewport")
        }


async def tokens(client: httpx.AsyncClient, pid: str = "a") -> list[str]:
    """Start an approval; give the tokens that it gave."""
    response = await client.post(f"/processes/shop.approval?process_id={pid}")
    return [event["data"]["token"] for event in response.json()["emitted"]]


async def state(client: httpx.AsyncClient, pid: str = "a") -> tuple[str, str]:
    found = (await client.get(f"/processes/shop.approval/2.0.0/{pid}")).json()
    return found["state"], found["memory"]["how"]


@pytest.mark.parametrize("in_path", [True, False])
async def test_a_program_brings_a_token(*, in_path: bool) -> None:
    """In the body, or in the path; what followed is in the response."""
    async with Shop().client() as client:
        token = (await tokens(client))[0]
        if in_path:
            response = await client.post(f"/resume/{token}", json=YES)
        else:
            response = await client.post("/resume", json={"token": token, "payload": YES})

    said = response.json()
    assert (response.status_code, said["outcome"], said["state"]) == (200, "applied", "agreed")
    assert [event["type"] for event in said["emitted"]] == ["notif.approval.given"]


async def test_a_token_is_used_once() -> None:
    """410 afterwards; a program whose response was lost is given what it led to."""
    async with Shop().client() as client:
        token = (await tokens(client))[0]
        first = await client.post(f"/resume/{token}", json=YES)
        again = await client.post(f"/resume/{token}", json=YES)
        page = await client.post(f"/resume/{token}", data={"yes": "true"})

    assert (again.status_code, kind_of(again)) == (410, "token-used")
    assert again.json()["emitted"] == first.json()["emitted"]
    assert (page.status_code, "used already" in page.text) == (410, True)


async def test_a_token_that_is_forged_is_403_and_nothing_is_read() -> None:
    """As are a changed one, and none at all."""
    shop = Shop()
    async with shop.client() as client:
        token = (await tokens(client))[0]
        before = shop.store.requests
        found = [
            await client.post(f"/resume/{token[:-4]}AAAA", json=YES),
            await client.post("/resume", json={"token": "x", "payload": YES}),
            await client.get(f"/resume/{token[:-4]}AAAA"),
            await client.post(f"/resume/{token[:-4]}AAAA", data={"yes": "true"}),
        ]

    assert [each.status_code for each in found] == [403] * 4
    assert shop.store.requests == before


async def test_a_token_of_a_state_that_was_left_is_410() -> None:
    """Nobody waits for it."""
    async with Shop().client() as client:
        simple, lists, _ = await tokens(client)
        await client.post(f"/resume/{simple}", json=YES)
        response = await client.post(f"/resume/{lists}", json={"items": ["a"]})

    assert (response.status_code, kind_of(response)) == (410, "token-left")


@pytest.mark.parametrize("payload", [{"yes": "SECRET"}, {}, None, {"yes": False}])
async def test_what_does_not_fit_does_not_use_the_token_up(payload: Any) -> None:
    """422, with the place and without the value; then the right one is taken."""
    async with Shop().client() as client:
        token = (await tokens(client))[0]
        wrong = await client.post(f"/resume/{token}", json=payload)
        right = await client.post(f"/resume/{token}", json=YES)

    assert (wrong.status_code, right.status_code) == (422, 200)
    assert kind_of(wrong) in ("payload", "guard")
    assert "SECRET" not in wrong.text


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"token": 5}', b""])
async def test_a_body_without_a_token_is_400(content: bytes) -> None:
    """Or whatever else it is."""
    async with Shop().client() as client:
        headers = {"content-type": "application/json"}
        response = await client.post("/resume", content=content, headers=headers)

    assert (response.status_code, kind_of(response)) in ((400, "malformed"), (400, "invalid-data"))


async def test_without_keys_there_are_no_tokens() -> None:
    """The routes are not there."""
    from tests.unit.handlers.asgi.shop import Sale, client_of
    from xorca.handlers.asgi import app

    async with client_of(app(Sale, store="memory:")) as client:
        assert (await client.post("/resume", json={})).status_code == 404


# -- people --------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_link_that_is_followed_consumes_nothing(method: str) -> None:
    """Mail scanners follow links: only the button answers."""
    shop = Shop()
    async with shop.client() as client:
        token = (await tokens(client))[0]
        before = shop.store.requests
        pages = [await client.request(method, f"/resume/{token}") for _ in range(3)]
        read = shop.store.requests - before
        answered = await client.post(f"/resume/{token}", data={"yes": "true", "how": "by car"})

    assert [page.status_code for page in pages] == [200] * 3
    assert (read, answered.status_code) == (0, 200)


async def test_the_page_asks_for_what_the_handler_takes() -> None:
    """Its fields, and nothing that is loaded from elsewhere."""
    async with Shop().client() as client:
        simple, lists, nod = await tokens(client)
        pages = [await client.get(f"/resume/{token}") for token in (simple, lists, nod)]

    fields = [Tags(page.text).named() for page in pages]
    assert fields == [
        {"yes": "input", "how": "select", "remark": "input", "grade": "input"},
        {"payload": "textarea"},
        {},
    ]
    for page in pages:
        assert not {"script", "img", "link", "iframe", "style"} & {
            t for t, _ in Tags(page.text).tags
        }
        assert not any("href" in a or "src" in a for _, a in Tags(page.text).tags)


async def test_the_page_is_kept_by_nobody_and_tells_nobody() -> None:
    """No cache, no referrer, no frame, no script."""
    async with Shop().client() as client:
        page = await client.get(f"/resume/{(await tokens(client))[0]}")

    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_a_form_becomes_the_payload() -> None:
    """Each field as its type has it; what was left empty is left out."""
    async with Shop().client() as client:
        simple, lists, nod = await tokens(client)
        found = [
            await client.post(f"/resume/{nod}", data={"x": ""}),
            await client.post(f"/resume/{lists}", data={"payload": '{"items": ["a", "b"]}'}),
        ]
        between = await state(client)
        form = {"yes": "true", "how": "by train", "remark": "", "grade": "3"}
        found.append(await client.post(f"/resume/{simple}", data=form))
        after = await state(client)

    assert [each.status_code for each in found] == [200] * 3
    assert (between, after) == (("asking", "a,b"), ("agreed", "by train None 3"))


async def test_a_form_that_does_not_fit_comes_again_as_it_was_filled_in() -> None:
    """And what was typed is text, whatever it looks like."""
    evil = '"><script>alert(1)</script>'
    async with Shop().client() as client:
        token = (await tokens(client))[0]
        page = await client.post(
            f"/resume/{token}", data={"yes": "true", "grade": "many", "remark": evil}
        )
        refused = await client.post(f"/resume/{token}", data={"yes": "false"})
        taken = await client.post(f"/resume/{token}", data={"yes": "true"})

    values = {a.get("name"): a.get("value") for tag, a in Tags(page.text).tags if tag == "input"}
    assert (page.status_code, values["remark"], values["grade"]) == (422, evil, "many")
    assert "script" not in {tag for tag, _ in Tags(page.text).tags}
    assert (refused.status_code, taken.status_code) == (422, 200)


async def test_a_text_area_keeps_what_was_typed() -> None:
    """Closing it is not possible from inside."""
    evil = "</textarea><script>alert(1)</script>"
    async with Shop().client() as client:
        lists = (await tokens(client))[1]
        page = await client.post(f"/resume/{lists}", data={"payload": evil})

    assert page.status_code == 422
    assert "script" not in {tag for tag, _ in Tags(page.text).tags}


async def test_a_store_that_is_away_asks_the_person_to_come_again() -> None:
    """503, on a page."""
    shop = Shop()
    async with shop.client() as client:
        token = (await tokens(client))[0]
        shop.store.away = True
        page = await client.post(f"/resume/{token}", data={"yes": "true"})

    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")


# -- forms ---------------------------------------------------------------------------


def test_a_type_of_lists_has_no_fields() -> None:
    """Nor has one that is no object."""
    assert fields_of(dict[str, list[int]]) is None
    assert fields_of(int) is None


def test_a_model_has_fields_as_well() -> None:
    """By its own JSON Schema."""
    from pydantic import BaseModel

    class Model(BaseModel):
        name: str
        age: int | None = None

    assert fields_of(Model) == (Field("name", "text"), Field("age", "integer", optional=True))


@pytest.mark.parametrize(
    ("kind", "text", "json"),
    [
        ("integer", "12", b"12"),
        ("integer", "1.5", b'"1.5"'),
        ("integer", "9" * 30, b'"' + b"9" * 30 + b'"'),
        ("number", "-1.5", b"-1.5"),
        ("number", "nan", b'"nan"'),
        ("boolean", "true", b"true"),
        ("boolean", "on", b'"on"'),
        ("text", "12", b'"12"'),
    ],
)
def test_what_was_filled_in_is_read_as_its_field_is(kind: Any, text: str, json: bytes) -> None:
    """What does not fit stays text, for the handler to refuse."""
    assert payload_of_form((Field("x", kind),), {"x": text}) == b'{"x":' + json + b"}"


async def test_an_approval_is_not_served_where_it_is_not() -> None:
    """A token of a class that is not here is 404."""
    from tests.unit.handlers.asgi.shop import KEYS, Sale, client_of
    from xorca.handlers.asgi import app

    shop = Shop(Approval)
    async with shop.client() as client:
        token = (await tokens(client))[0]
    async with client_of(app(Sale, store=shop.store, tokens=KEYS)) as client:
        response = await client.post(f"/resume/{token}", json=YES)

    assert (response.status_code, kind_of(response)) == (404, "foreign")
