"""Asking for processes: their description, their lists, their results, and one at hand.

What does the work is imported when it is asked for: a worker on events needs none of it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from xorca.dsl.names import is_orchestrator_name
from xorca.engine.record import ACTIVE, CANCELLED, DELETED, ENDED, FAILED
from xorca.errors import ConfigurationError
from xorca.ports import Lease, Query, Summary
from xorca.runtime.attempt import Item, Stepper
from xorca.runtime.outcome import Outcome
from xorca.runtime.subject import LEASE_TTL, SubjectWorker
from xorca.runtime.wired import Wired

if TYPE_CHECKING:
    from xorca.runtime.live import LiveProcess
    from xorca.runtime.reading import Description

STATUSES = ("", ACTIVE, ENDED, FAILED, CANCELLED, DELETED)


class Handles(Wired):
    """The verbs of a Runtime that ask and wait."""

    if TYPE_CHECKING:  # as the Runtime itself has it

        async def _close(self, outcome: Outcome, *, publish: bool) -> Outcome: ...

    async def describe(self, subject: str) -> Description | None:
        """Describe what is stored of a process; None if there is none.

        Raises:
            PortError, RecordError: it cannot be read.
        """
        from xorca.runtime.reading import describe

        return await describe(self.store, subject)

    def processes(
        self, *, name: str = "", version: str = "", status: str = ""
    ) -> AsyncIterator[Summary]:
        """List the processes of the store, page by page, in the order of their keys.

        An empty argument asks for nothing. Deleted ones, while something is left of them,
        are given only for ``status="deleted"``.

        Raises:
            ConfigurationError: no process can have that status.
        """
        from xorca.runtime.reading import processes

        if status not in STATUSES:
            known = ", ".join(STATUSES[1:])
            raise ConfigurationError(f"no process is {status!r}: its status is one of {known}")
        prefix = f"{name}/" if is_orchestrator_name(name) else ""
        query = Query(prefix=prefix, name=name, version=version, status=status)
        return processes(self.store, query)

    async def result(self, subject: str, timeout: float | timedelta | None = None) -> Description:
        """Wait until a process is over and describe it: ended, failed or cancelled.

        One that is not there yet is waited for. Where this very Runtime applies its last
        event, the waiter is woken at once; otherwise it reads the store, first after a tenth
        of a second, later once a second. A store that fails meanwhile is asked again.

        Args:
            subject: The subject of the process.
            timeout: Seconds, or a timedelta; None waits for ever.

        Raises:
            ResultTimeout: it was not over in time; a ``TimeoutError``, too.
            ProcessNotFound: it was deleted, or did not come in time, or that is no subject.
            ConfigurationError: it is of an orchestrator that is not registered here.
            RecordError: what is stored cannot be trusted.
        """
        from xorca.runtime.loading import registered_key
        from xorca.runtime.result import Waiter, seconds_of

        registered_key(self.registry, subject)
        seconds = seconds_of(timeout)
        waiter = Waiter(subject, store=self.store, clock=self.clock, ends=self._ends)
        return await waiter.wait(seconds, self.registry)

    @asynccontextmanager
    async def process(
        self, subject: str, *, lease: Lease | None = None, wait: float = 0.0
    ) -> AsyncGenerator[LiveProcess]:
        """Have one process at hand for a block; what is sent to it is saved at the end.

        Everything that was sent is applied by one conditional save, from a fresh read if
        somebody else was quicker, and published. An exception in the block drops it.

        Args:
            subject: The subject of the process.
            lease: Held for the block, so that others who ask for it wait or go away.
            wait: How long to wait for the lease, in seconds.

        Raises:
            ProcessNotFound: there is none of that subject.
            ConfigurationError: it is of an orchestrator or version that is not registered.
            LeaseHeld: somebody else has the lease.
            LeaseLost: it was lost in the block; nothing was saved.
            UndeliveredError: at the end of the block, some outcome is ``retry``.
            PortError, RecordError: the process cannot be read.
        """
        from xorca.runtime.live import lived
        from xorca.runtime.loading import load_process, registered_key
        from xorca.runtime.trial import Trial

        key = registered_key(self.registry, subject)
        worker = self._worker
        async with AsyncExitStack() as stack:
            held = None
            if lease is not None:
                holding = lease.hold(key, ttl=LEASE_TTL, wait=wait)
                held = await stack.enter_async_context(holding)
                worker = replace(worker, lease=None)  # nobody waits for a lease of his own
            loaded = await load_process(worker, subject)
            trial = Trial(worker.stepper, loaded, store=worker.store, clock=worker.clock)

            stepper = Stepper(self.registry, self.limits, together=True)
            in_one = replace(worker, stepper=stepper)

            async def apply(items: list[Item]) -> list[Outcome]:
                return await self._apply(in_one, key, items)

            yield await stack.enter_async_context(lived(subject, trial, apply, held=held))

    async def _apply(self, worker: SubjectWorker, key: str, items: list[Item]) -> list[Outcome]:
        async def work(items: list[Item]) -> list[Outcome]:
            outcomes = await worker.run(key, items, publish=True)
            return [await self._close(outcome, publish=True) for outcome in outcomes]

        return await self._watch.handled(items, work)
