"""Observers hear and answer nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.fleet.stage import FetchBook, command, data_of, make_fleet
from xorca import Orchestrator, Runtime, emit, end, on, start
from xorca.events import Event
from xorca.fleet import Call, Fleet, TryAgain
from xorca.providers.memory import MemoryStore


def told(name: str = "notif.books.ready", **attributes: Any) -> Event:
    """Make a notification."""
    return command(name, {"text": "ready"}, **attributes)


async def test_several_observers_hear_one_event() -> None:
    """Every pattern that fits is served; nothing is sent."""
    fleet, bus = make_fleet()
    heard: list[str] = []

    @fleet.observes("notif.*")
    async def all_of_them(payload: dict[str, str]) -> None:
        heard.append(payload["text"])

    @fleet.observes("notif.books.ready")
    async def ready(call: Call) -> None:
        heard.append(call.command.get_type())

    @fleet.observes("notif.readers.*")
    async def readers() -> None:
        heard.append("nobody")

    [outcome] = await fleet.handle(told())

    assert outcome.status == "applied"
    assert heard == ["ready", "notif.books.ready"]
    assert bus.published == []


async def test_what_nobody_observes_is_foreign() -> None:
    """A fleet passes over what it did not ask for."""
    fleet, bus = make_fleet()
    fleet.observes("notif.readers.*")(_ignore)

    [outcome] = await fleet.handle(told())

    assert (outcome.status, outcome.ok) == ("foreign", True)
    assert bus.published == []


async def _ignore() -> None:
    """Hear it."""


async def _fail(payload: dict[str, str]) -> None:
    raise ValueError("the mail server is gone")


async def test_an_observer_that_fails_leaves_a_dead_letter() -> None:
    """Nobody waits for an answer, so it is told to those who look after the system."""
    fleet, bus = make_fleet()
    fleet.observes("notif.*")(_fail)

    [outcome] = await fleet.handle(told())

    assert (outcome.status, outcome.reason, outcome.ok) == ("dead", "handler-raised", True)
    [letter] = bus.published
    assert letter.type == "sys.xorca.deadletter"
    assert data_of(letter)["cause"] == "the mail server is gone"
    assert data_of(letter)["event"]["type"] == "notif.books.ready"


async def test_the_dead_letter_of_a_redelivery_is_the_same() -> None:
    """One event that fails twice is one dead letter."""
    fleet, bus = make_fleet()
    fleet.observes("notif.*")(_fail)

    await fleet.handle(told())
    await fleet.handle(told())

    assert len({letter.key for letter in bus.published}) == 1


async def test_two_fleets_that_fail_leave_two_letters() -> None:
    """A channel that keeps one event a (source, id) loses neither."""
    fleets = [make_fleet()[0], Fleet("/srvc/mail")]
    letters: list[Event] = []
    for fleet in fleets:
        fleet.observes("notif.*")(_fail)
        letters += (await fleet.handle(told()))[0].sent

    assert len({letter.key for letter in letters}) == 2


async def test_one_observer_that_fails_does_not_disturb_the_others() -> None:
    """What the others send is sent."""
    fleet, bus = make_fleet()
    fleet.observes("notif.*")(_fail)

    @fleet.observes("notif.*")
    async def tell(call: Call) -> None:
        call.emit("notif.mail.sent")

    await fleet.handle(told())

    assert [event.type for event in bus.published] == ["notif.mail.sent", "sys.xorca.deadletter"]


async def test_observing_dead_letters_never_ends_in_a_loop() -> None:
    """An observer of dead letters that fails leaves no further letter."""
    fleet, bus = make_fleet()
    fleet.observes("sys.*")(_fail)

    [outcome] = await fleet.handle(told("sys.xorca.deadletter"))

    assert outcome.status == "dead"
    assert bus.published == []


async def test_an_observer_that_is_too_slow_leaves_a_dead_letter() -> None:
    """It has a deadline as a service has."""
    fleet, _ = make_fleet()

    @fleet.observes("notif.*", timeout=timedelta(milliseconds=10))
    async def sleep() -> None:
        await asyncio.sleep(60)

    [outcome] = await fleet.handle(told())

    assert (outcome.status, outcome.reason) == ("dead", "timeout")


async def test_a_payload_that_does_not_fit_an_observer_is_dead() -> None:
    """A redelivery would not fit either."""
    fleet, _ = make_fleet()

    @fleet.observes("notif.*")
    async def hear(payload: FetchBook) -> None:
        """Hear it."""

    [outcome] = await fleet.handle(told())

    assert (outcome.status, outcome.reason) == ("dead", "payload")


async def test_an_observer_may_ask_for_the_event_again() -> None:
    """TryAgain is a redelivery, and no letter."""
    fleet, bus = make_fleet()

    @fleet.observes("notif.*")
    async def later() -> None:
        raise TryAgain("the mail server restarts")

    [outcome] = await fleet.handle(told())

    assert outcome.status == "retry"
    assert bus.published == []


async def test_an_observer_never_changes_an_answer() -> None:
    """Of a command that is served and observed here, the service alone decides."""
    fleet, bus = make_fleet()
    fleet.observes("cmd.*")(_later)

    @fleet.serves("cmd.books.fetch")
    async def fetch(command: FetchBook) -> str:
        return command.book_id

    [outcome] = await fleet.handle(command())

    assert outcome.status == "applied"
    assert [event.type for event in bus.published] == ["evt.books.fetch.success"]


async def _later() -> None:
    raise TryAgain


class Mail(Orchestrator, name="mail"):
    """A process that an observer starts."""

    @start
    @emit("cmd.mail.send")
    def sending(self, about: dict[str, str]) -> dict[str, str]:
        return about

    @on("evt.mail.send.success", to=end)
    def done(self) -> None:
        """End it."""


async def test_an_observer_starts_a_process_once() -> None:
    """A notification that is delivered twice starts one process."""
    fleet, bus = make_fleet()

    @fleet.observes("notif.books.ready")
    async def begin(payload: dict[str, str], call: Call) -> None:
        call.start(Mail, payload)

    await fleet.handle(told())
    await fleet.handle(told())
    outcomes = await Runtime([Mail], store=MemoryStore()).handle(*bus.published)

    assert [outcome.status for outcome in outcomes] == ["applied", "duplicate"]


@pytest.mark.parametrize("name", ["notif.books", "notif.books.ready", "notif.books.ready.now"])
async def test_a_star_is_one_segment_or_more(name: str) -> None:
    """The patterns are those of the language."""
    fleet, _ = make_fleet()
    fleet.observes("notif.*")(_ignore)

    [outcome] = await fleet.handle(told(name))

    assert outcome.status == "applied"
