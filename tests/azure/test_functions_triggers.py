"""Every trigger of a blueprint applies its events, and gives back what failed."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from tests.azure.functions_stage import STRUCTURED, Stage, adding, body, opening
from xorca.errors import PortError, UndeliveredError
from xorca.events import read_event
from xorca.providers.azure.queue_messages import Encoding, text_of
from xorca.providers.azure.servicebus_messages import message_of, wake_up_of

Deliver = Callable[[Stage, Mapping[str, Any]], Awaitable[None]]


async def by_event_grid(stage: Stage, event: Mapping[str, Any]) -> None:
    await stage.host.event_grid(event)


async def by_service_bus(stage: Stage, event: Mapping[str, Any]) -> None:
    await stage.host.service_bus(body(event), ContentType=STRUCTURED)


async def by_storage_queue(stage: Stage, event: Mapping[str, Any]) -> None:
    await stage.host.storage_queue(json.dumps(event))


ROADS = pytest.mark.parametrize("deliver", [by_event_grid, by_service_bus, by_storage_queue])


@ROADS
async def test_an_event_is_applied_and_what_follows_is_sent(deliver: Deliver) -> None:
    """A start begins a process, and its command is on the bus when the function returns."""
    stage = Stage()

    await deliver(stage, opening())

    assert await stage.items() == 0
    assert stage.bus.types() == ["cmd.shelf.reserve"]


@ROADS
async def test_a_store_that_is_away_makes_the_function_raise(deliver: Deliver) -> None:
    """The host is told to deliver anew; what comes again is applied once."""
    stage = Stage()
    await deliver(stage, opening())
    stage.store.off = True

    with pytest.raises(UndeliveredError, match="must be delivered again"):
        await deliver(stage, adding("1"))
    stage.store.off = False
    await deliver(stage, adding("1"))
    await deliver(stage, adding("1"))

    assert await stage.items() == 1


@ROADS
async def test_a_bus_that_is_away_loses_no_command(deliver: Deliver) -> None:
    """What was committed and not sent is sent by the redelivery, under the same id."""
    stage = Stage()
    stage.bus.off = True

    with pytest.raises(UndeliveredError):
        await deliver(stage, opening())
    stage.bus.off = False
    await deliver(stage, opening())

    assert stage.bus.types() == ["cmd.shelf.reserve"]


@ROADS
async def test_what_is_no_event_is_dead_lettered(deliver: Deliver) -> None:
    """It is acknowledged, for no redelivery would mend it; the dead letter says what is wrong."""
    stage = Stage()
    broken = {**adding("1"), "source": ""}

    await deliver(stage, broken)

    (letter,) = stage.bus.letters()
    assert letter["reason"] == "invalid-attribute"
    assert "attribute 'source' is empty" in letter["cause"]


@ROADS
async def test_a_dead_letter_that_cannot_be_sent_is_not_lost(deliver: Deliver) -> None:
    """While the bus is away the broker keeps what cannot be read; the letter keeps its id."""
    stage = Stage()
    broken = {**adding("1"), "id": ""}
    stage.bus.off = True

    with pytest.raises(UndeliveredError, match="dead letters could not be sent"):
        await deliver(stage, broken)
    stage.bus.off = False
    await deliver(stage, broken)
    await deliver(stage, broken)

    assert len({event.id for event in stage.bus.published}) <= 2
    assert len(stage.bus.letters()) == 2


async def test_two_unreadable_messages_are_two_letters() -> None:
    """Messages that fail alike are told apart."""
    stage = Stage()

    await stage.host.service_bus(b"no event", MessageId="one")
    await stage.host.service_bus(b"no event", MessageId="two")

    assert len({event.id for event in stage.bus.published}) == 2


async def test_two_events_that_no_json_holds_are_two_letters() -> None:
    """A number that is too large for the worker is infinite, which cannot be written again."""
    stage = Stage()

    for name in ("one", "two", "one"):
        await stage.host.event_grid({**opening(), "id": name, "data": {"n": math.inf}})

    assert [letter["reason"] for letter in stage.bus.letters()] == ["malformed"] * 3
    assert len({event.id for event in stage.bus.published}) == 2


async def test_a_poison_event_is_acknowledged() -> None:
    """An event on which its handler raises is dead-lettered, and does not come again."""
    stage = Stage()
    await stage.host.event_grid(opening())

    await stage.host.service_bus(body(adding("1", item="poison")))

    assert [letter["reason"] for letter in stage.bus.letters()] == ["handler-raised"]
    assert await stage.items() == 0


async def test_events_of_others_pass_by() -> None:
    """On a shared topic an event that nobody here hears is acknowledged in silence."""
    stage = Stage()
    stranger = {**adding("1"), "subject": "somebody.else/1.0.0/x"}

    await stage.host.event_grid(stranger)

    assert stage.bus.published == []
    assert stage.store.saves == 0


async def test_a_queue_message_in_base64_is_read() -> None:
    """Where the host takes messages as they are, the base64 of their sender is still on them."""
    stage = Stage()

    await stage.host.storage_queue(base64.b64encode(body(opening())).decode())

    assert await stage.items() == 0


async def test_a_warm_worker_reads_nothing_again() -> None:
    """The functions of a blueprint share one cache: an event costs one save, whoever brings it."""
    stage = Stage()
    await stage.host.event_grid(opening())
    loads, saves = stage.store.loads, stage.store.saves

    await stage.host.service_bus(body(adding("1")))
    await stage.host.storage_queue(json.dumps(adding("2")))

    assert (stage.store.loads, stage.store.saves) == (loads, saves + 2)


@pytest.mark.parametrize("encoding", ["base64", "none"])
async def test_what_our_queue_bus_writes_is_read(encoding: Encoding) -> None:
    """A message of StorageQueueBus or StorageQueueAlarm comes as the event that it was."""
    stage = Stage()

    await stage.host.storage_queue(text_of(read_event(body(opening())), encoding, queue="q"))

    assert await stage.items() == 0


@pytest.mark.parametrize("write", [message_of, wake_up_of])
async def test_what_our_service_bus_rooms_write_is_read(write: Callable[..., Any]) -> None:
    """A message of ServiceBusBus or ServiceBusAlarm comes as the event that it was."""
    stage = Stage(sessions=True)
    message = write(read_event(body(opening())), sessions=True)

    await stage.host.service_bus(
        b"".join(message.body),
        ContentType=message.content_type,
        MessageId=message.message_id,
        SessionId=message.session_id,
        ApplicationProperties=dict(message.application_properties),
    )

    assert await stage.items() == 0


# -- batches ----------------------------------------------------------------------------


async def test_a_batch_of_one_process_is_one_save() -> None:
    """Messages that come together for one process are committed together."""
    stage = Stage(batch=True)
    await stage.host.event_grid(opening())
    saves = stage.store.saves

    await stage.host.service_bus(*(body(adding(str(n))) for n in range(10)))

    assert await stage.items() == 10
    assert stage.store.saves == saves + 1


async def test_an_unreadable_message_does_not_block_its_neighbours() -> None:
    """The good ones are applied, the bad one is dead-lettered, and nothing comes again."""
    stage = Stage(batch=True)
    await stage.host.event_grid(opening())

    await stage.host.service_bus(body(adding("1")), b"\xff{", body(adding("2")))

    assert await stage.items() == 2
    assert len(stage.bus.letters()) == 1


async def test_a_poison_message_does_not_block_its_neighbours() -> None:
    """An event that a handler cannot take is dead-lettered between two that it took."""
    stage = Stage(batch=True)
    await stage.host.event_grid(opening())
    poison = body(adding("2", item="poison"))

    await stage.host.service_bus(body(adding("1")), poison, body(adding("3")))

    assert await stage.items() == 2
    assert [letter["reason"] for letter in stage.bus.letters()] == ["handler-raised"]


async def test_a_batch_comes_again_only_if_it_must() -> None:
    """One event that cannot be worked on yet gives the batch back, after the others are done."""
    stage = Stage(batch=True)
    await stage.host.event_grid(opening())
    early = body(adding("2", process="not-there-yet"))

    with pytest.raises(UndeliveredError, match="1 event"):
        await stage.host.service_bus(body(adding("1")), early, b"rubbish")

    assert await stage.items() == 1
    assert len(stage.bus.letters()) == 1


async def test_the_redelivery_of_a_batch_applies_each_event_once() -> None:
    """What was applied before is answered from the inbox; what failed is applied now."""
    stage = Stage(batch=True)
    await stage.host.event_grid(opening())
    messages = [body(adding("1")), body(adding("2", process="b"))]

    with pytest.raises(UndeliveredError):
        await stage.host.service_bus(*messages)
    await stage.host.event_grid(opening("b"))
    await stage.host.service_bus(*messages, count=2)

    assert (await stage.items("a"), await stage.items("b")) == (1, 1)


async def test_messages_of_a_batch_may_be_in_binary_mode() -> None:
    """Application properties of each message are its own."""
    stage = Stage(batch=True)
    properties = {
        "cloudEvents:specversion": "1.0",
        "cloudEvents:id": "b-1",
        "cloudEvents:source": "/tests",
        "cloudEvents:type": "cmd.basket.open",
    }

    await stage.host.service_bus(
        b'{"name": "a"}', ContentType="application/json", ApplicationProperties=properties
    )

    assert await stage.items() == 0


# -- the pause --------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "pause"), [(1, 0.5), (2, 1.0), (4, 4.0), (20, 30.0)])
async def test_service_bus_gets_a_failed_message_back_later(count: int, pause: float) -> None:
    """It delivers anew at once, and gives up after some deliveries: so each waits longer."""
    stage = Stage(pause=0.5)
    stage.store.off = True

    with pytest.raises(UndeliveredError):
        await stage.host.service_bus(body(adding("1")), count=count)

    assert stage.clock.slept[-1] == pause


async def test_event_grid_is_not_made_to_wait() -> None:
    """It has a schedule of its own for what failed."""
    stage = Stage(pause=25.0)
    stage.store.off = True

    with pytest.raises(UndeliveredError):
        await stage.host.event_grid(adding("1"))

    assert 25.0 not in stage.clock.slept


# -- the timer --------------------------------------------------------------------------


async def test_the_timer_sends_what_was_left_behind() -> None:
    """A command that was committed and never sent is sent by the sweep."""
    stage = Stage()
    stage.bus.off = True
    with pytest.raises(UndeliveredError):
        await stage.host.event_grid(opening())
    stage.bus.off = False
    stage.clock.advance(600)

    await stage.host.timer()

    assert stage.bus.types() == ["cmd.shelf.reserve"]


async def test_a_sweep_that_cannot_list_fails() -> None:
    """The host sees that the function failed, and the next tick tries again."""
    stage = Stage()
    stage.store.off = True

    with pytest.raises(PortError):
        await stage.host.timer()
