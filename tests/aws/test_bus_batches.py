"""How a publish is cut into requests, and what becomes of entries that are not taken."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, strategies as st

from xorca.errors import PublishFailed, Unavailable
from xorca.events import Event
from xorca.providers.aws.batch_bus import BatchBus
from xorca.providers.aws.clients import AwsClients
from xorca.providers.aws.entries import Entry, Rejected, lanes_apart, next_batch, trains_of
from xorca.providers.aws.faults import AwsRefused

LATER = Rejected("ThrottlingException: slow down", again=True)
NEVER = Rejected("InvalidArgument: no", again=False)

Step = Mapping[str, Rejected] | Exception


def event(id: str, subject: str | None = "a") -> Event:
    return Event(id=id, source="/test", type="cmd.t.x", subject=subject)


class ScriptedBus(BatchBus):
    """A service that answers its requests by a script of what it does not take, by id."""

    def __init__(self, *script: Step, in_order: bool = False) -> None:
        super().__init__("the script", limit=100, in_order=in_order, clients=(AwsClients(), True))
        self.script = deque(script)
        self.requests: list[list[str]] = []
        self.taken: list[str] = []

    def entry_of(self, event: Event) -> Entry:
        return Entry(event, {}, 1, fault="too large" if event.id.startswith("big") else "")

    async def send(self, entries: Sequence[Entry]) -> Mapping[int, Rejected]:
        ids = [entry.event.id for entry in entries]
        self.requests.append(ids)
        await asyncio.sleep(0)
        step = self.script.popleft() if self.script else {}
        if isinstance(step, Exception):
            raise step
        self.taken += [id for id in ids if id not in step]
        return {place: step[id] for place, id in enumerate(ids) if id in step}


async def failed(bus: ScriptedBus, events: Sequence[Event]) -> tuple[str, ...]:
    """Publish, and give the ids that were told as failed."""
    with pytest.raises(PublishFailed) as caught:
        await bus.publish(events)
    return caught.value.failed


async def test_only_the_entries_that_failed_are_sent_again() -> None:
    """Of a request of which two entries are put off, those two go again, each alone."""
    bus = ScriptedBus({"2": LATER, "7": LATER})

    await bus.publish([event(str(n)) for n in range(10)])

    assert bus.requests[1:] == [["2"], ["7"]]


async def test_exactly_what_failed_is_told() -> None:
    """What the service refuses is told by its id; its neighbours of the request were taken."""
    bus = ScriptedBus({"2": NEVER, "7": NEVER})

    told = await failed(bus, [event(str(n), subject=str(n)) for n in range(10)])

    assert told == ("2", "7")
    assert len(bus.requests) == 1


async def test_nothing_of_its_subject_overtakes_what_failed() -> None:
    """Events behind a refused one wait with it in later requests; other subjects go on."""
    bus = ScriptedBus({"3": NEVER})
    first = [event(str(n)) for n in range(12)]
    others = [event("x", "b"), event("y", "c")]

    told = await failed(bus, first + others)

    assert set(told) == {"3", "10", "11"}
    assert {"x", "y"} <= set(bus.taken)


async def test_order_is_strict_where_the_service_keeps_it() -> None:
    """In a FIFO a refused entry is overtaken by none of its subject, of the same request either."""
    bus = ScriptedBus({"a1": NEVER}, in_order=True)
    events = [event("a1"), event("a2"), event("b1", "b"), event("b2", "b"), event("a3")]

    told = await failed(bus, events)

    assert bus.taken == ["b1", "b2"]
    assert told == ("a1", "a2", "a3")


async def test_entry_that_fits_no_request_holds_up_its_subject() -> None:
    """What is too large is not sent; those before it are, those behind it wait."""
    bus = ScriptedBus()

    told = await failed(bus, [event("1"), event("big"), event("3"), event("4", "b")])

    assert sorted(bus.taken) == ["1", "4"]
    assert told == ("big", "3")


async def test_request_whose_outcome_is_unknown_is_repeated() -> None:
    """A lost answer is no failure: the same events go again, all of them."""
    bus = ScriptedBus(Unavailable("reset"), Unavailable("503"))

    await bus.publish([event("1"), event("2")])

    assert bus.requests == [["1", "2"]] * 3


async def test_refused_request_is_not_repeated() -> None:
    """Where access is denied nothing is tried again, and every event is told."""
    bus = ScriptedBus(AwsRefused("denied", reason="access"))

    assert await failed(bus, [event("1"), event("2", "b")]) == ("1", "2")
    assert len(bus.requests) == 1


async def test_one_bad_entry_does_not_take_its_neighbours_along() -> None:
    """A request that is refused as it is goes entry by entry."""
    bus = ScriptedBus(AwsRefused("too long"), {}, AwsRefused("too long"))

    told = await failed(bus, [event(n, subject=n) for n in ("1", "2", "3")])

    assert told == ("2",)
    assert bus.taken == ["1", "3"]


async def test_event_without_subject_waits_for_none() -> None:
    """Events without subject stand in no order: one that fails holds up no other."""
    bus = ScriptedBus({"0": NEVER})

    told = await failed(bus, [event(str(n), subject=None) for n in range(25)])

    assert told == ("0",)


async def test_publishes_of_one_subject_do_not_mix() -> None:
    """A second publish of a subject begins when the first has ended, retries included."""
    bus = ScriptedBus({"1": LATER})

    await asyncio.gather(bus.publish([event("1")]), bus.publish([event("2")]))

    assert bus.taken == ["1", "2"]


async def test_publishes_with_subjects_in_two_orders_end() -> None:
    """Publishes that share several subjects never wait for each other in a ring."""
    bus = ScriptedBus()
    one = [event(f"1{n}", subject) for n, subject in enumerate("ab")]
    two = [event(f"2{n}", subject) for n, subject in enumerate("ba")]

    async with asyncio.timeout(10):
        await asyncio.gather(*(bus.publish(each) for each in (one, two) * 10))

    assert len(bus.taken) == 40


SIZES = st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(1, 60)), max_size=60)


@given(rows=SIZES, in_order=st.booleans())
def test_every_entry_is_in_one_request_in_order(
    rows: list[tuple[str | None, int]], in_order: bool
) -> None:
    """Requests keep to ten entries and the limit, lose nothing, and keep each subject's order."""
    entries = [Entry(event(str(n), subject), {}, size) for n, (subject, size) in enumerate(rows)]
    requests: list[list[Entry]] = []
    for train in trains_of(lanes_apart(entries)):
        waiting = deque(train)
        while waiting:
            requests.append(next_batch(waiting, limit=100, in_order=in_order))

    sent = [entry for request in requests for entry in request]
    assert all(len(request) <= 10 for request in requests)
    assert all(sum(entry.size for entry in request) <= 100 for request in requests)
    assert sorted(int(entry.event.id) for entry in sent) == list(range(len(rows)))
    for subject in "abc":
        ids = [int(entry.event.id) for entry in sent if entry.event.subject == subject]
        assert ids == sorted(ids)
    if in_order:
        named = [[e.event.subject for e in request if e.event.subject] for request in requests]
        assert all(len(subjects) == len(set(subjects)) for subjects in named)


@given(rows=SIZES)
def test_short_lanes_share_requests(rows: list[tuple[str | None, int]]) -> None:
    """Events of many subjects need no more trains than tens of events."""
    entries = [Entry(event(str(n), str(n)), {}, 1) for n in range(len(rows))]

    assert len(trains_of(lanes_apart(entries))) == -(-len(rows) // 10)
