"""One line an event: its level, its fields, and nothing that is secret."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.unit.runtime.faults import FaultyBus, FaultyStore
from tests.unit.support import answer, event, starting
from tests.unit.telemetry.parcels import (
    CONTEXT,
    SECRET,
    TRACE_ID,
    Depot,
    Parcel,
    Sending,
    handled,
    packers,
)
from xorca import Runtime
from xorca.providers.memory import MemoryStore
from xorca.telemetry.lines import say

SUBJECT = "t.sending/1.0.0/p"


def plain(depot: Depot) -> Runtime:
    """Give a worker without telemetry."""
    return Runtime([Sending], store=depot.store, bus=depot.bus, clock=depot.clock)


async def test_the_start_of_a_process_is_told_with_all_fields(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Which event, of which process, what became of it, and how long it took."""
    caplog.set_level(logging.INFO, "xorca")
    begin = starting(Sending, Parcel("x"), id="start-1", source="/shop")

    await plain(Depot()).handle(begin)

    (line,) = handled(caplog.records)
    assert (
        line.items()
        >= {
            "levelname": "INFO",
            "status": "applied",
            "reason": "begin",
            "subject": SUBJECT,
            "orchestrator": "t.sending",
            "version": "1.0.0",
            "event_type": "xorca.t.sending.start",
            "event_id": "start-1",
            "event_source": "/shop",
            "revision": 1,
            "state_after": "packing",
            "attempts": 1,
            "conflicts": 0,
            "sent": 1,
        }.items()
    )
    assert line["duration_ms"] > 0
    assert line["message"] == f"{SUBJECT}: started by {begin.type}, nothing -> packing"


async def test_each_event_is_one_line_of_its_level(caplog: pytest.LogCaptureFixture) -> None:
    """Routine is DEBUG; the start and the end are INFO; what is in trouble is WARNING."""
    caplog.set_level(logging.DEBUG, "xorca")
    depot = Depot()
    worker = plain(depot)
    begin = starting(Sending, Parcel("x"))
    await worker.handle(begin)
    await worker.handle(begin)
    await worker.handle(event("evt.parcel.arrived", Parcel("x"), subject=SUBJECT, id="early"))
    await worker.handle(event("evt.parcel.lost", subject=SUBJECT))
    await worker.handle(event("evt.parcel.lost", subject="other/1.0.0/p"))
    await worker.handle(event("evt.parcel.arrived", subject="t.sending/1.0.0/none"))
    await worker.handle(answer(depot.last("cmd.parcel.pack")))
    await worker.handle(answer(depot.last("cmd.parcel.pack")))

    lines = [(one["status"], one["levelname"]) for one in handled(caplog.records)]

    assert lines == [
        ("applied", "INFO"),
        ("duplicate", "DEBUG"),
        ("deferred", "INFO"),
        ("dead", "WARNING"),
        ("foreign", "DEBUG"),
        ("retry", "WARNING"),
        ("applied", "INFO"),
        ("ignored", "INFO"),
    ]


async def test_a_step_in_the_middle_is_debug(caplog: pytest.LogCaptureFixture) -> None:
    """Its line tells from which state to which it led."""
    caplog.set_level(logging.DEBUG, "xorca")
    depot = Depot()
    worker = plain(depot)
    await worker.handle(starting(Sending, Parcel("x")))

    await worker.handle(answer(depot.last("cmd.parcel.pack")))

    line = handled(caplog.records)[-1]
    states = line["state_before"], line["state_after"], line["revision"]
    assert (line["levelname"], *states) == ("DEBUG", "packing", "shipping", 2)


async def test_a_batch_tells_the_states_of_each_event(caplog: pytest.LogCaptureFixture) -> None:
    """Events that are committed together have their own states before and after."""
    caplog.set_level(logging.DEBUG, "xorca")
    depot = Depot()
    worker = plain(depot)
    await worker.handle(starting(Sending, Parcel("x")))
    caplog.clear()

    await worker.handle(
        answer(depot.last("cmd.parcel.pack")),
        event("evt.parcel.arrived", Parcel("x"), subject=SUBJECT),
    )

    moves = [(one["state_before"], one["state_after"]) for one in handled(caplog.records)]
    assert moves == [("packing", "shipping"), ("shipping", "done")]


async def test_trouble_is_told_where_only_warnings_are_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That is how Python begins: no telemetry, and the level WARNING."""
    caplog.set_level(logging.WARNING, "xorca")
    worker = plain(Depot(store=FaultyStore({0: "lost-request"})))

    await worker.handle(starting(Sending, Parcel("raises")))
    await worker.handle(starting(Sending, Parcel("x"), "q"), b"no event")

    lines = [(one["status"], one["reason"]) for one in handled(caplog.records)]
    assert lines == [("dead", "handler-raised"), ("dead", "malformed")]


async def test_lost_attempts_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """How many attempts there were, and how many of them somebody else was quicker in."""
    caplog.set_level(logging.INFO, "xorca")
    depot = Depot(store=FaultyStore({0: "conflict", 2: "lost-request"}))

    await plain(depot).handle(starting(Sending, Parcel("x")))

    (line,) = handled(caplog.records)
    assert (line["attempts"], line["conflicts"]) == (3, 1)
    assert "after 3 attempts" in line["message"]


async def test_a_store_that_is_away_is_told_with_its_cause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The message of a room is told, and how often it was asked."""
    caplog.set_level(logging.INFO, "xorca")
    depot = Depot(store=FaultyStore(dict.fromkeys(range(40), "lost-request")))

    await plain(depot).handle(starting(Sending, Parcel("x")))

    (line,) = handled(caplog.records)
    told = line["levelname"], line["status"], line["reason"], line["error"], line["attempts"]
    assert told == ("WARNING", "retry", "store", "Unavailable", 8)
    assert "Unavailable: the request was lost" in line["message"]


async def test_the_trace_of_an_event_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Its trace id leads from the log to the trace."""
    caplog.set_level(logging.INFO, "xorca")
    begin = starting(Sending, Parcel("x"))
    begin.extensions["traceparent"] = CONTEXT

    await plain(Depot()).handle(begin)

    (line,) = handled(caplog.records)
    assert line["trace_id"] == TRACE_ID


async def test_a_fleet_tells_one_line_an_event(caplog: pytest.LogCaptureFixture) -> None:
    """With its own name in place of an orchestrator's."""
    caplog.set_level(logging.DEBUG, "xorca")
    fleet = packers()
    command = event("cmd.parcel.pack", Parcel("x"), subject=SUBJECT)

    await fleet.handle(command, event("cmd.other", subject=SUBJECT), b"{")

    lines = [(one["levelname"], one["fleet"], one["status"]) for one in handled(caplog.records)]
    assert sorted(lines) == [
        ("DEBUG", "/srvc/parcels", "applied"),
        ("DEBUG", "/srvc/parcels", "foreign"),
        ("WARNING", "/srvc/parcels", "dead"),
    ]


async def everything(level: int, caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Let secrets come by payloads and exceptions, everywhere; give what was logged."""
    caplog.set_level(level, "xorca")
    depot = Depot(bus=FaultyBus(times=1))
    worker, fleet = plain(depot), packers()
    await worker.handle(starting(Sending, Parcel(SECRET)))
    await worker.handle(starting(Sending, Parcel(f"raises {SECRET}"), "q"))
    await worker.handle(starting(Sending, Parcel(SECRET), "r"))
    await worker.handle(
        event("evt.parcel.pack.success", {SECRET: SECRET}, subject=SUBJECT),
        event("evt.parcel.arrived", Parcel(f"raises {SECRET}"), subject=SUBJECT),
        event("evt.parcel.arrived", {"to": f"nowhere {SECRET}"}, subject=SUBJECT),
        event("evt.parcel.arrived", [SECRET], subject=SUBJECT),
    )
    for to in (f"breaks {SECRET}", f"nowhere {SECRET}"):
        for name in ("cmd.parcel.pack", "notif.parcel.any"):
            await fleet.handle(event(name, {"to": to}, subject=SUBJECT))
    return caplog.records


async def test_nothing_secret_is_told_from_info_up(caplog: pytest.LogCaptureFixture) -> None:
    """Neither of a payload, nor of the message of an exception; in no field and no traceback."""
    records = await everything(logging.INFO, caplog)

    statuses = {one["status"] for one in handled(records)}
    assert statuses >= {"applied", "dead", "retry"}
    assert not [one for one in records if SECRET in repr(vars(one))]
    assert not [one for one in records if one.exc_info]


async def test_the_traceback_of_a_service_is_told_on_debug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its message stands there alone, so the secret does show that the test above can see."""
    records = await everything(logging.DEBUG, caplog)

    with_secret = [one for one in records if SECRET in repr(vars(one))]
    assert with_secret
    assert {one.levelno for one in with_secret} == {logging.DEBUG}
    assert {vars(one)["what"].rpartition(".")[2] for one in with_secret} == {"traceback"}


async def test_an_error_tells_where_it_was_raised(caplog: pytest.LogCaptureFixture) -> None:
    """The frames of the traceback are a field, without what the exception says."""
    records = await everything(logging.INFO, caplog)

    frames = [vars(one)["frames"] for one in records if one.levelno == logging.ERROR]
    assert frames
    assert all(any("in pack" in f or "in hear" in f for f in each) for each in frames)


async def test_every_entry_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """Also the whole traceback of an exception that writes lines of its own."""
    caplog.set_level(logging.DEBUG, "xorca")
    fleet = packers()

    await fleet.handle(
        event("cmd.parcel.pack", Parcel("breaks\nERROR forged\x1b[31m\u2028"), subject=SUBJECT)
    )

    formatter = logging.Formatter("%(levelname)s %(message)s")
    texts = [formatter.format(one) for one in caplog.records]
    assert any("ERROR forged" in text for text in texts)
    assert not [text for text in texts if not text.isprintable()]


def test_fields_are_escaped(caplog: pytest.LogCaptureFixture) -> None:
    """A format that shows fields writes one line as well."""
    caplog.set_level(logging.INFO, "xorca")

    say(logging.INFO, "a.test", "x", {"subject": "a\nb", "none": None, "empty": ""})

    fields = vars(caplog.records[-1])
    assert fields["subject"] == "a\\nb"
    assert not {"none", "empty"} & fields.keys()


async def test_cancelling_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A process that was ended from outside has its line, without the reason that was given."""
    caplog.set_level(logging.INFO, "xorca")
    worker = plain(Depot())
    await worker.handle(starting(Sending, Parcel("x")))

    await worker.cancel(SUBJECT, SECRET)

    line = vars(caplog.records[-1])
    assert (line["what"], line["status"], line["subject"]) == (
        "process.cancelled",
        "cancelled",
        SUBJECT,
    )
    assert SECRET not in repr(line)


async def test_the_watched_way_is_as_the_plain_one(caplog: pytest.LogCaptureFixture) -> None:
    """Whether anybody looks changes neither outcomes nor what is sent."""

    async def run() -> list[tuple[str, str, str | None, list[bytes]]]:
        depot = Depot(store=MemoryStore())
        worker = plain(depot)
        begin = starting(Sending, Parcel("x"), id="s", source="/shop")
        given = [begin, begin, begin.to_json(), b"{", event("evt.x", subject=SUBJECT, id="1")]
        found = [*await worker.handle(*given), *await worker.handle(begin)]
        await asyncio.sleep(0)
        return [(o.status, o.reason, o.state, [e.to_json() for e in o.sent]) for o in found]

    caplog.set_level(logging.WARNING, "xorca")
    unwatched = await run()
    caplog.set_level(logging.DEBUG, "xorca")

    assert await run() == unwatched
