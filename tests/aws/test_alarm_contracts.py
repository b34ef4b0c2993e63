"""The alarms of AWS keep the contract of an alarm on moto.

moto holds schedules and brings none: a stand-in reads them and brings what is due, and time
is moved by hand there. Delayed messages are moto's own, in real seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import time

import pytest

from tests.aws.firing import Firing
from tests.aws.places import clients_of, queue
from tests.emulators.aws_answers import json_fault
from tests.emulators.proxy import Fault, FaultProxy
from xorca.events import Event
from xorca.ports import Alarm
from xorca.providers.aws import SchedulerAlarm, SqsAlarm
from xorca_contrib.conformance import AlarmContract
from xorca_contrib.conformance.samples import event

QUEUE = "arn:aws:sqs:eu-central-1:123456789012:wake-ups"
ROLE = "arn:aws:iam::123456789012:role/scheduler"
TROUBLE = (
    json_fault(429, "ThrottlingException"),
    json_fault(503, "ServiceUnavailable"),
    Fault.lost_request(),
    Fault.lost_answer(),
    Fault.half_answer(),
)


class TestSchedulerAlarm(AlarmContract):
    step = 1000.0
    many = 15
    rate = 0.0

    @pytest.fixture
    async def alarm(self, moto: str, fresh_name: str) -> AsyncIterator[SchedulerAlarm]:
        self.firing, self.ahead = Firing(clients_of(moto), fresh_name), 0.0
        await self.firing.make_group()
        async with FaultProxy(moto) as proxy:
            proxy.seed(5, self.rate, *TROUBLE)
            clients = clients_of(proxy.url)
            yield SchedulerAlarm(
                target_arn=QUEUE, role_arn=ROLE, group=fresh_name, clients=clients, now=self.now
            )
            await clients.close()
            await self.firing.clients.close()

    def now(self) -> float:
        return time() + self.ahead

    async def rings(self, alarm: Alarm, seconds: float) -> list[Event]:
        self.ahead += seconds
        return await self.firing.due(self.now())


class TestSchedulerAlarmWithFaults(TestSchedulerAlarm):
    rate = 0.2


class TestSqsAlarm(AlarmContract):
    step = 1.0
    many = 15
    rate = 0.0

    @pytest.fixture
    async def alarm(self, moto: str, fresh_name: str) -> AsyncIterator[SqsAlarm]:
        self.place = await queue(moto, fresh_name)
        async with FaultProxy(moto) as proxy:
            proxy.seed(7, self.rate, Fault.lost_request(), json_fault(503, "ServiceUnavailable"))
            clients = clients_of(proxy.url)
            yield SqsAlarm(fresh_name, clients=clients)
            await clients.close()
        await self.place.clients.close()

    async def rings(self, alarm: Alarm, seconds: float) -> list[Event]:
        await asyncio.sleep(seconds)
        return await self.place.events()

    async def test_cancelled_event_does_not_come(self, alarm: Alarm) -> None:
        """SQS takes no message back: what was cancelled comes all the same, as documented."""
        await alarm.set(event(1), self.soon())

        await alarm.cancel(event(1).id)

        assert [found.id for found in await self.rings(alarm, self.step * 2)] == [event(1).id]


class TestSqsAlarmWithFaults(TestSqsAlarm):
    rate = 0.2
