"""What moto leaves out of EventBridge Scheduler: bringing what is due.

It reads the schedules as the service holds them, and gives the input of those whose time has
come. As the service does, it leaves a schedule that has come for a while unless told to tidy.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from xorca.events import Event, read_event
from xorca.providers.aws.clients import AwsClients


@dataclass
class Firing:
    """The schedules of one group; ``tidy`` deletes those that have come at once."""

    clients: AwsClients
    group: str
    tidy: bool = True
    come: set[tuple[str, str]] = field(default_factory=set)

    async def make_group(self) -> None:
        """Make the group of schedules."""
        scheduler = await self.clients.client("scheduler")
        await scheduler.create_schedule_group(Name=self.group)

    async def schedules(self) -> list[dict[str, Any]]:
        """Give every schedule of the group as it was created."""
        scheduler = await self.clients.client("scheduler")
        names: list[str] = []
        async for page in scheduler.get_paginator("list_schedules").paginate(GroupName=self.group):
            names += [each["Name"] for each in page["Schedules"]]
        getting = [scheduler.get_schedule(Name=name, GroupName=self.group) for name in names]
        return [dict(each) for each in await asyncio.gather(*getting)]

    async def due(self, now: float) -> list[Event]:
        """Bring what is due, the earliest first."""
        scheduler = await self.clients.client("scheduler")
        found: list[tuple[float, Event]] = []
        for each in await self.schedules():
            mark, at = (each["Name"], each["ScheduleExpression"]), seconds_of(each)
            if at <= now and mark not in self.come:
                found.append((at, read_event(each["Target"]["Input"])))
                if self.tidy:
                    await scheduler.delete_schedule(Name=each["Name"], GroupName=self.group)
                else:
                    self.come.add(mark)
        return [event for _, event in sorted(found, key=lambda pair: pair[0])]


def seconds_of(schedule: dict[str, Any]) -> float:
    """Give the time of a schedule, which must be written as the service demands."""
    found = re.fullmatch(r"at\((.{19})\)", schedule["ScheduleExpression"])
    assert found is not None, schedule
    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    return datetime.strptime(found[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC).timestamp()
