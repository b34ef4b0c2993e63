"""A function behind a queue: exactly the messages that must come again are reported."""

from __future__ import annotations

import asyncio
from operator import attrgetter

import pytest

from tests.aws.lambda_stage import Context, Stage, failures, sent_of, start_of
from tests.aws.shapes import S3_NOTIFICATION, event, message, rule, sqs
from xorca.errors import ConfigurationError, UndeliveredError
from xorca.events import Event
from xorca.fleet import Fleet
from xorca.handlers.aws_lambda import fleet_handler
from xorca.handlers.aws_lambda.deadline import Deadline
from xorca.handlers.aws_lambda.reading import read
from xorca.handlers.aws_lambda.taking import PORTION, Taker
from xorca.providers.memory import MemoryBus
from xorca.runtime import Outcome


def test_a_batch_is_applied_and_nothing_reported() -> None:
    """Every message is done with."""
    stage = Stage()

    answer = stage.handler()(sqs(start_of("a"), start_of("b")), Context())

    assert failures(answer) == []
    assert stage.sent() == ["a", "b"]


def test_exactly_the_failed_message_is_reported() -> None:
    """Its neighbours are applied, and sent."""
    stage = Stage()
    stage.store.broken = {"b"}

    answer = stage.handler()(sqs(start_of("a"), start_of("b"), start_of("c")), Context())

    assert failures(answer) == ["m1"]
    assert stage.sent() == ["a", "c"]


def test_a_reported_message_is_applied_when_it_comes_again() -> None:
    """Nothing of it was lost."""
    stage = Stage()
    stage.store.broken = {"a"}
    handler = stage.handler()
    first = handler(sqs(start_of("a")), Context())
    stage.store.broken = set()

    second = handler(sqs(start_of("a")), Context())

    assert (failures(first), failures(second)) == (["m0"], [])
    assert stage.sent() == ["a"]


def test_what_cannot_be_sent_is_reported() -> None:
    """The process is stored, and its command is not out."""
    stage = Stage()
    stage.bus.refuses = {"cmd.parcel.send"}

    answer = stage.handler()(sqs(start_of("a")), Context())

    assert failures(answer) == ["m0"]


def test_a_message_that_came_again_gives_the_same_event() -> None:
    """Byte for byte, though nobody knows whether the first was sent."""
    stage = Stage()
    stage.handler()(sqs(start_of("a")), Context())

    answer = stage.handler()(sqs(start_of("a")), Context())

    assert failures(answer) == []
    assert len({each.to_json() for each in stage.bus.published}) == 1


def test_a_poison_event_blocks_nobody() -> None:
    """What its handler cannot take is dead-lettered and acknowledged."""
    stage = Stage()

    answer = stage.handler()(sqs(start_of("a", "poison"), start_of("b")), Context())

    assert failures(answer) == []
    assert [each["reason"] for each in stage.letters()] == ["handler-raised"]
    assert stage.sent() == ["b"]


@pytest.mark.parametrize("fatal", [SystemExit(3), asyncio.CancelledError()])
def test_what_would_end_the_process_blocks_nobody(fatal: BaseException) -> None:
    """A library that calls sys.exit() costs its own message a place in the queue, no other."""
    stage = Stage()
    stage.store.fatal = {"b": fatal}

    answer = stage.handler()(sqs(start_of("a"), start_of("b"), start_of("c")), Context())

    assert failures(answer) == ["m1"]
    assert stage.sent() == ["a", "c"]


@pytest.mark.parametrize("bad", ["no JSON", S3_NOTIFICATION, rule({"n": 1}), {"a": 1}, []])
def test_an_unreadable_message_blocks_nobody(bad: object) -> None:
    """A dead letter tells of it, with its place and its message."""
    stage = Stage()

    answer = stage.handler()(sqs(start_of("a"), bad, start_of("b")), Context())

    assert failures(answer) == []
    assert stage.sent() == ["a", "b"]
    assert all("Records[1].body" in found["cause"] for found in stage.letters())
    assert all("of message m1" in found["cause"] for found in stage.letters())
    assert len(stage.letters()) == (0 if bad == [] else 1)


def test_the_letter_of_a_message_has_one_id_wherever_it_comes() -> None:
    """The message came second of two, and then alone."""
    stage = Stage()
    handler = stage.handler()

    handler(sqs(start_of("a"), message("x", "bad")), Context(aws_request_id="1"))
    handler(sqs(message("x", "bad")), Context(aws_request_id="2"))
    handler(sqs(message("x", "other")), Context(aws_request_id="3"))

    first, again, other = [each.id for each in stage.bus.published if not each.subject]
    assert first == again
    assert other != first


def test_a_message_whose_letter_cannot_be_sent_is_reported() -> None:
    """Else nobody would ever hear of it."""
    stage = Stage()
    stage.bus.refuses = {"sys.xorca.deadletter"}

    answer = stage.handler()(sqs(start_of("a"), "x"), Context())

    assert failures(answer) == ["m1"]
    assert stage.sent() == ["a"]


def test_unreadable_messages_go_back_where_that_is_asked_for() -> None:
    """The queue moves them to its dead-letter queue, whole."""
    stage = Stage()

    answer = stage.handler(unreadable="redrive")(sqs(start_of("a"), "x", start_of("b")), Context())

    assert failures(answer) == ["m1"]
    assert stage.letters() == []
    assert stage.sent() == ["a", "b"]


def test_one_event_of_several_reports_their_message() -> None:
    """A message comes again as a whole; what was applied is a duplicate then."""
    stage = Stage()
    stage.store.broken = {"b"}

    answer = stage.handler()(sqs([start_of("a"), start_of("b")], start_of("c")), Context())

    assert failures(answer) == ["m0"]
    assert stage.sent() == ["a", "c"]


def test_a_message_without_an_id_raises_after_the_others_were_done() -> None:
    """It cannot be named, so that the whole batch must come again."""
    stage = Stage()
    stage.store.broken = {"b"}
    nameless = message(start_of("b"))
    del nameless["messageId"]

    with pytest.raises(UndeliveredError):
        stage.handler()(sqs(start_of("a"), nameless | {"messageId": ""}), Context())

    assert stage.sent() == ["a"]


def test_the_events_of_one_process_are_one_commit() -> None:
    """A start and its answer in one batch are one save."""
    stage = Stage()

    stage.handler()(sqs(start_of("a"), sent_of("a")), Context())

    assert stage.saves() == 1


def test_strangers_are_passed_over() -> None:
    """Many orchestrators share one channel."""
    stage = Stage()

    answer = stage.handler()(
        sqs(event(subject="others/1.0.0/x"), event(type="notif.a.b")), Context()
    )

    assert failures(answer) == []
    assert stage.bus.published == []


def test_without_a_bus_nothing_is_taken_from_a_queue() -> None:
    """What follows from the events could be sent nowhere."""
    stage = Stage()

    with pytest.raises(ConfigurationError, match=r"sqs.*bus="):
        stage.handler(bus=None)(sqs(start_of("a")), Context())

    assert stage.store.calls == []


# -- order --------------------------------------------------------------------------------


def test_everything_behind_a_failure_of_a_group_is_reported() -> None:
    """Else a later message would overtake it for good."""
    stage = Stage()
    stage.store.broken = {"b"}
    names = ["a", "b", "c", "d"]
    batch = sqs(*(message(start_of(name), name, group="g") for name in names))

    answer = stage.handler()(batch, Context())

    assert failures(answer) == ["b", "c", "d"]
    assert stage.sent() == ["a"]


def test_groups_do_not_wait_for_each_other() -> None:
    """A failure is that of its own group."""
    stage = Stage()
    stage.store.broken = {"b"}
    batch = sqs(
        message(start_of("a"), "a", group="left"),
        message(start_of("b"), "b", group="left"),
        message(start_of("c"), "c", group="right"),
        message(start_of("d"), "d", group="left"),
        message(start_of("e"), "e", group="right"),
    )

    answer = stage.handler()(batch, Context())

    assert failures(answer) == ["b", "d"]
    assert sorted(stage.sent()) == ["a", "c", "e"]


def test_messages_of_one_process_in_a_row_are_one_commit() -> None:
    """Order within a process needs no save of its own."""
    stage = Stage()
    handler = stage.handler()
    handler(sqs(start_of("a")), Context())
    before = stage.saves()
    batch = sqs(
        message(sent_of("a", id="x"), "x", group="g"), message(sent_of("a", id="y"), "y", group="g")
    )

    answer = handler(batch, Context())

    assert failures(answer) == []
    assert stage.saves() == before + 1


def test_what_goes_back_holds_its_group() -> None:
    """An unreadable message of a FIFO queue, where it is left to the queue."""
    stage = Stage()
    batch = sqs(
        message(start_of("a"), "a", group="g"),
        message("x", "b", group="g"),
        message(start_of("c"), "c", group="g"),
    )

    answer = stage.handler(unreadable="redrive")(batch, Context())

    assert failures(answer) == ["b", "c"]
    assert stage.sent() == ["a"]


class Picky:
    """Takes events, but for one that must come again."""

    bus = None

    async def handle(self, *events: Event) -> list[Outcome]:
        """Give one outcome an event."""
        return [Outcome(each, "retry" if each.id == "2" else "applied") for each in events]


async def test_within_one_commit_too_what_is_behind_comes_again() -> None:
    """A process may take a later event and not an earlier one, say for want of memory."""
    batch = sqs(*(message(event(i, subject="s"), i, group="g") for i in "123"))

    taken = await Taker(Picky(), Deadline(), "request", attrgetter("subject")).take(
        read(batch).parts
    )

    assert [(each.part.message_id, each.again) for each in taken] == [
        ("1", False),
        ("2", True),
        ("3", True),
    ]


def test_services_too_take_a_group_one_after_the_other() -> None:
    """A FIFO queue promises so, and a command may rest on the one before it."""
    begun: list[int] = []
    ended: list[int] = []
    parcels = Fleet("/srvc/parcels", bus=MemoryBus())

    @parcels.serves("cmd.parcel.weigh")
    async def weigh(n: int) -> None:
        assert begun == ended
        begun.append(n)
        await asyncio.sleep(0.01)
        ended.append(n)

    commands = [event(f"{n}", type="cmd.parcel.weigh", subject="s", data=n) for n in range(3)]
    batch = sqs(*(message(each, each["id"], group="s") for each in commands))

    answer = fleet_handler(parcels)(batch, Context())

    assert failures(answer) == []
    assert ended == [0, 1, 2]


# -- time ---------------------------------------------------------------------------------


def test_nothing_is_begun_after_the_time() -> None:
    """What was not begun comes again."""
    stage = Stage()

    answer = stage.handler()(sqs(start_of("a"), "x"), Context(left=0.0))

    assert failures(answer) == ["m0", "m1"]
    assert stage.store.calls == []


def test_what_is_not_done_in_time_is_reported() -> None:
    """Before the function is killed, in which case all would come again."""
    stage = Stage()
    stage.store.slow = {"slow"}
    many = [start_of(f"{number}") for number in range(PORTION)]

    answer = stage.handler(margin=0.1)(sqs(*many, start_of("slow")), Context(left=2.0))

    assert failures(answer) == [f"m{PORTION}"]
    assert len(stage.sent()) == PORTION


def test_something_slow_costs_its_neighbours_nothing() -> None:
    """They were done, and are not told of as if they were not; nor are unreadable ones."""
    stage = Stage()
    stage.store.slow = {"slow"}
    many = [start_of(f"{number}") for number in range(PORTION)]

    answer = stage.handler(margin=0.1)(sqs(start_of("slow"), "x", *many), Context(left=1.0))

    assert failures(answer) == ["m0"]
    assert len(stage.sent()) == PORTION
    assert len(stage.letters()) == 1


def test_a_slow_service_costs_its_neighbours_nothing() -> None:
    """What was answered is not worked on again because of it."""
    bus = MemoryBus()
    parcels = Fleet("/srvc/parcels")

    @parcels.serves("cmd.parcel.weigh")
    async def weigh(n: int) -> int:
        await asyncio.sleep(60 if n == 1 else 0)
        return n

    commands = [event(f"{n}", type="cmd.parcel.weigh", subject="s", data=n) for n in (0, 1)]
    answer = fleet_handler(parcels, bus=bus, margin=0.1)(sqs(*commands), Context(left=0.5))

    assert failures(answer) == ["m1"]
    assert len(bus.published) == 1


def test_a_slow_message_holds_its_group() -> None:
    """What stands behind it in a FIFO queue is not begun."""
    stage = Stage()
    stage.store.slow = {"b"}
    batch = sqs(*(message(start_of(name), name, group="g") for name in "abc"))

    answer = stage.handler(margin=0.1)(batch, Context(left=0.5))

    assert failures(answer) == ["b", "c"]
    assert stage.sent() == ["a"]
