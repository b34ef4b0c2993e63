"""Waiting for the end of a process: woken by this Runtime, else looking now and then."""

from __future__ import annotations

import asyncio
import math
from asyncio import FIRST_COMPLETED, Future
from datetime import timedelta

from xorca.engine.record import ACTIVE, DELETED, FAILED, Record, unseal
from xorca.engine.routing import Registry
from xorca.errors import ConfigurationError, PortError, ProcessNotFound, ResultTimeout
from xorca.ports import Clock, Store
from xorca.runtime.ends import Ends
from xorca.runtime.naming import check_found, key_of
from xorca.runtime.reading import Description, description_of
from xorca.runtime.unfinished import awaited_by

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Between two looks, in seconds: it doubles from the first to the longest."""

LONGEST_READ, GRACE = 30.0, 1.0
"""How long one read may hang, and how long at least, in seconds."""


def seconds_of(timeout: object) -> float:
    """Give a time-out in seconds, infinite if it is None.

    Raises:
        ConfigurationError: it is no length of time.
    """
    if timeout is None:
        return math.inf
    if isinstance(timeout, timedelta):
        return timeout.total_seconds()
    if isinstance(timeout, (int, float)) and not isinstance(timeout, bool):
        seconds = float(timeout)
        if not math.isnan(seconds):
            return seconds
    raise ConfigurationError(
        f"timeout= is a number of seconds, a timedelta, or None for ever; not {timeout!r}"
    )


class Waiter:
    """One who waits for the end of one process."""

    __slots__ = ("_clock", "_ends", "_failure", "_key", "_registry", "_seen", "_store", "_subject")

    def __init__(self, subject: str, *, store: Store, clock: Clock, ends: Ends) -> None:
        self._subject, self._key = subject, key_of(subject)
        self._store, self._clock, self._ends = store, clock, ends
        self._seen: Record | None = None
        self._failure: Exception | None = None

    async def wait(self, seconds: float, registry: Registry) -> Description:
        """Wait until the process is over and describe it.

        Raises:
            ProcessNotFound: it was deleted, or never came.
            ResultTimeout: it was not over in time.
            RecordError: what is stored cannot be trusted.
        """
        end, pause = self._now() + seconds, FIRST_PAUSE
        while True:
            with self._ends.watch(self._key) as woken:
                over = await self._look(end - self._now())
                if over is not None:
                    return description_of(over)
                nap = min(pause, end - self._now())
                told = nap > 0 and await self._nap(woken, nap)
            if not told and nap < FIRST_PAUSE:
                raise self._expired(seconds, registry)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    # -- looking ------------------------------------------------------------------

    async def _look(self, left: float) -> Record | None:
        """Read the record; None while the process is not over, or cannot be read."""
        try:
            async with asyncio.timeout(min(max(left, 0.0) + GRACE, LONGEST_READ)):
                stored = await self._store.load(self._key)
        except (PortError, TimeoutError) as exc:
            self._failure = exc
            return None
        self._failure = None
        return self._judge(None if stored is None else unseal(stored.body, where=self._key))

    def _judge(self, record: Record | None) -> Record | None:
        if record is None:
            if self._seen is not None:
                raise ProcessNotFound(f"{self._subject} was deleted")
            return None
        if self._may_still_come(record):
            return None
        check_found(record, self._subject)
        if record.status != ACTIVE:
            return record
        self._seen = record
        return None

    def _may_still_come(self, record: Record) -> bool:
        """Tell whether what lies there is no process, and a start may put ours in its place."""
        if record.subject == self._subject or record.status not in (FAILED, DELETED):
            return False
        version = self._subject.split("/")[1]
        return record.past is None or version not in record.past.versions

    # -- waiting ------------------------------------------------------------------

    async def _nap(self, woken: Future[None], seconds: float) -> bool:
        """Wait until told, or so long at most; tell which it was."""
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((woken, sleeping), return_when=FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            await asyncio.wait((sleeping,))
        if not sleeping.cancelled():
            sleeping.result()
        return woken.done()

    # -- giving up -------------------------------------------------------------------

    def _expired(self, seconds: float, registry: Registry) -> Exception:
        waited = f"within {max(seconds, 0.0):g} s"
        if self._failure is not None:
            cause = str(self._failure) or type(self._failure).__name__
            error = ResultTimeout(f"{self._subject}: no end was seen {waited}; {cause}")
            error.__cause__ = self._failure
            return error
        if self._seen is None:
            return ProcessNotFound(
                f"no process {self._subject} is stored, and none was started {waited}: was its"
                " start sent, and does a worker run?"
            )
        found = description_of(self._seen)
        definition = registry.definition(found.name, found.version)
        for_what = awaited_by(found, None if definition is None else definition.plan)
        return ResultTimeout(
            f"{self._subject} has not ended {waited}: it is in state {found.state!r}, revision"
            f" {found.revision}, and waits for {for_what}"
        )
