"""What a Runtime needs from the world: five small protocols.

An adapter (a *room*) implements one or more of them and passes the contract suites in
``xorca_contrib.conformance``. Every method may raise :class:`~xorca.errors.Unavailable`,
which means that the outcome is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

import msgspec

from xorca.events import Event


class Stored(msgspec.Struct, frozen=True, gc=False):
    """A body as it was read, with the opaque tag that a conditional save expects."""

    body: bytes
    tag: str


class Summary(msgspec.Struct, frozen=True, gc=False):
    """What can be asked of a process without opening its record.

    Times are seconds since 1970 (UTC). ``due`` is when somebody must look again (the
    earliest timer), ``pending`` whether a committed event may not have been sent, or a
    wake-up not set.
    """

    subject: str
    name: str
    version: str
    status: str
    state: str
    revision: int
    updated: float
    due: float | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Which processes to list; an empty field asks for nothing. Prefix is of the key."""

    prefix: str = ""
    name: str = ""
    version: str = ""
    status: str = ""
    due_before: float | None = None
    pending: bool | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A key, and its summary where the store keeps one beside the body."""

    key: str
    summary: Summary | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing in the order of keys; ``after`` is what to pass for the next."""

    items: tuple[Listed, ...]
    after: str | None


class Store(Protocol):
    """Bodies under keys, saved only on the condition that nobody saved since.

    ``limit`` is the largest body in bytes. Keys are relative, of the characters
    ``a-z 0-9 . _ - /``, and at most 200 of them.
    """

    limit: int

    async def load(self, key: str) -> Stored | None:
        """Read the newest body, never an older one; None if there is none."""
        ...

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save if the tag is still ``expect`` (None: if there is nothing); give the new tag.

        Raises:
            Conflict: the condition did not hold; nothing was saved.
            Unavailable: the outcome is not known.
            RecordTooLarge: nothing was saved.
        """
        ...

    async def list(self, query: Query, *, after: str = "", limit: int = 100) -> Page:
        """Give one page of keys, in order, that come after ``after``.

        A store that keeps no summaries gives them as None and may leave the other
        fields of the query than ``prefix`` to its caller.
        """
        ...

    async def delete(self, key: str, *, expect: str | None = None) -> None:
        """Remove the body; with ``expect`` only if its tag is still that (else Conflict)."""
        ...


class Bus(Protocol):
    """Where emitted events go."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Send the events, in order; return when every one of them is safe.

        Raises:
            PublishFailed: some were not accepted; carries their ids.
        """
        ...


class Alarm(Protocol):
    """Deliver an event later, at least once."""

    async def set(self, event: Event, due: datetime) -> None:
        """Deliver ``event`` at ``due`` or soon after; the same id again replaces nothing."""
        ...

    async def cancel(self, event_id: str) -> None:
        """Forget an event that was set, if it is still there; a hint, not a promise."""
        ...


class WakeUp(NamedTuple):
    """An event that an alarm is to deliver, and when."""

    event: Event
    due: datetime


class ArmingStore(Store, Protocol):
    """A Store that sets wake-ups of its own alarm in the very commit of a save; nobody has to.

    A Runtime whose alarm is this one has it do so, unless a subclass replaces ``save`` without
    ``save_arming``, or ``set`` of the alarm without its ``ride``, by which it hands over what
    is to be set.
    """

    @property
    def alarm(self) -> Alarm:
        """The alarm that keeps its wake-ups beside the bodies."""
        ...

    async def save_arming(
        self,
        key: str,
        body: bytes,
        wake_ups: Sequence[WakeUp],
        *,
        expect: str | None,
        summary: Summary | None = None,
    ) -> str:
        """Do what ``save`` does and set wake-ups, all of it or nothing.

        Raises:
            Conflict, RecordTooLarge: nothing was saved or set.
            Unavailable: the outcome is not known.
        """
        ...


class Held(Protocol):
    """A lease that is ours."""

    @property
    def lost(self) -> bool:
        """Whether the lease is known to have run out or been taken."""
        ...

    async def check(self) -> None:
        """Raise LeaseLost unless the lease is still ours."""
        ...


class Lease(Protocol):
    """Keep others away from a key for a while: spares work, promises nothing."""

    def hold(
        self, key: str, *, ttl: float = 30.0, wait: float = 0.0
    ) -> AbstractAsyncContextManager[Held]:
        """Hold ``key`` for the block, renewed in the background; ttl and wait in seconds.

        Raises:
            LeaseHeld: somebody else holds it, also after ``wait`` seconds.
        """
        ...


class Clock(Protocol):
    """The time, and waiting."""

    def now(self) -> datetime:
        """Give the present as an aware datetime in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


@runtime_checkable
class Room(Protocol):
    """What every adapter is besides: an async context manager that opens lazily."""

    async def close(self) -> None:
        """Give back what was opened; a closed room opens again on use."""
        ...
