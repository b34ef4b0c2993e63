"""What a SchedulerAlarm asks of EventBridge Scheduler, and that no wake-up is lost."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from time import time
from typing import Any

import pytest

from tests.aws.firing import Firing, seconds_of
from tests.aws.places import clients_of
from tests.emulators.aws_answers import json_fault
from tests.emulators.proxy import Fault, FaultProxy
from xorca.errors import ConfigurationError, Unavailable
from xorca.events import Event, read_event
from xorca.providers.aws import SchedulerAlarm
from xorca.providers.aws.faults import AwsRefused

HERE = "arn:aws:{}:eu-central-1:123456789012:{}"
QUEUE = HERE.format("sqs", "wake-ups")
ROLE = "arn:aws:iam::123456789012:role/scheduler"
DEAD = HERE.format("sqs", "dead")


class Stage:
    """A group of schedules, an alarm by way of a proxy, and a clock that can be set."""

    def __init__(self, moto: str, proxy: FaultProxy, group: str) -> None:
        self.firing, self.proxy = Firing(clients_of(moto), group, tidy=False), proxy
        self.clients, self.group, self.skew = clients_of(proxy.url), group, 0.0
        self.alarm = self.make(QUEUE)

    def make(self, target: str, **more: Any) -> SchedulerAlarm:
        return SchedulerAlarm(
            target_arn=target,
            role_arn=ROLE,
            group=self.group,
            clients=self.clients,
            now=lambda: time() + self.skew,
            **more,
        )

    def at(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(time() + self.skew + seconds, UTC)

    async def only(self) -> dict[str, Any]:
        (schedule,) = await self.firing.schedules()
        return schedule


@pytest.fixture
async def stage(moto: str, fresh_name: str) -> AsyncIterator[Stage]:
    async with FaultProxy(moto) as proxy:
        stage = Stage(moto, proxy, fresh_name)
        await stage.firing.make_group()
        yield stage
        await stage.clients.close()
        await stage.firing.clients.close()


def wake_up(id: str = "3f-timer-1-too_late", text: str = "x") -> Event:
    return Event(
        id=id,
        source="/xorca/sale/1.0.0",
        type="sys.xorca.timer",
        subject="sale/1.0.0/seven",
        data=json.dumps({"text": text}).encode(),
        datacontenttype="application/json",
    )


async def test_schedule_is_one_that_comes_once_and_goes(stage: Stage) -> None:
    """One time, no window, deleted when it is over; the dead-letter queue is named."""
    await stage.make(QUEUE, dead_letter_arn=DEAD).set(wake_up(), stage.at(3600))

    made = await stage.only()

    assert made["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert made["ActionAfterCompletion"] == "DELETE"
    assert made["Target"]["DeadLetterConfig"] == {"Arn": DEAD}
    assert (made["Target"]["Arn"], made["Target"]["RoleArn"]) == (QUEUE, ROLE)


@pytest.mark.parametrize("fraction", [0.0, 0.000001, 0.5, 0.999999])
async def test_time_is_rounded_up(stage: Stage, fraction: float) -> None:
    """A schedule is never due before its event, and less than a second after it."""
    due = datetime(2100, 1, 2, 3, 4, 5, tzinfo=UTC) + timedelta(seconds=fraction)

    await stage.alarm.set(wake_up(), due.astimezone())

    assert 0 <= seconds_of(await stage.only()) - due.timestamp() < 1


async def test_name_is_taken_whatever_the_id_is(stage: Stage) -> None:
    """An id of any characters and length gives a name of at most 64 allowed ones."""
    for id in ("ü/ %" * 300, "a" * 1000, "b"):
        await stage.alarm.set(wake_up(id), stage.at(60))

    names = [each["Name"] for each in await stage.firing.schedules()]
    assert len(set(names)) == 3
    assert all(
        len(name) <= 64 and name.isascii() and name.replace("-", "").isalnum() for name in names
    )


async def test_two_targets_do_not_share_a_schedule(stage: Stage) -> None:
    """The same wake-up for two deployments in one group is set for both."""
    await stage.alarm.set(wake_up(), stage.at(60))
    await stage.make(HERE.format("sqs", "other")).set(wake_up(), stage.at(60))

    assert len(await stage.firing.schedules()) == 2


@pytest.mark.parametrize(
    ("service", "rest"),
    [("sqs", "q"), ("lambda", "function:f"), ("sns", "t"), ("events", "event-bus/b")],
)
async def test_each_target_gets_the_event_whole(stage: Stage, service: str, rest: str) -> None:
    """What is delivered is the structured event; variables of Scheduler in it stay text."""
    sent = wake_up(text="<aws.scheduler.execution-id> \uffff")

    await stage.make(HERE.format(service, rest)).set(sent, stage.at(60))

    target = (await stage.only())["Target"]
    assert "<aws." not in target["Input"]
    assert read_event(target["Input"]).payload() == sent.payload()
    wanted = {"DetailType": sent.type, "Source": sent.source} if service == "events" else None
    assert target.get("EventBridgeParameters") == wanted


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        ("arn:aws:sqs:eu-central-1:123456789012:q.fifo", "FIFO"),
        ("arn:aws:s3:::bucket", "cannot be woken"),
        ("q", "cannot be woken"),
    ],
)
def test_target_that_would_lose_a_wake_up_is_refused(arn: str, says: str) -> None:
    """A FIFO drops what is set again within five minutes; other services take no event."""
    with pytest.raises(ConfigurationError, match=says):
        SchedulerAlarm(target_arn=arn, role_arn=ROLE)


async def test_fired_schedule_that_is_still_there_blocks_nothing(stage: Stage) -> None:
    """A wake-up that has come is set anew, though its old schedule is not deleted yet."""
    await stage.alarm.set(wake_up(), stage.at(60))
    stage.skew = 120
    assert len(await stage.firing.due(time() + 120)) == 1

    await stage.alarm.set(wake_up(), stage.at(60))

    assert [each.id for each in await stage.firing.due(time() + 200)] == [wake_up().id]


async def test_wake_up_that_came_early_by_our_clock_comes_again(stage: Stage) -> None:
    """Our clock is behind: the schedule has come, its time has not; a later one is not lost."""
    due = stage.at(60)
    await stage.alarm.set(wake_up(), due)
    assert len(await stage.firing.due(due.timestamp() + 1)) == 1
    stage.skew = 57

    await stage.alarm.set(wake_up(), due + timedelta(seconds=3))
    await stage.alarm.set(wake_up(), due + timedelta(seconds=3))

    assert len(await stage.firing.due(due.timestamp() + 5)) == 1


async def test_refused_as_past_is_set_later(stage: Stage) -> None:
    """Where AWS finds that a time has passed, by a clock ahead of ours, a later one is tried."""
    stage.proxy.plan(json_fault(400, "ValidationException", text="Invalid Schedule Expression"))

    await stage.alarm.set(wake_up(), stage.at(-5))

    assert 290 < seconds_of(await stage.only()) - time() < 310


async def test_lost_answer_sets_it_once(stage: Stage) -> None:
    """A request whose answer is lost is repeated with its token, and one schedule stands."""
    stage.proxy.plan(Fault.lost_answer())

    await stage.alarm.set(wake_up(), stage.at(60))

    bodies = [json.loads(each.body) for each in stage.proxy.requests if each.method == "POST"]
    assert len(bodies) == 2
    assert len({body["ClientToken"] for body in bodies}) == 1
    assert len(await stage.firing.schedules()) == 1


async def test_set_again_has_another_token(stage: Stage) -> None:
    """AWS remembers a token: the same one would set nothing after the first has come."""
    due = stage.at(60)
    await stage.alarm.set(wake_up(), due)
    await stage.alarm.set(wake_up(), due)

    bodies = [json.loads(each.body) for each in stage.proxy.requests if each.method == "POST"]
    assert len({body["ClientToken"] for body in bodies}) == len(bodies) == 2


async def test_missing_group_is_named(stage: Stage) -> None:
    """A group that does not exist is told with the cure."""
    stage.proxy.plan(json_fault(404, "ResourceNotFoundException", text="Schedule group x"))

    with pytest.raises(
        AwsRefused, match=f"schedule group '{stage.group}' does not exist"
    ) as caught:
        await stage.alarm.set(wake_up(), stage.at(60))

    assert caught.value.reason == "missing"


async def test_lasting_throttling_is_told(stage: Stage) -> None:
    """After a few attempts the caller hears that nobody knows, so that it tries again."""
    stage.proxy.seed(1, 1.0, json_fault(429, "ThrottlingException"))

    with pytest.raises(Unavailable):
        await stage.alarm.set(wake_up(), stage.at(60))


@pytest.mark.parametrize("page", [b"<html>welcome</html>", b"", b"{}"])
async def test_an_endpoint_that_is_no_aws_sets_nothing(page: bytes, stage: Stage) -> None:
    """A friendly page is no schedule: to take it for one would lose the wake-up."""
    stage.proxy.seed(1, 1.0, Fault.answer(200, page, {"content-type": "text/html"}))

    with pytest.raises(Unavailable, match="answered what AWS never says"):
        await stage.alarm.set(wake_up(), stage.at(60))
