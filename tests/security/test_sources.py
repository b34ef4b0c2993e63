"""An orchestrator hears the sources that it names, and storage is not read for others (T10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.security.programs import Guarded, Order, Paid
from tests.security.test_tokens import CountingStore
from tests.unit.dsl.refusals import problems_of
from tests.unit.support import HandClock, answer, data_of, event, starting, told
from xorca import Orchestrator, Outcome, Runtime, end, start
from xorca.dsl.orchestrator import plan_of
from xorca.dsl.sources import allows
from xorca.engine.admission import GuardedRegistry
from xorca.engine.routing import Registry
from xorca.events import Event
from xorca.providers.memory import MemoryBus

ORDER = {"item": "a chair"}


class Hall:
    """Guarded processes, and how often their store was asked."""

    def __init__(self, *classes: type[Orchestrator]) -> None:
        self.store, self.bus, self.clock = CountingStore(), MemoryBus(), HandClock()
        self.runtime = Runtime(
            classes or (Guarded,),
            store=self.store,
            bus=self.bus,
            alarm=self.store.alarm,
            clock=self.clock,
        )

    async def give(self, one: Event) -> Outcome:
        """Handle an event."""
        (outcome,) = await self.runtime.handle(one)
        return outcome

    async def begin(self) -> Event:
        """Start a process from an allowed source; give its command."""
        outcome = await self.give(placed("https://shop.example/orders"))
        assert outcome.status == "applied", outcome
        return outcome.sent[0]


def placed(source: str) -> Event:
    """Make the event that starts a process."""
    return event("order.placed", ORDER, subject=None, source=source, processid="a")


@pytest.mark.parametrize("source", ["/srvc/books", "/srvc/eu/books", "https://shop.example/orders"])
async def test_an_allowed_source_is_heard(source: str) -> None:
    """By its pattern, or by its name."""
    assert told(await Hall().give(placed(source))) == ("applied", "begin")


@pytest.mark.parametrize(
    "source",
    [
        "/srvc",
        "/srvcs/books",
        "/evil/srvc/books",
        "srvc/books",
        "//srvc/books",
        "https://shop.example/orders/x",
        "https://shop.example/orders?x",
        "https://shop.example.evil/orders",
        "https://shop.example",
        "/SRVC/books",
        "/xorca/client",
        "/xorca/sec.guarded",
        "/xorca/sec.guarded.evil/1.0.0",
    ],
)
async def test_another_source_is_refused(source: str) -> None:
    """It is dead-lettered, and nothing is read or written for it."""
    hall = Hall()

    outcome = await hall.give(placed(source))

    assert (told(outcome), hall.store.requests) == (("dead", "source"), 0)
    assert data_of(hall.bus.published[0])["reason"] == "source"


async def test_a_living_process_hears_no_other_source() -> None:
    """An answer of a stranger is refused, that of the service is taken."""
    hall = Hall()
    command = await hall.begin()
    forged = answer(command, Paid("r-1"))
    forged.source = "/evil"
    before = hall.store.requests

    outcome = await hall.give(forged)

    assert (told(outcome), hall.store.requests) == (("dead", "source"), before)
    good = answer(command, Paid("r-1"))
    good.source = "/srvc/bank"
    assert told(await hall.give(good)) == ("applied", "paid")


async def test_its_own_deadlines_are_heard() -> None:
    """They come from the orchestrator itself."""
    hall = Hall()
    await hall.begin()
    hall.clock.advance(86400)
    [alarm] = hall.store.alarm.due(hall.clock.now() + timedelta(seconds=1))

    assert told(await hall.give(alarm)) == ("applied", "give_up")


async def test_a_deadline_of_a_stranger_is_refused() -> None:
    """Its type alone does not let it in."""
    hall = Hall()
    command = await hall.begin()
    timer = event("sys.xorca.timer", {"timer": "x"}, subject=command.subject, source="/evil")

    assert told(await hall.give(timer)) == ("dead", "source")


async def test_the_rest_of_a_batch_is_done() -> None:
    """One refused event changes nothing for the others."""
    hall = Hall()

    outcomes = await hall.runtime.handle(
        placed("/evil"), placed("/srvc/books"), event("x.y", subject="other/1.0.0/a")
    )

    assert [told(one) for one in outcomes] == [
        ("dead", "source"),
        ("applied", "begin"),
        ("foreign", "not-ours"),
    ]


async def test_each_orchestrator_has_its_own_sources() -> None:
    """Another class of the same runtime hears everybody."""

    class Open(Orchestrator, name="sec.open"):
        @start(to=end)
        def begin(self, order: Order) -> None: ...

    hall = Hall(Guarded, Open)

    assert told(await hall.give(starting(Open, Order("a chair"))))[0] == "applied"
    assert told(await hall.give(placed("/evil"))) == ("dead", "source")


async def test_each_version_has_its_own_sources() -> None:
    """An event is judged by the version that it is for."""

    class Newer(Guarded, name="sec.guarded", version="2.0.0", sources=("/newer",)):
        """The same, for other sources."""

    hall = Hall(Guarded, Newer)
    one = placed("/srvc/books")
    one.extensions["processversion"] = "1.0.0"

    assert told(await hall.give(one))[0] == "applied"
    assert told(await hall.give(placed("/srvc/books"))) == ("dead", "source")
    assert told(await hall.give(placed("/newer"))) == ("dead", "process-exists")


async def test_content_of_another_source_is_not_looked_into() -> None:
    """What finds a process by its content runs on payloads of allowed sources only."""
    seen: list[str] = []

    def item_of(order: Order) -> str:
        seen.append(order.item)
        return order.item

    class Found(Orchestrator, name="sources.found", sources=("/shop",)):
        @start("order.placed", to=end, process=item_of)
        def placed(self, order: Order) -> None: ...

    hall = Hall(Found)
    data = b'{"item":"a chair"}'

    refused = await hall.give(Event(id="1", source="/thief", type="order.placed", data=data))
    heard = await hall.give(Event(id="2", source="/shop", type="order.placed", data=data))

    assert (told(refused), told(heard)) == (("dead", "source"), ("applied", "placed"))
    assert seen == ["a chair"]


def test_a_newer_version_inherits_the_sources() -> None:
    """A class that derives from a guarded one is not open by accident."""

    class Newer(Guarded, name="sec.guarded", version="2.0.0"):
        """The same."""

    class Open(Guarded, name="sec.guarded", version="3.0.0", sources=None):
        """Open by word."""

    assert plan_of(Newer).senders == plan_of(Guarded).senders
    assert plan_of(Open).senders == ()


@pytest.mark.parametrize(
    "sources",
    [
        "/srvc/*",
        (),
        [],
        ("/srvc*",),
        ("/s*/x",),
        ("",),
        (1,),
        ("/a b",),
        ("/a\n",),
        ({"/a"},),
        {"/a"},
        5,
        ("x" * 1025,),
    ],
)
def test_what_is_no_list_of_sources_is_refused(sources: Any) -> None:
    """X31, with what to write instead."""

    def define() -> type[Orchestrator]:
        class Odd(Orchestrator, name="sec.odd", sources=sources):
            @start(to=end)
            def begin(self) -> None: ...

        return Odd

    [problem] = problems_of(define)
    assert problem.code == "X31"
    assert 'sources=("/srvc/*"' in problem.cure


@pytest.mark.parametrize(
    ("pattern", "source", "allowed"),
    [
        ("*", "/anything/at/all", True),
        ("/a/*", "/a/b/c/d", True),
        ("/a/*/d", "/a/b/c/d", True),
        ("/a/*/d", "/a/d", False),
        ("urn:shop:7", "urn:shop:7", True),
        ("urn:shop:7", "urn:shop:77", False),
        ("https://*/orders", "https://shop/orders", True),
    ],
)
def test_a_star_is_one_or_more_segments(pattern: str, source: str, *, allowed: bool) -> None:
    """As in the names of events, between slashes."""
    assert allows((pattern,), source) is allowed


def test_who_hears_everybody_pays_for_no_check() -> None:
    """A runtime without sources has the plain registry."""

    class Open(Orchestrator, name="sec.open"):
        @start(to=end)
        def begin(self) -> None: ...

    assert type(Hall(Open).runtime.registry) is Registry
    assert type(Hall(Open, Guarded).runtime.registry) is GuardedRegistry
