"""CloudEvents in by any mode, and what they lead to back in the response."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.handlers.asgi.shop import (
    BATCH,
    STRUCTURED,
    Shop,
    binary,
    kind_of,
    noted,
    post,
    post_batch,
    sell,
)
from xorca import Orchestrator, emit, end, start
from xorca.events import Event, read_binary, read_event
from xorca.handlers.asgi.writing import Mode, binary_headers, events_response
from xorca.providers.memory import MemoryBus


class Single(Orchestrator, name="shop.single"):
    """It tells of one thing, and ends."""

    @start("shop.single", to=end)
    @emit("notif.single")
    def tell(self, text: str) -> str:
        return text


def single(**more: Any) -> dict[str, Any]:
    return sell(type="shop.single", data="grüße") | more


async def test_one_event_comes_back_as_it_came_structured() -> None:
    """Structured in, structured out."""
    async with Shop(Single).client() as client:
        response = await post(client, single())

    found = read_event(response.content)
    assert (response.status_code, response.headers["content-type"]) == (200, STRUCTURED)
    assert (found.type, found.subject) == ("notif.single", "shop.single/1.0.0/s-1")


async def test_one_event_comes_back_as_it_came_binary() -> None:
    """Binary in, binary out, and the strict reader reads it."""
    headers, body = binary(single(processid="ä%20b"))
    headers["ce-processid"] = "%C3%A4%2520b"
    async with Shop(Single).client() as client:
        response = await client.post("/", content=body, headers=headers)

    found = read_binary(response.headers, response.content)
    assert response.status_code == 200
    assert (found.type, found.payload()) == ("notif.single", "grüße")
    assert found.subject == "shop.single/1.0.0/ä%2520b"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (STRUCTURED, STRUCTURED),
        (f"text/html, {STRUCTURED};q=0.5", STRUCTURED),
        (BATCH, BATCH),
        ("*/*", "application/json"),
        (f"{STRUCTURED};q=0", "application/json"),
        ("nonsense;;q=x,,", "application/json"),
    ],
)
async def test_the_caller_chooses_how_it_is_answered(accept: str, content_type: str) -> None:
    """By Accept; without a word of events, as the request came."""
    headers, body = binary(single())
    async with Shop(Single).client() as client:
        response = await client.post("/", content=body, headers=headers | {"accept": accept})

    assert response.headers["content-type"] == content_type


async def test_several_events_come_back_as_a_batch() -> None:
    """There is no other way to carry two."""
    async with Shop().client() as client:
        response = await post(client, sell())

    assert response.headers["content-type"] == BATCH
    assert [e["type"] for e in response.json()] == ["cmd.stock.reserve", "notif.shop.begun"]


async def test_nothing_to_say_is_202() -> None:
    """An event that led to nothing is answered without a body."""
    async with Shop().client() as client:
        await post(client, sell())
        response = await post(client, noted())

    assert (response.status_code, response.content) == (202, b"")
    assert response.headers["xorca-outcome"] == "applied"


async def test_with_a_bus_nothing_comes_back() -> None:
    """What was emitted is on the bus."""
    shop = Shop(bus=MemoryBus())
    async with shop.client() as client:
        response = await post(client, sell())

    assert (response.status_code, response.content) == (202, b"")
    assert shop.bus is not None
    assert [event.type for event in shop.bus.published] == ["cmd.stock.reserve", "notif.shop.begun"]


async def test_a_repetition_gets_the_same_bytes() -> None:
    """However often: nobody can tell that a response arrived."""
    async with Shop().client() as client:
        first = await post(client, sell())
        again = [await post(client, sell()) for _ in range(3)]

    assert [each.content for each in again] == [first.content] * 3
    assert [each.status_code for each in again] == [200] * 3


async def test_what_was_answered_is_not_sent_again() -> None:
    """The answer to a command says that it had left; only the rest comes again."""
    shop = Shop()
    async with shop.client() as client:
        command = (await post(client, sell())).json()[0]
        answer = noted(id="a-1", type="evt.stock.reserve.success", causationid=command["id"])
        await post(client, answer)
        again = await post(client, sell())

    assert read_event(again.content).type == "notif.shop.begun"


async def test_a_report_is_given_when_it_is_asked_for() -> None:
    """By ``Accept: application/json``, with what was emitted."""
    async with Shop().client() as client:
        response = await post(client, sell(), "application/json")

    found = response.json()
    assert (found["outcome"], found["reason"], found["status"]) == ("applied", "begin", 200)
    assert [event["type"] for event in found["emitted"]] == [
        "cmd.stock.reserve",
        "notif.shop.begun",
    ]


OUTCOMES = {
    "applied": (sell("new", id="new"), 200, ""),
    "duplicate": (sell(), 200, ""),
    "no subject of ours": (noted(subject="other/1.0.0/x"), 404, "foreign"),
    "no subject": (noted(subject="x"), 404, "foreign"),
    "a type that nobody hears": (noted(id="t", type="evt.shop.unheard"), 422, "not-heard"),
    "data that does not fit": (noted(id="d", data={"item": 5}), 422, "payload"),
    "a start whose data does not fit": (sell("p", id="p", item=[]), 422, "payload"),
    "a handler that raises": (sell("r", id="r", item="raises"), 422, "handler-raised"),
    "a version that is not here": (
        sell("v", id="v", processversion="9.0.0"),
        422,
        "unknown-version",
    ),
    "no process yet": (noted("nobody"), 503, "no-record"),
}


@pytest.mark.parametrize("name", OUTCOMES)
async def test_every_outcome_has_its_status(name: str) -> None:
    """As the reference has them in a table; the payload and the exception are not echoed."""
    event, status, kind = OUTCOMES[name]
    async with Shop().client() as client:
        await post(client, sell())
        response = await post(client, event)

    assert response.status_code == status, response.text
    assert not kind or kind_of(response) == kind
    assert ("retry-after" in response.headers) == (status == 503)
    assert "secret" not in response.text
    assert ".py" not in response.text


@pytest.mark.parametrize("more", [{"subject": "other/1.0.0/x"}, {"subject": "x"}, {"type": "x.y"}])
async def test_a_stranger_costs_no_request_to_the_store(more: dict[str, Any]) -> None:
    """A subject that is not ours, or none at all: 404 in one sentence."""
    shop = Shop()
    event = noted(**more)
    if "subject" not in more:
        del event["subject"]
    async with shop.client() as client:
        response = await post(client, event)

    assert (response.status_code, kind_of(response), shop.store.requests) == (404, "foreign", 0)


async def test_what_comes_after_the_end_is_taken_and_ignored() -> None:
    """There is nothing to be done about it, and nothing to send again."""
    async with Shop().client() as client:
        await post(client, sell())
        await post(client, noted(id="a", type="evt.stock.reserve.success"))
        response = await post(client, noted())

    assert (response.status_code, response.headers["xorca-outcome"]) == (202, "ignored")


async def test_a_dead_event_stays_dead() -> None:
    """A repetition of what was dead-lettered is answered like the first time."""
    async with Shop().client() as client:
        await post(client, sell())
        first = await post(client, noted(data={"item": 5}))
        again = await post(client, noted(data={"item": 5}))

    assert [first.status_code, again.status_code] == [422, 422]
    assert [kind_of(first), kind_of(again)] == ["payload", "dead"]


async def test_a_subscriber_of_a_shared_broker_passes_over() -> None:
    """What is not for us is 202 where it is asked for."""
    async with Shop(pass_over=True).client() as client:
        response = await post(client, noted(subject="other/1.0.0/x"))

    assert (response.status_code, response.headers["xorca-outcome"]) == (202, "foreign")


async def test_a_store_that_is_away_is_503() -> None:
    """And nothing is acknowledged; the repetition is applied."""
    shop = Shop()
    async with shop.client() as client:
        shop.store.away = True
        refused = await post(client, sell())
        shop.store.away = False
        taken = await post(client, sell())

    assert (refused.status_code, kind_of(refused), taken.status_code) == (503, "store", 200)


# -- batches ------------------------------------------------------------------------


async def test_a_batch_is_answered_by_a_batch() -> None:
    """With everything that its events led to, each event once."""
    async with Shop().client() as client:
        response = await post_batch(client, [sell(), sell(), sell("s-2", id="c-2")])

    subjects = [event["subject"].rpartition("/")[2] for event in response.json()]
    assert (response.status_code, response.headers["content-type"]) == (200, BATCH)
    assert subjects == ["s-1", "s-1", "s-2", "s-2"]


async def test_an_empty_batch_is_nothing() -> None:
    """It is a batch all the same."""
    async with Shop().client() as client:
        response = await post_batch(client, [])

    assert (response.status_code, response.content) == (202, b"")


async def test_a_bad_member_costs_the_others_nothing() -> None:
    """The report says which, and what the others emitted."""
    bad = sell(id="")
    async with Shop().client() as client:
        response = await post_batch(client, [sell(), bad, noted(subject="other/1.0.0/x")])

    lines = response.json()
    assert response.status_code == 207
    assert [line["status"] for line in lines] == [200, 400, 404]
    assert [line["outcome"] for line in lines] == ["applied", "malformed", "foreign"]
    assert [len(line["emitted"]) for line in lines] == [2, 0, 0]


async def test_a_batch_of_nothing_good_has_the_status_of_its_members() -> None:
    """Where they have one."""
    async with Shop().client() as client:
        response = await post_batch(client, [sell(id=""), "no event"])

    assert (response.status_code, kind_of(response)) == (400, "invalid-attribute")
    assert [line["outcome"] for line in response.json()["outcomes"]] == ["malformed"] * 2


async def test_a_batch_with_something_to_come_again_comes_again_as_a_whole() -> None:
    """503; the repetition gives what the first would have given."""
    async with Shop().client() as client:
        refused = await post_batch(client, [sell(), noted("nobody")])
        await post(client, sell("nobody", id="c-9"))
        taken = await post_batch(client, [sell(), noted("nobody")])

    assert (refused.status_code, kind_of(refused)) == (503, "no-record")
    assert [line["outcome"] for line in refused.json()["outcomes"]] == ["applied", "retry"]
    assert taken.status_code == 200
    assert [e["type"] for e in taken.json()] == ["cmd.stock.reserve", "notif.shop.begun"]


async def test_a_report_of_a_batch() -> None:
    """One line an event."""
    async with Shop().client() as client:
        response = await post_batch(client, [sell(), sell()], "application/json")

    assert response.status_code == 200
    assert [line["outcome"] for line in response.json()] == ["applied", "duplicate"]


# -- writing ------------------------------------------------------------------------

EVENTS = [
    Event(id="1", source="/s", type="t"),
    Event(id="1", source="/s", type="t", data=b'{"a":1}'),
    Event(id='a "b" % c', source="/s", type="t", subject="ünï/\U0001f600", extensions={"n": 5}),
    Event(id="1", source="/s", type="t", data=b"\x00\xff", is_json=False, datacontenttype="x/y"),
    Event(id="1", source="/s", type="t", data=b"a,b", is_json=False, datacontenttype="text/csv"),
]


@pytest.mark.parametrize("event", EVENTS)
def test_what_is_written_in_binary_is_read_again(event: Event) -> None:
    """Attribute by attribute; JSON may get the media type that it had by default."""
    headers = binary_headers(event)
    assert headers is not None

    found = read_binary(headers, event.data or b"")

    assert (found.id, found.subject, found.data) == (
        event.id,
        event.subject,
        event.data or found.data,
    )
    assert found.extensions == {name: str(value) for name, value in event.extensions.items()}


@pytest.mark.parametrize(
    "event",
    [
        Event(id="1", source="/s", type="t", datacontenttype="application/cloudevents+json"),
        Event(id="x" * 1000, source="/s", type="t", extensions={"a": "ü" * 2000}),
    ],
)
def test_what_headers_cannot_carry_is_structured(event: Event) -> None:
    """A content type that would be taken for a mode, and headers that are too long."""
    response = events_response([event], Mode.BINARY)

    assert response.headers["content-type"] == STRUCTURED
    assert read_event(bytes(response.body)) == event


def test_a_boolean_is_written_as_the_specification_has_it() -> None:
    """As ``true``, not as Python would."""
    headers = binary_headers(Event(id="1", source="/s", type="t", extensions={"flag": True}))

    assert headers is not None
    assert headers["ce-flag"] == "true"


def test_a_batch_is_json() -> None:
    """Also of no events at all."""
    assert json.loads(bytes(events_response([], Mode.BATCH).body)) == []


async def test_a_coding_is_seen_behind_another() -> None:
    """A header that comes twice says both, and what is compressed is refused."""
    headers = [
        ("content-type", STRUCTURED),
        ("content-encoding", "identity"),
        ("content-encoding", "gzip"),
    ]
    async with Shop().client() as client:
        response = await client.post("/", content=json.dumps(sell()), headers=headers)

    assert (response.status_code, kind_of(response)) == (415, "unsupported")
