"""What a function answers to topics, rules, direct invocations and schedules."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from tests.aws.lambda_parcels import Parcels
from tests.aws.lambda_stage import Context, Stage, sent_of, start_of
from tests.aws.shapes import (
    DESTINATION,
    S3_NOTIFICATION,
    SCHEDULE,
    STREAM,
    event,
    notification,
    rule,
    sns,
    sqs,
)
from xorca import open_store
from xorca.errors import ConfigurationError, UndeliveredError
from xorca.fleet import Fleet, TryAgain
from xorca.handlers.aws_lambda import LambdaCore, fleet_handler, lambda_handler
from xorca.providers.memory import MemoryBus, MemoryStore


@pytest.mark.parametrize("wrapped", [sns, rule])
def test_an_event_of_a_topic_or_a_rule_is_applied(wrapped: Any) -> None:
    """There is nothing to say then."""
    stage = Stage()

    answer = stage.handler()(wrapped(start_of("a")), Context())

    assert answer is None
    assert stage.sent() == ["a"]


@pytest.mark.parametrize(
    "payload",
    [sns([start_of("a"), start_of("b")]), rule(start_of("b")), [start_of("a"), start_of("b")]],
)
def test_what_must_come_again_raises_after_the_others_were_done(payload: Any) -> None:
    """Lambda then tries again, and keeps what fails for good for its destination."""
    stage = Stage()
    stage.store.broken = {"b"}

    with pytest.raises(UndeliveredError, match="must be delivered again"):
        stage.handler()(payload, Context())

    assert stage.sent() == (["a"] if "source" not in payload else [])


@pytest.mark.parametrize("payload", [S3_NOTIFICATION, STREAM, DESTINATION, sns("x"), rule({})])
def test_what_is_no_event_is_dead_lettered_and_done_with(payload: Any) -> None:
    """Nothing would make it one."""
    stage = Stage()

    assert stage.handler()(payload, Context()) is None
    assert len(stage.letters()) == 1


def test_a_letter_has_one_id_when_lambda_tries_again() -> None:
    """The id of the request stays the same then."""
    stage = Stage()
    handler = stage.handler()

    handler(rule({}), Context(aws_request_id="1"))
    handler(rule({}), Context(aws_request_id="1"))
    handler(rule({}), Context(aws_request_id="2"))

    first, again, other = [each.id for each in stage.bus.published]
    assert first == again
    assert other != first


def test_a_direct_invocation_is_answered_with_outcomes() -> None:
    """One of each event, and nothing of what was sent."""
    stage = Stage()

    answer: Any = stage.handler()([start_of("a"), start_of("a"), {"x": 1}], Context())

    assert json.loads(json.dumps(answer)) == answer
    assert [each["status"] for each in answer["outcomes"]] == ["applied", "duplicate", "dead"]
    assert answer["outcomes"][0]["subject"] == "parcels/1.0.0/a"
    assert "specversion" in answer["outcomes"][2]["detail"]
    assert "emitted" not in answer


def test_without_a_bus_a_direct_invocation_is_given_what_was_emitted() -> None:
    """The caller sends it."""
    stage = Stage()

    answer: Any = stage.handler(bus=None)(start_of("a"), Context())

    assert [each["type"] for each in answer["emitted"]] == ["cmd.parcel.send"]
    assert answer["emitted"][0]["data"] == {"what": "a"}


def test_plain_events_of_eventbridge_are_taken_where_that_is_asked_for() -> None:
    """Their detail-type starts a process as any type does."""
    stage = Stage()
    plain = rule({"what": "lamp"}, **{"detail-type": "xorca.parcels.start"})

    stage.handler(plain_eventbridge=True)(plain, Context())

    assert stage.sent() == ["lamp"]


@pytest.mark.parametrize("payload", [SCHEDULE, {"xorca": "sweep"}])
def test_a_schedule_sweeps(payload: Any) -> None:
    """What was committed and left unsent is sent."""
    stage = Stage()
    stage.bus.refuses = {"cmd.parcel.send"}
    handler = stage.handler()
    handler(sqs(start_of("a")), Context())
    stage.bus.refuses = set()
    handler.core.work.clock.advance(timedelta(hours=1).total_seconds())  # type: ignore[union-attr]

    answer: Any = handler(payload, Context())

    assert (answer["published"], stage.sent()) == (1, ["a"])
    assert json.loads(json.dumps(answer))["looked"] == 1


@pytest.mark.parametrize("wrapped", [sqs, sns, rule, notification])
def test_nobody_but_the_caller_of_the_function_sweeps(wrapped: Any) -> None:
    """A message that says so is no event."""
    stage = Stage()

    answer = stage.handler()(wrapped({"xorca": "sweep"}), Context())

    assert "looked" not in (answer or {})  # type: ignore[operator]
    assert len(stage.letters()) == 1


def test_a_sweep_ends_in_time() -> None:
    """What it did is done; the next one does the rest."""
    stage = Stage()
    handler = stage.handler()
    handler(sqs(start_of("a")), Context())
    stage.store.slow = {"a"}
    handler.core.work.clock.advance(timedelta(hours=2).total_seconds())  # type: ignore[union-attr]

    async def stuck(*args: Any, **more: Any) -> Any:
        await asyncio.sleep(60)

    stage.store.list = stuck  # type: ignore[method-assign]

    assert handler({"xorca": "sweep"}, Context(left=0.2)) == {"unfinished": True}


# -- fleets -------------------------------------------------------------------------------


def post(**options: Any) -> Fleet:
    """Give a service that sends parcels, but for what is too heavy for now."""
    fleet = Fleet(source="/srvc/post", **options)

    @fleet.serves("cmd.parcel.send")
    async def send(parcel: dict[str, str]) -> str:
        if parcel["what"] == "anvil":
            raise TryAgain("too heavy for today")
        return f"sent {parcel['what']}"

    return fleet


def command(what: str) -> dict[str, Any]:
    """Give a command for the service."""
    return event(what, type="cmd.parcel.send", subject="parcels/1.0.0/a", data={"what": what})


def test_a_fleet_answers_to_the_bus_of_its_handler() -> None:
    """And the fleet itself is as it was."""
    bus, fleet = MemoryBus(), post()

    answer: Any = fleet_handler(fleet, bus=bus)(sqs(command("lamp"), command("anvil")), Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert [each.type for each in bus.published] == ["evt.parcel.send.success"]
    assert fleet.bus is None


def test_a_fleet_without_a_bus_answers_a_direct_invocation() -> None:
    """With the answer of the service."""
    answer: Any = fleet_handler(post())(command("lamp"), Context())

    assert [each["data"] for each in answer["emitted"]] == ["sent lamp"]


def test_several_fleets_share_a_function() -> None:
    """Each serves its own commands, and what nobody serves is passed over."""
    bus, other, heard = MemoryBus(), Fleet(source="/srvc/other"), list[str]()

    @other.serves("cmd.parcel.weigh")
    async def weigh() -> int:
        return 7

    @other.observes("cmd.parcel.send")
    async def hear() -> None:
        heard.append("send")

    strange = event("x", type="cmd.parcel.fold", subject="s")
    batch = [command("lamp"), command("anvil"), event("w", type="cmd.parcel.weigh"), strange]

    answer: Any = fleet_handler(post(), other, bus=bus)(sqs(*batch), Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert sorted(each.type for each in bus.published) == [
        "evt.parcel.send.success",
        "evt.parcel.weigh.success",
    ]
    assert heard == ["send", "send"]


def test_what_any_fleet_took_is_not_foreign() -> None:
    """Nor does it matter which of them it was."""
    silent = Fleet(source="/srvc/silent")
    batch = [command("lamp"), event("x", type="cmd.parcel.fold")]

    answer: Any = fleet_handler(silent, post(), bus=MemoryBus())(batch, Context())

    assert [each["status"] for each in answer["outcomes"]] == ["applied", "foreign"]


def test_a_fleet_forgets_by_schedule() -> None:
    """What it remembered long enough."""
    one = fleet_handler(post(store=MemoryStore()))({"xorca": "sweep"}, Context())
    several = fleet_handler(post(store=MemoryStore()), post())({"xorca": "sweep"}, Context())

    assert one == several == {"forgotten": 0}


# -- putting together ---------------------------------------------------------------------


def test_a_handler_is_made_of_classes_and_a_url() -> None:
    """As of a store and rooms."""
    handler = lambda_handler(Parcels, store="memory:", bus=MemoryBus())

    assert handler(sqs(start_of("a")), Context()) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda_handler, "needs a class"),
        (lambda: lambda_handler(Parcels), "needs a store"),
        (fleet_handler, "needs a Fleet"),
        (lambda: fleet_handler(post(), post(bus=MemoryBus())), "different buses"),
        (lambda: fleet_handler(post(), post(), http=True), "serves one Fleet"),
        (lambda: lambda_handler(Stage().runtime(), store="memory:"), "has its ports already"),
        (lambda: lambda_handler(Stage().runtime(), bus=MemoryBus()), "has its ports already"),
        (lambda: lambda_handler(Parcels, store="memory:", margin=-1), "margin=-1"),
        (lambda: lambda_handler(Parcels, store="memory:", unreadable="drop"), "unreadable='drop'"),  # type: ignore[arg-type]
        (lambda: open_store("memory"), "store URL"),
    ],
)
def test_parts_that_do_not_fit_are_refused(make: Any, said: str) -> None:
    """When the handler is made, not with the first event."""
    with pytest.raises(ConfigurationError, match=said):
        make()


async def test_the_core_can_be_awaited() -> None:
    """By those who have a loop of their own."""
    stage = Stage()
    core = LambdaCore(stage.runtime())

    first = await core(sqs(start_of("a")), Context())
    second = await core(sqs(sent_of("a")))

    assert first == second == {"batchItemFailures": []}


def test_no_sdk_and_no_framework_is_imported() -> None:
    """A cold start pays for what is used."""
    program = (
        "import sys, xorca.handlers.aws_lambda as a\n"
        "found = {'aiobotocore', 'botocore', 'starlette', 'httpx', 'click', 'cloudevents',"
        " 'tenacity', 'aiohttp', 'pydantic'} & {*sys.modules}\n"
        "print(sorted(found))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert done.stdout.decode().strip() == "[]"
