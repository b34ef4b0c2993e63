"""``SchedulerAlarm``: wake-ups as one-time schedules of Amazon EventBridge Scheduler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from secrets import token_hex
from time import time
from typing import TYPE_CHECKING, Final, Unpack

from xorca.errors import Unavailable
from xorca.events import Event
from xorca.providers.arguments import epoch_seconds
from xorca.providers.aws.arns import clients_at
from xorca.providers.aws.faults import AwsRefused, code_of, not_aws
from xorca.providers.aws.retrying import SENDING, patiently
from xorca.providers.aws.schedules import (
    SKEW,
    at_expression,
    check_target,
    full_second,
    name_of,
    still_comes,
    target_of,
    time_of,
)
from xorca.providers.closing import Closing

if TYPE_CHECKING:
    from xorca.providers.aws.clients import AwsClients, AwsOptions

_TRIES: Final = 3


class SchedulerAlarm(Closing):
    """Set wake-ups as one-time schedules, which delete themselves once they have come.

    A schedule comes within the minute after its time, never before it. One whose time has
    passed comes as soon as possible. The target is sent the event as structured JSON: as the
    body of a message, the payload of a function, or the detail of an event on a bus.

    Args:
        target_arn: What is woken: a standard queue, a function, an event bus or a topic.
        role_arn: The role that may send to the target, and to the dead-letter queue.
        group: The group of the schedules.
        dead_letter_arn: A queue for what could not be delivered.
        clients: Clients to share with other rooms.
        now: Gives seconds since 1970.
        options: Where AWS is and who asks: ``region``, ``endpoint`` and so on.

    Raises:
        ConfigurationError: the target cannot be woken.
    """

    def __init__(
        self,
        *,
        target_arn: str,
        role_arn: str,
        group: str = "default",
        dead_letter_arn: str = "",
        clients: AwsClients | None = None,
        now: Callable[[], float] = time,
        **options: Unpack[AwsOptions],
    ) -> None:
        check_target(target_arn)
        self.shown = f"the schedule group {group!r}"
        self._target, self._role, self._dead_letters = target_arn, role_arn, dead_letter_arn
        self._group, self._now = group, now
        self._clients, self._is_owner = clients_at(target_arn, clients, options)

    async def set(self, event: Event, due: datetime) -> None:
        """Deliver ``event`` at ``due`` or within the minute after it.

        Raises:
            Unavailable: whether it is set is not known.
            AwsRefused: it is not.
        """
        wanted = full_second(epoch_seconds(due), self._now())
        name = name_of(self._target, event.id)
        for _ in range(_TRIES):
            if await self._create(name, event, wanted):
                return
            standing = await self._standing(name)
            if standing is None:
                continue  # it has come since, and is gone
            if still_comes(standing, wanted, self._now()):
                return
            # The one that stands has come, or is about to: it must not be waited for.
            name = f"{name_of(self._target, event.id)}.{wanted}"
            await self._delete(name)
        raise Unavailable(f"{self.shown}: the schedule {name!r} is being changed; try again")

    async def cancel(self, event_id: str) -> None:
        """Delete the schedule of an event, if it is still there."""
        await self._delete(name_of(self._target, event_id))

    async def open(self) -> None:
        """Make the client ahead of its first use, as a function does while it starts."""
        await self._clients.client("scheduler")

    async def close(self) -> None:
        """Close the connections that are the alarm's own; it opens again on use."""
        if self._is_owner:
            await self._clients.close()

    # -- requests ---------------------------------------------------------------------

    async def _create(self, name: str, event: Event, wanted: int) -> bool:
        """Create a schedule; False if one of the name is there."""
        try:
            return await self._created(name, event, wanted)
        except AwsRefused as exc:
            late = wanted - self._now() < SKEW
            if exc.reason != "request" or not late:
                raise
            # By a clock that is ahead of ours the time may have passed.
            return await self._created(name, event, full_second(0, self._now() + SKEW))

    async def _created(self, name: str, event: Event, wanted: int) -> bool:
        # Of this request and its repeats: one of the event would be answered out of memory
        # when the same is set again after it has come.
        token = token_hex(16)
        target = target_of(
            event, self._target, role_arn=self._role, dead_letter_arn=self._dead_letters
        )

        async def create() -> None:
            client = await self._clients.client("scheduler")
            answer = await client.create_schedule(
                Name=name,
                GroupName=self._group,
                Description=f"{event.type} {event.subject or event.id}"[:500],
                ScheduleExpression=at_expression(wanted),
                ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                ClientToken=token,
                Target=target,
            )
            if not answer.get("ScheduleArn"):
                raise not_aws(self.shown)  # to take it for set would lose the wake-up

        return await self._ask(create, but="ConflictException")

    async def _standing(self, name: str) -> float | None:
        """Give when a schedule is due; None if there is none of this name."""
        found: list[float] = []

        async def get() -> None:
            client = await self._clients.client("scheduler")
            answer = await client.get_schedule(Name=name, GroupName=self._group)
            if not answer.get("ScheduleExpression"):
                raise not_aws(self.shown)
            found.append(time_of(answer["ScheduleExpression"]))

        return found[0] if await self._ask(get, but="ResourceNotFoundException") else None

    async def _delete(self, name: str) -> None:
        async def delete() -> None:
            client = await self._clients.client("scheduler")
            await client.delete_schedule(Name=name, GroupName=self._group)

        await self._ask(delete, but="ResourceNotFoundException")

    async def _ask(self, call: Callable[[], Awaitable[None]], *, but: str) -> bool:
        """Ask for what may happen twice; False where the answer is the error ``but``."""

        async def asked() -> bool:
            try:
                await call()
            except Exception as exc:
                if code_of(exc) != but:
                    raise
                return False
            return True

        return await patiently(self.shown, asked, SENDING)
