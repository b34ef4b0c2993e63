"""Who is not known is refused before anything is parsed or read (T10, T11)."""

from __future__ import annotations

import hmac
import json
import time
from hashlib import sha256
from typing import Any

import httpx
import pytest

from tests.unit.handlers.asgi.shop import BATCH, STRUCTURED, Shop, binary, kind_of, noted, sell
from xorca.errors import ConfigurationError
from xorca.handlers.asgi import HmacAuth, HttpLimits, HttpProblem, Principal, sign
from xorca.handlers.asgi.signing import HEADER

KEY, OTHER = "11" * 32, "22" * 32
NOW = 1_900_000_000.0
BODY = json.dumps(sell()).encode()
PLAIN = {"content-type": STRUCTURED}


def shop(**options: Any) -> Shop:
    """Give an application that is guarded, at a fixed time."""
    return Shop(auth=HmacAuth({"new": KEY, "old": OTHER}, now=lambda: NOW), **options)


async def ask(
    where: Shop,
    headers: dict[str, str],
    *,
    body: bytes = BODY,
    path: str = "/",
    method: str = "POST",
) -> httpx.Response:
    async with where.client() as client:
        return await client.request(method, path, content=body, headers=headers)


def signed(
    *,
    path: str = "/",
    body: bytes = BODY,
    method: str = "POST",
    at: float = NOW,
    keys: Any = None,
    headers: dict[str, str] | None = None,
) -> dict[str, str]:
    keys = {"new": KEY} if keys is None else keys
    return sign(keys, method, path, body=body, headers=headers or PLAIN, at=at)


@pytest.mark.parametrize("keys", [{"new": KEY}, {"old": OTHER}])
async def test_who_has_a_key_is_let_in(keys: Any) -> None:
    """Any of them, so that they can be changed."""
    response = await ask(shop(), signed(keys=keys))

    assert response.status_code == 200


@pytest.mark.parametrize("at", [NOW - 300, NOW + 300])
async def test_a_clock_may_be_off_a_little(at: float) -> None:
    """By the tolerance."""
    assert (await ask(shop(), signed(at=at))).status_code == 200


TAMPERED: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "no signature": (PLAIN, {}),
    "no sense": (PLAIN | {HEADER: "yes"}, {}),
    "no hexadecimal": (PLAIN | {HEADER: f"t={NOW:.0f},k=new,v1={'g' * 64}"}, {}),
    "too old": (signed(at=NOW - 301), {}),
    "from the future": (signed(at=NOW + 301), {}),
    "a key that is not known": (signed(keys={"strange": KEY}), {}),
    "a known id with another key": (signed(keys={"new": OTHER}), {}),
    "another body": (signed(), {"body": BODY.replace(b"tea", b"tee")}),
    "another path": (signed(), {"path": "/events/cmd.shop.sell"}),
    "another query": (signed(), {"path": "/?x=1"}),
    "another method": (signed(), {"method": "DELETE", "path": "/processes/shop.sale/1.0.0/a"}),
    "another content type": (signed() | {"content-type": BATCH}, {}),
    "an attribute more": (signed() | {"ce-subject": "x"}, {}),
    "an idempotency key more": (signed() | {"idempotency-key": "x"}, {}),
    "another time": ({**signed(), HEADER: signed()[HEADER].replace("t=19", "t=18")}, {}),
}


@pytest.mark.parametrize("name", TAMPERED)
async def test_who_has_none_is_refused_before_anything_is_read(name: str) -> None:
    """401 in one sentence, and the store is not asked."""
    headers, options = TAMPERED[name]
    where = shop()

    response = await ask(where, headers, **options)

    assert (response.status_code, kind_of(response)) == (401, "unauthorized")
    assert "www-authenticate" in response.headers
    assert where.store.requests == 0


async def test_the_attributes_of_a_binary_event_are_signed() -> None:
    """Else whoever sees one request could send other events with its signature."""
    headers, body = binary(sell())
    good = signed(headers=headers, body=body)
    changed = good | {"ce-type": "evt.shop.noted", "ce-subject": "shop.sale/1.0.0/s-1"}
    where = shop()

    refused = await ask(where, changed, body=body)
    before = where.store.requests
    taken = await ask(where, good, body=body)

    assert (refused.status_code, before, taken.status_code) == (401, 0, 200)


@pytest.mark.parametrize("more", ["\u00a0", "\u2003", "\u3000"])
@pytest.mark.parametrize("name", ["ce-id", "idempotency-key"])
async def test_what_looks_like_white_space_is_signed(name: str, more: str) -> None:
    """Else a request could be replayed as another one, by an id that is longer by nothing."""
    path = "/" if name == "ce-id" else "/processes/shop.sale"
    headers, body = binary(sell())
    if name != "ce-id":
        headers = {"content-type": "application/json", name: "k-1"}
    good = signed(headers=headers, body=body, path=path)
    changed = {key.encode(): value.encode() for key, value in good.items()}
    changed[name.encode()] += more.encode()
    where = shop()

    async with where.client() as client:
        refused = await client.post(path, content=body, headers=changed)

    assert (refused.status_code, where.store.requests) == (401, 0)


async def test_a_header_that_is_not_signed_may_be_anything() -> None:
    """Of others, such as a proxy adds, nothing is read."""
    headers = {name.encode(): value.encode() for name, value in signed().items()}

    async with shop().client() as client:
        response = await client.post("/", content=BODY, headers={**headers, b"x-who": b"\xe9"})

    assert response.status_code == 200


async def test_a_bad_signature_is_refused_before_anything_is_parsed() -> None:
    """What is no event at all is 401 as well, not 400."""
    response = await ask(shop(), signed(body=b"{"), body=b"[")

    assert response.status_code == 401


async def test_a_stale_signature_is_refused_before_the_body_is_read() -> None:
    """A body that would be too large is not looked at."""
    where = shop(limits=HttpLimits(body=10))

    stale = await ask(where, signed(at=NOW - 301))
    fresh = await ask(where, signed())

    assert (stale.status_code, fresh.status_code) == (401, 413)


@pytest.mark.parametrize("path", ["/processes/shop.sale", "/events/cmd.shop.sell"])
async def test_a_replay_is_judged_by_the_inbox(path: str) -> None:
    """A request without an id of its own gets one that its replay has as well."""
    body = b'{"item": "tea"}'
    headers = signed(path=path, body=body, headers={"content-type": "application/json"})
    where = shop()

    first = await ask(where, headers, body=body, path=path)
    again = await ask(where, headers, body=body, path=path)

    assert [r.json()["outcome"] for r in (first, again)] == ["applied", "duplicate"]
    assert first.json()["subject"] == again.json()["subject"]


async def test_a_replay_of_an_event_changes_nothing() -> None:
    """It is a redelivery, and gets what the first got."""
    where, headers = shop(), signed()

    first, again = await ask(where, headers), await ask(where, headers)

    assert first.content == again.content
    assert again.headers.get("content-type") == BATCH


async def test_everything_is_guarded_but_health_and_tokens() -> None:
    """Each route of the application, also those that only read."""
    where = shop()
    paths = ["/processes", "/processes/shop.sale/1.0.0/a", "/openapi.json"]
    paths.append("/processes/shop.sale/1.0.0/a/result")

    refused = [await ask(where, {}, method="GET", path=path, body=b"") for path in paths]
    free = [await ask(where, {}, method="GET", path=path) for path in ("/health", "/ready")]
    token = await ask(where, {}, method="GET", path="/resume/x", body=b"")

    assert [each.status_code for each in refused] == [401] * len(paths)
    assert [each.status_code for each in free] == [200, 200]
    assert token.status_code == 403


async def test_a_path_is_signed_as_it_is_sent() -> None:
    """Percent-encoded; a process with any id can be asked for."""
    path = "/processes/shop.sale/1.0.0/a%252Fb"
    headers = signed(path=path, body=b"", method="GET", headers={"accept": "*/*"})

    response = await ask(shop(), headers, path=path, body=b"", method="GET")

    assert response.status_code == 404


def test_what_is_signed_is_what_the_reference_says() -> None:
    """Made by hand from the text of the page."""
    headers = {"Content-Type": "application/json", "ce-id": " 1 ", "Accept": "*/*"}
    text = (
        "xorca-http-1\n1900000000\nPOST\n/a%20b\nx=1&y=%202\nce-id:1\n"
        f"content-type:application/json\n{sha256(b'{}').hexdigest()}\n"
    )
    expected = hmac.digest(bytes.fromhex(KEY), text.encode(), "sha256").hex()

    found = sign(
        {"new": KEY}, "post", "http://h/a%20b?x=1&y=%202", body=b"{}", headers=headers, at=NOW
    )

    assert found == {**headers, HEADER: f"t=1900000000,k=new,v1={expected}"}


async def test_the_present_is_the_default() -> None:
    """For both sides."""
    where = Shop(auth=HmacAuth({"new": KEY}))
    headers = signed(at=time.time())

    assert (await ask(where, headers)).status_code == 200


@pytest.mark.parametrize(("keys", "tolerance"), [("", 300.0), (KEY[:32], 300.0), (KEY, 0.0)])
def test_what_guards_nothing_is_refused(keys: str, tolerance: float) -> None:
    """No key, a short one, or no time at all."""
    with pytest.raises(ConfigurationError):
        HmacAuth(keys, tolerance=tolerance)


# -- another auth ---------------------------------------------------------------------


async def test_any_function_may_tell_who_it_is() -> None:
    """Its principal is part of the source of what is made for it."""

    async def by_header(request: Any) -> Principal | None:
        name = request.headers.get("x-user")
        assert await request.body() == b'{"item": "tea"}'
        return None if name is None else Principal(name)

    where, path = Shop(auth=by_header), "/events/cmd.shop.sell"
    async with where.client() as client:
        headers = {"x-user": "mia o'neill/ü".encode("latin-1"), "content-type": b"application/json"}
        known = await client.post(path, content=b'{"item": "tea"}', headers=headers)  # type: ignore[arg-type]
        unknown = await client.post(path, content=b'{"item": "tea"}')

    assert known.json()["source"] == "/http/client/mia%20o%27neill%2F%C3%BC"
    assert unknown.status_code == 401


async def test_a_principal_may_be_refused_a_path() -> None:
    """By raising the problem that it is answered with."""

    async def reader(request: Any) -> Principal:
        if request.method != "GET":
            raise HttpProblem(403, "forbidden", "You may only read.")
        return Principal("reader")

    where = Shop(auth=reader)
    async with where.client() as client:
        found = [
            await client.get("/processes"),
            await client.delete("/processes/shop.sale/1.0.0/a"),
        ]

    assert [each.status_code for each in found] == [200, 403]
    assert kind_of(found[1]) == "forbidden"


async def test_two_callers_with_one_key_of_idempotency_are_two() -> None:
    """Nobody can take the start of somebody else."""

    async def by_header(request: Any) -> Principal:
        return Principal(request.headers["x-user"])

    async with Shop(auth=by_header).client() as client:
        found = [
            await client.post(
                "/processes/shop.sale?id=k", json={"item": "tea"}, headers={"x-user": user}
            )
            for user in ("mia", "ada")
        ]

    assert [each.status_code for each in found] == [201, 201]
    assert len({each.headers["location"] for each in found}) == 2


async def test_a_signed_note_needs_a_process() -> None:
    """A caller who is known is not thereby right."""
    body = json.dumps(noted("nobody")).encode()

    response = await ask(shop(), signed(body=body), body=body)

    assert response.status_code == 503


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://shop.evil.example", "http://[", ""]
)
async def test_the_page_of_another_site_starts_nothing(origin: str) -> None:
    """A form can be sent from anywhere by the browser of somebody who may call."""
    where = Shop()
    async with where.client() as client:
        path = "/processes/shop.approval"
        refused = await client.post(path, headers={"origin": origin})
        asked = where.store.requests
        own = await client.post(path, headers={"origin": "http://shop"})

    assert (refused.status_code, kind_of(refused), asked) == (403, "cross-origin", 0)
    assert own.status_code == 201
