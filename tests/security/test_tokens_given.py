"""A token that would be of no use is not given: the handler is told why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.security.programs import Answer, Ask
from tests.unit.support import HandClock, data_of, event, starting, told
from xorca import Final, Orchestrator, Outcome, Runtime, State, Topic, all_of, emit, on, start
from xorca.errors import ConfigurationError, TokenRefused
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.runtime import Limits, TokenKeys

ANSWERED = Topic("evt.person.answered", Answer)


class Asking(Orchestrator):
    """It hears an answer while it asks, something else later, and may be told to end."""

    asking = State()
    later = State()
    done = Final()

    @on(ANSWERED, at=asking, to=later)
    def answered(self, answer: Answer) -> None: ...

    @on("evt.later.*", at=later, to=done)
    def finished(self) -> None: ...

    @on("evt.asking.ended", at=asking, to=done)
    @emit("cmd.person.ask")
    def ended(self) -> Ask:
        return Ask("nobody", self.token(ANSWERED, whole_life=True))


async def begin(cls: type[Orchestrator], limits: Limits | None = None) -> tuple[Outcome, MemoryBus]:
    """Start a process; give what became of it."""
    store, bus = MemoryStore(), MemoryBus()
    keys = TokenKeys(bytes(32))
    runtime = Runtime([cls], store=store, bus=bus, clock=HandClock(), limits=limits, tokens=keys)
    (outcome,) = await runtime.handle(starting(cls))
    return outcome, bus


def asking(give: Callable[[Orchestrator], str], to: State = Asking.asking) -> type[Orchestrator]:
    """Make a class that gives a token when it begins."""

    class Trial(Asking, name="sec.trial"):
        @start(to=to)
        @emit("cmd.person.ask")
        def begin(self) -> Ask:
            return Ask("somebody", give(self))

    return Trial


async def cause(cls: type[Orchestrator], limits: Limits | None = None) -> str:
    """Give what the handler was told when it asked for a token in vain."""
    outcome, _ = await begin(cls, limits)
    assert told(outcome) == ("dead", "handler-raised")
    assert isinstance(outcome.error, ConfigurationError)
    return str(outcome.error)


async def test_a_topic_names_the_event() -> None:
    """As everywhere else."""
    outcome, bus = await begin(asking(lambda self: self.token(ANSWERED)))

    assert outcome.status == "applied"
    assert data_of(bus.published[0])["token"].startswith("x1.")


async def test_tokens_for_one_event_differ() -> None:
    """Two that one handler gives are two."""
    given: list[str] = []

    def give(self: Orchestrator) -> str:
        given.extend(self.token(ANSWERED) for _ in range(2))
        return ""

    await begin(asking(give))

    assert len(set(given)) == 2


async def test_a_name_that_is_nearly_right_is_told() -> None:
    """The nearest that is heard is named."""
    found = await cause(asking(lambda self: self.token("evt.person.answred")))

    assert "did you mean 'evt.person.answered'?" in found


@pytest.mark.parametrize("name", ["evt.cat.fed", "", "evt person", "evt.*", "to_done", "__class__"])
async def test_a_name_that_nobody_hears_is_refused(name: str) -> None:
    """And what is no name at all."""
    found = await cause(asking(lambda self: self.token(name)))

    assert "no state of sec.trial hears that" in found


async def test_an_event_of_a_later_state_needs_the_whole_life() -> None:
    """A token is good in the state that is entered, which must hear the event."""
    found = await cause(asking(lambda self: self.token("evt.later.on")))

    assert "'asking', which does not hear it (heard at: later)" in found
    assert "whole_life=True" in found


async def test_the_whole_life_reaches_a_later_state() -> None:
    """Then the token is given."""
    outcome, _ = await begin(asking(lambda self: self.token("evt.later.on", whole_life=True)))

    assert outcome.status == "applied"


async def test_a_token_that_comes_early_waits() -> None:
    """Its event is deferred like any, and the token is used by that."""
    bus = MemoryBus()
    cls = asking(lambda self: self.token("evt.later.on", whole_life=True))
    runtime = Runtime(
        [cls], store=MemoryStore(), bus=bus, clock=HandClock(), tokens=TokenKeys(bytes(32))
    )
    await runtime.handle(starting(cls))
    token = data_of(bus.published[0])["token"]

    early = await runtime.resume(token)
    with pytest.raises(TokenRefused, match="used already"):
        await runtime.resume(token)
    yes = {"yes": True, "by": "x"}
    (outcome,) = await runtime.handle(event(ANSWERED.name, yes, subject="sec.trial/1.0.0/p"))

    assert (told(early), outcome.state) == (("deferred", "early"), "done")


async def test_the_end_hears_nothing() -> None:
    """A token that is given on the way to the end is of no use."""
    cls, store = asking(lambda self: ""), MemoryStore()
    runtime = Runtime([cls], store=store, clock=HandClock(), tokens=TokenKeys(bytes(32)))
    await runtime.handle(starting(cls))

    (outcome,) = await runtime.handle(event("evt.asking.ended", subject="sec.trial/1.0.0/p"))

    assert told(outcome) == ("dead", "handler-raised")
    assert "hears nothing after its end" in str(outcome.error)


@pytest.mark.parametrize("lasts", [timedelta(0), timedelta(seconds=-1)])
async def test_no_time_is_refused(lasts: timedelta) -> None:
    """A token needs some time."""
    found = await cause(asking(lambda self: self.token(ANSWERED, expires=lasts)))

    assert "is over before it begins" in found


async def test_a_token_lasts_no_longer_than_the_inbox() -> None:
    """Beyond the horizon a second use could not be told from the first."""
    day = timedelta(days=1)
    limits = Limits(horizon=day.total_seconds())

    fits, _ = await begin(asking(lambda self: self.token(ANSWERED, expires=day)), limits)
    by_default, _ = await begin(asking(lambda self: self.token(ANSWERED)), limits)
    too_long = asking(lambda self: self.token(ANSWERED, expires=day + timedelta(seconds=1)))

    assert (fits.status, by_default.status) == ("applied", "applied")
    assert "Limits(horizon=...)" in await cause(too_long, limits)


async def test_a_guard_gives_no_token() -> None:
    """It only decides, and whatever it does is forgotten."""

    class Curious(Asking, name="sec.curious"):
        def knows(self) -> bool:
            return bool(self.token(ANSWERED))

        @start(to=Asking.asking)
        def begin(self) -> None: ...

        @on("evt.person.answered", at=Asking.asking, to=Asking.later, when=knows)
        def answered(self, answer: Answer) -> None: ...

    runtime = Runtime([Curious], store=MemoryStore(), tokens=TokenKeys(bytes(32)))
    await runtime.handle(starting(Curious))
    yes = {"yes": True, "by": "x"}

    (outcome,) = await runtime.handle(
        event("evt.person.answered", yes, subject="sec.curious/1.0.0/p")
    )

    assert told(outcome) == ("dead", "guard-raised")
    assert "a guard only decides" in str(outcome.error)


@dataclass
class Page:
    """One of many."""

    number: int
    token: str = ""


async def test_answers_to_a_fan_out_have_no_token() -> None:
    """Each must name its command, and a token knows none."""

    class Many(Orchestrator, name="sec.many"):
        reading = State()
        done = Final()

        @start(to=reading)
        @emit("cmd.page.read")
        def begin(self) -> list[Page]:
            return [Page(1, self.token("evt.page.read.success"))]

        @on("evt.page.read.success", at=reading, to=done)
        def read(self, pages: list[Page]) -> None: ...

        @on("evt.page.read.error", at=reading, to=done)
        def failed(self) -> None: ...

    assert "which is sent as a list" in await cause(Many)


async def test_a_part_of_a_join_may_come_by_a_token() -> None:
    """Two persons, two tokens, and one handler that has both answers."""

    class Both(Orchestrator, name="sec.both"):
        asking = State()
        done = Final()

        @start(to=asking)
        @emit("cmd.one.ask", "cmd.two.ask")
        def begin(self) -> tuple[Ask, Ask]:
            one, two = "evt.one.ask.success", "evt.two.ask.success"
            return Ask("one", self.token(one)), Ask("two", self.token(two))

        @on(all_of("evt.one.ask.success", "evt.two.ask.success"), at=asking, to=done)
        @emit("notif.both.asked")
        def joined(self, one: Answer, two: Answer) -> Answer:
            return Answer(one.yes and two.yes, f"{one.by}+{two.by}")

        @on("evt.*.error", at=asking, to=done)
        def failed(self) -> None: ...

    bus = MemoryBus()
    keys = TokenKeys(bytes(32))
    runtime = Runtime([Both], store=MemoryStore(), bus=bus, clock=HandClock(), tokens=keys)
    await runtime.handle(starting(Both))
    first, second = (data_of(one)["token"] for one in bus.published)

    gathered = await runtime.resume(second, Answer(True, "b"))
    joined = await runtime.resume(first, Answer(True, "a"))

    assert (told(gathered), told(joined)) == (("applied", "gathered"), ("applied", "joined"))
    assert data_of(bus.published[-1]) == {"yes": True, "by": "a+b"}
