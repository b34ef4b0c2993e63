"""HttpBus: what is tried again, what is not, in which order, and what it says."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from random import Random
from typing import Any

import httpx
import pytest

from tests.unit.orders import Order, placed
from tests.unit.providers_http.taker import Asked, Taker, answer
from xorca import Runtime
from xorca.errors import ConfigurationError, DestinationRefused, PublishFailed
from xorca.events import Event, read_http
from xorca.providers.http import HttpBus
from xorca.providers.memory import MemoryStore
from xorca.providers.open_bus import open_bus


@pytest.fixture
async def taker() -> AsyncIterator[Taker]:
    async with Taker() as taker:
        yield taker


class Pauses:
    """Waits for nothing, and remembers for how long it should have."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.sleep(0)


def bus_to(taker: Taker, **options: Any) -> HttpBus:
    """Make a bus that does not wait between attempts."""
    options = {"sleep": Pauses(), "allow_private": True, "allow_http": True, **options}
    return HttpBus(taker.url, **options)


def note(number: int, *, subject: str | None = "books/1.0.0/seven", **more: Any) -> Event:
    """Make an event."""
    fields: dict[str, Any] = {"type": "cmd.books.fetch", "data": b'{"n":1}', **more}
    return Event(
        id=f"e-{number}",
        source="/xorca/books/1.0.0",
        subject=subject,
        datacontenttype="application/json",
        **fields,
    )


def ids(events: list[Event]) -> list[str]:
    """Give the ids."""
    return [event.id for event in events]


# -- what is tried again ---------------------------------------------------------------


@pytest.mark.parametrize("status", ["408 x", "409 x", "425 x", "429 x", "500 x", "502 x", "503 x"])
async def test_a_status_that_may_pass_is_tried_again(taker: Taker, status: str) -> None:
    """The second attempt carries the same bytes, and the publish succeeds."""
    taker.script.append(answer(status))

    async with bus_to(taker) as bus:
        await bus.publish([note(1)])

    assert [asked.body for asked in taker.asked] == [note(1).to_json()] * 2
    assert ids(taker.taken) == ["e-1"]


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 410, 413, 415, 422, 501, 301, 302, 307]
)
async def test_a_status_that_cannot_pass_is_not_tried_again(taker: Taker, status: int) -> None:
    """One attempt; the failure names the event and the status."""
    taker.usual = answer(f"{status} x", "location: /elsewhere")

    async with bus_to(taker) as bus:
        with pytest.raises(PublishFailed, match=f"answered {status}") as caught:
            await bus.publish([note(1)])

    assert len(taker.asked) == 1
    assert caught.value.failed == ("e-1",)


async def test_attempts_are_bounded(taker: Taker) -> None:
    """A taker that is always busy is asked so often and no more."""
    taker.usual = answer("503 Service Unavailable")

    async with bus_to(taker, attempts=3) as bus:
        with pytest.raises(PublishFailed, match="503 Service Unavailable"):
            await bus.publish([note(1)])

    assert len(taker.asked) == 3


async def test_pauses_are_jittered_and_grow(taker: Taker) -> None:
    """Each pause lies somewhere below a bound that doubles."""
    taker.usual, pauses = answer("503 x"), Pauses()

    async with bus_to(taker, attempts=5, total=1e6, sleep=pauses, random=Random(7)) as bus:
        with pytest.raises(PublishFailed):
            await bus.publish([note(1)])

    drawn = Random(7)
    assert pauses.asked == [drawn.uniform(0, 0.2 * 2**n) for n in range(4)]


async def test_retry_after_is_honoured(taker: Taker) -> None:
    """What the taker asks for is waited for, and at most a moment more."""
    taker.script.append(answer("429 x", "retry-after: 7"))
    pauses = Pauses()

    async with bus_to(taker, sleep=pauses) as bus:
        await bus.publish([note(1)])

    assert len(pauses.asked) == 1
    assert 7 <= pauses.asked[0] <= 7.2


async def test_retry_after_may_be_a_date(taker: Taker) -> None:
    """A date that is over asks for nothing."""
    taker.script.append(answer("503 x", "retry-after: Wed, 21 Oct 2015 07:28:00 GMT"))
    pauses = Pauses()

    async with bus_to(taker, sleep=pauses) as bus:
        await bus.publish([note(1)])

    assert pauses.asked[0] <= 0.2


async def test_a_retry_that_comes_too_late_is_not_waited_for(taker: Taker) -> None:
    """A taker that asks for an hour is left alone: the outbox keeps the event."""
    taker.usual, pauses = answer("503 x", "retry-after: 3600"), Pauses()

    async with bus_to(taker, sleep=pauses, total=30) as bus:
        with pytest.raises(PublishFailed):
            await bus.publish([note(1)])

    assert (len(taker.asked), pauses.asked) == (1, [])


async def test_a_lost_connection_is_tried_again(taker: Taker) -> None:
    """A taker that hangs up without an answer may have taken it; the same event comes again."""
    taker.script.append(b"")

    async with bus_to(taker) as bus:
        await bus.publish([note(1)])

    assert [asked.body for asked in taker.asked] == [note(1).to_json()] * 2


async def test_silence_is_cut_off(taker: Taker) -> None:
    """A taker that never answers costs the time-out, and the failure says so."""
    taker.pause = 60

    async with bus_to(taker, timeout=0.05, attempts=2) as bus:
        with pytest.raises(PublishFailed, match=r"no answer within 0\.05 s"):
            await bus.publish([note(1)])

    assert len(taker.asked) == 2


async def test_nobody_at_the_address_is_a_failure_of_the_port() -> None:
    """A refused connection is PublishFailed, with the address."""
    async with Taker() as taker:
        pass  # its port is free again

    async with bus_to(taker, attempts=2) as bus:
        with pytest.raises(PublishFailed, match=f"127.0.0.1:{taker.port}"):
            await bus.publish([note(1)])


async def test_an_answer_is_read_up_to_a_bound(taker: Taker) -> None:
    """A taker that answers with a flood has taken the event, and fills no memory."""
    flood = b"HTTP/1.1 202 Accepted\r\ncontent-length: 1000000000\r\n\r\n" + b"x" * 300_000
    taker.script.append(flood)

    async with bus_to(taker, timeout=5) as bus:
        await bus.publish([note(1)])
        await bus.publish([note(2)])

    assert ids(taker.taken) == ["e-1", "e-2"]


# -- order -----------------------------------------------------------------------------


async def test_what_is_behind_a_refused_event_is_not_sent(taker: Taker) -> None:
    """Within a subject nothing overtakes: the rest is named as failed, and was not asked for."""
    taker.script += [answer(), answer("400 Bad Request")]

    async with bus_to(taker) as bus:
        with pytest.raises(PublishFailed) as caught:
            await bus.publish([note(1), note(2), note(3)])

    assert caught.value.failed == ("e-2", "e-3")
    assert ids(taker.taken) == ["e-1"]
    assert len(taker.asked) == 2


async def test_another_subject_is_sent_all_the_same(taker: Taker) -> None:
    """A refused event holds up its own subject only."""
    taker.usual = answer()
    bad, good = note(1, subject="a/1/bad"), note(2, subject="a/1/good")
    taker.script += [lambda asked: answer("400 x" if b"bad" in asked.body else "202 x")] * 2

    async with bus_to(taker) as bus:
        with pytest.raises(PublishFailed) as caught:
            await bus.publish([bad, good])

    assert caught.value.failed == ("e-1",)
    assert ids(taker.taken) == ["e-2"]


async def test_a_later_publish_does_not_overtake(taker: Taker) -> None:
    """While one publish tries again, the next one for the same subject waits."""
    taker.script += [lambda asked: answer("503 x" if b"e-1" in asked.body else "202 x")] * 2

    async with bus_to(taker, sleep=asyncio.sleep) as bus:
        await asyncio.gather(bus.publish([note(1)]), bus.publish([note(2)]))

    assert ids(taker.taken) == ["e-1", "e-2"]


async def test_requests_under_way_are_bounded(taker: Taker) -> None:
    """Many subjects share so many turns and connections."""
    taker.pause = 0.01
    events = [note(number, subject=f"a/1/{number}") for number in range(30)]

    async with bus_to(taker, concurrency=4) as bus:
        await bus.publish(events)

    assert sorted(ids(taker.taken)) == sorted(ids(events))
    assert taker.most == 4
    assert taker.connections == 4


async def test_a_silent_taker_does_not_cost_a_time_out_a_subject(taker: Taker) -> None:
    """Once the time of a publish is over and something failed, the rest is not begun."""
    taker.pause = 60
    events = [note(number, subject=f"a/1/{number}") for number in range(50)]

    async with bus_to(taker, timeout=0.05, total=0.01, concurrency=2) as bus:
        with pytest.raises(PublishFailed) as caught:
            await bus.publish(events)

    assert set(caught.value.failed) == set(ids(events))
    assert len(taker.asked) <= 4


# -- modes -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["application/cloudevents+json", "Application/CloudEvents-Batch"])
async def test_data_that_is_an_event_itself_is_not_taken_for_the_event(
    taker: Taker, kind: str
) -> None:
    """Its content type would say so in binary mode: it is sent structured."""
    event = Event(id="e-1", source="/x", type="t", data=b"[]", datacontenttype=kind)
    async with bus_to(taker, mode="binary") as bus:
        await bus.publish([event])

    (asked,) = taker.asked
    (read,) = read_http(asked.headers, asked.body)
    assert read == event


async def test_binary_mode_writes_headers(taker: Taker) -> None:
    """Attributes are percent-encoded as the HTTP binding asks; the body is the data."""
    sent = note(1, subject="books/1.0.0/Ünï 100%", extensions={"causationid": 'c"1', "depth": 3})

    async with bus_to(taker, mode="binary") as bus:
        await bus.publish([sent])

    (asked,) = taker.asked
    assert asked.headers["ce-subject"] == "books/1.0.0/%C3%9Cn%C3%AF%20100%25"
    assert asked.headers["ce-causationid"] == "c%221"
    assert asked.headers["ce-depth"] == "3"
    assert asked.headers["content-type"] == "application/json"
    assert asked.body == b'{"n":1}'
    assert taker.taken[0].subject == sent.subject


async def test_batch_mode_sends_one_request(taker: Taker) -> None:
    """The events of one subject leave together, in order."""
    events = [note(number) for number in range(5)]

    async with bus_to(taker, mode="batch") as bus:
        await bus.publish(events)

    assert [ids(asked.events()) for asked in taker.asked] == [ids(events)]


async def test_a_batch_that_is_too_large_is_halved(taker: Taker) -> None:
    """413 for a batch: its halves are sent, in order, and one event alone is refused."""

    def at_most_two(asked: Asked) -> bytes:
        return answer("413 x" if len(asked.events()) > 2 else "202 x")

    taker.script += [at_most_two] * 20
    events = [note(number) for number in range(7)]

    async with bus_to(taker, mode="batch") as bus:
        await bus.publish(events)

    assert ids(taker.taken) == ids(events)


async def test_a_refused_half_names_what_was_not_taken(taker: Taker) -> None:
    """What the first half carried was taken; the rest is named."""
    taker.script += [answer("413 x"), answer(), answer("400 x")]

    async with bus_to(taker, mode="batch") as bus:
        with pytest.raises(PublishFailed) as caught:
            await bus.publish([note(number) for number in range(4)])

    assert caught.value.failed == ("e-2", "e-3")


async def test_an_event_too_large_for_every_reader_is_named(taker: Taker) -> None:
    """It is refused before anything is sent, and stays in its outbox."""
    large = note(1, data=b'"' + b"x" * 1_100_000 + b'"')

    async with bus_to(taker) as bus:
        with pytest.raises(PublishFailed, match="1048576"):
            await bus.publish([large])

    assert taker.asked == []


# -- what is sent besides ---------------------------------------------------------------


async def test_headers_are_sent(taker: Taker) -> None:
    """A fixed header comes with every request."""
    async with bus_to(taker, headers={"Authorization": "Bearer abc"}) as bus:
        await bus.publish([note(1)])

    assert taker.asked[0].headers["authorization"] == "Bearer abc"


@pytest.mark.parametrize(
    "headers", [{"ce-id": "x"}, {"Content-Type": "x"}, {"x": "a\r\nb: c"}, {"x y": "z"}, {"x": "é"}]
)
def test_headers_that_cannot_be_sent_are_refused(headers: dict[str, str]) -> None:
    """Those that the event decides, and those that would begin another header."""
    with pytest.raises(ConfigurationError, match="header"):
        HttpBus("https://sink.example/", headers=headers)


async def test_every_attempt_is_signed_anew(taker: Taker) -> None:
    """The signer sees what is sent, and its headers go along."""
    taker.script.append(answer("503 x"))
    seen: list[tuple[str, str, bytes]] = []

    def signer(method: str, url: str, *, body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        seen.append((method, url, body))
        return {"x-signature": f"{len(seen)} {headers['content-type']}"}

    async with bus_to(taker, signer=signer) as bus:
        await bus.publish([note(1)])

    assert seen == [("POST", taker.url, note(1).to_json())] * 2
    signed = [asked.headers["x-signature"].split()[0] for asked in taker.asked]
    assert signed == ["1", "2"]


async def test_a_signer_that_raises_fails_its_events_only(taker: Taker) -> None:
    """The publish fails with their ids; nothing unsigned was sent."""

    def signer(method: str, url: str, *, body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        raise KeyError("no key")

    async with bus_to(taker, signer=signer) as bus:
        with pytest.raises(PublishFailed, match="KeyError") as caught:
            await bus.publish([note(1)])

    assert (caught.value.failed, taker.asked) == (("e-1",), [])


async def test_our_own_signature_is_let_in(taker: Taker) -> None:
    """``sign`` of the ASGI handler is a signer as it is."""
    from functools import partial

    from xorca.handlers.asgi import sign

    async with bus_to(taker, signer=partial(sign, {"k1": bytes(range(32))})) as bus:
        await bus.publish([note(1)])

    assert taker.asked[0].headers["xorca-signature"].startswith("t=")


async def test_a_client_of_ones_own_is_used(taker: Taker) -> None:
    """It sends, and it is not closed with the bus."""
    async with httpx.AsyncClient(headers={"x-mine": "yes"}) as client:
        async with bus_to(taker, client=client) as bus:
            await bus.publish([note(1)])

        assert not client.is_closed
    assert taker.asked[0].headers["x-mine"] == "yes"


async def test_failures_do_not_show_the_query(taker: Taker) -> None:
    """A query may hold a secret: it is not in the message."""
    taker.usual = answer("403 x")

    async with HttpBus(f"{taker.url}?code=hunter2", allow_private=True, allow_http=True) as bus:
        with pytest.raises(PublishFailed) as caught:
            await bus.publish([note(1)])

    assert "hunter2" not in str(caught.value)
    assert taker.asked[0].line == "POST /events?code=hunter2 HTTP/1.1"


# -- configuration -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{"mode": "xml"}, {"timeout": 0}, {"attempts": 0}, {"total": -1}, {"concurrency": 0}]
)
def test_nonsense_is_refused(options: dict[str, Any]) -> None:
    """At once, and by its name."""
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        HttpBus("https://sink.example/", **options)


@pytest.mark.parametrize("url", ["http://sink.example/", "https://10.0.0.7/", "ftp://x.example/"])
def test_a_url_that_is_not_allowed_is_refused_at_once(url: str) -> None:
    """Before anything is published."""
    with pytest.raises(DestinationRefused):
        HttpBus(url)


async def test_knative_names_the_sink(taker: Taker, monkeypatch: pytest.MonkeyPatch) -> None:
    """K_SINK is where to, and K_CE_OVERRIDES what every event gets."""
    monkeypatch.setenv("K_SINK", taker.url)
    monkeypatch.setenv("K_CE_OVERRIDES", '{"extensions": {"cluster": "north"}}')

    async with HttpBus.from_environment() as bus:
        await bus.publish([note(1)])

    assert taker.asked[0].headers["ce-cluster"] == "north"
    assert taker.asked[0].headers["ce-id"] == "e-1"


def test_without_a_sink_the_environment_is_no_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of what is missing is said."""
    monkeypatch.delenv("K_SINK", raising=False)

    with pytest.raises(ConfigurationError, match="K_SINK is not set"):
        HttpBus.from_environment()


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"extensions": {"id": "x"}}', '{"extensions": {"A": "x"}}']
)
def test_overrides_that_are_none_are_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no JSON of that form, and what would replace an attribute."""
    monkeypatch.setenv("K_SINK", "https://sink.example/")
    monkeypatch.setenv("K_CE_OVERRIDES", text)

    with pytest.raises(ConfigurationError, match="K_CE_OVERRIDES"):
        HttpBus.from_environment()


def test_open_bus_opens_an_http_bus() -> None:
    """By the scheme of its URL."""
    assert isinstance(open_bus("https://sink.example/events"), HttpBus)


@pytest.mark.parametrize("url", ["", "sqlite:///./state.db", "kafka://topic"])
def test_open_bus_refuses_what_is_none(url: str) -> None:
    """And says what one would write."""
    with pytest.raises(ConfigurationError, match="https://host/path"):
        open_bus(url)


def test_http_is_imported_only_when_a_bus_is_made() -> None:
    """Naming the room loads no httpx."""
    probe = "import sys, xorca.providers.http; print('httpx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


# -- behind a runtime ---------------------------------------------------------------------


async def test_what_was_not_taken_is_sent_again_under_the_same_id(taker: Taker) -> None:
    """A refused command stays in the outbox; the redelivered event sends the same bytes."""
    taker.script.append(answer("403 Forbidden"))
    async with bus_to(taker) as bus, MemoryStore() as store:
        runtime = Runtime([Order], store=store, bus=bus)
        start = placed("a")

        (first,) = await runtime.handle(start)
        (second,) = await runtime.handle(start)

    assert (first.status, first.reason) == ("retry", "publish")
    assert second.status == "duplicate"
    assert taker.asked[0].body == taker.asked[1].body
