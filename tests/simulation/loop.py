"""An event loop without an outside world: virtual time, and every wait is the schedule's.

Locks, tasks, ``gather`` and time-outs of the code under test work as they are. A worker that
is killed is put into ``dead``: nothing created in its context runs again, not even a
``finally``. The loop is at rest when nothing is ready and nothing waits for a time.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine
from heapq import heappop, heappush
from typing import Any, NamedTuple, TypeVarTuple, cast

LAST_WORDS = 10_000
Ts = TypeVarTuple("Ts")
WORKER: contextvars.ContextVar[int] = contextvars.ContextVar("worker", default=0)


class Restless(Exception):
    """The simulated world did not come to rest within the steps it was given."""


class Parked(NamedTuple):
    """A call that waits for its turn: of which worker, and what it will do with what."""

    worker: int
    verb: str
    about: str


class SimLoop(asyncio.AbstractEventLoop):
    """Runs what is ready in order; then lets the earliest wait end.

    With ``choose`` (given all parked calls, it gives the place of the one to go on) calls made
    through :meth:`pause` wait for their turn instead of for a time.
    """

    def __init__(self, choose: Callable[[list[Parked]], int] | None = None) -> None:
        self.now = 0.0
        self.dead: set[int] = set()
        self.errors: list[dict[str, Any]] = []
        self.steps = 0
        self.is_over = False
        self._ready: deque[asyncio.Handle] = deque()
        self._unheard: list[asyncio.Handle] = []
        self._timed: list[tuple[float, int, Any]] = []
        self._count = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self._choose = choose
        self._parked: list[tuple[Parked, asyncio.Future[None]]] = []

    # -- what asyncio asks of a loop ------------------------------------------------

    def time(self) -> float:
        return self.now

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._push(when, handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self.now + delay, callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Do nothing; a cancelled handle is passed over when its time comes."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Any,
        *,
        name: str | None = None,
        context: contextvars.Context | None = None,
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(context)

    # -- what the simulated ports and the world use -----------------------------------

    def spawn(self, worker: int, coro: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begin a task that dies with its worker, and whatever it begins itself."""
        context = contextvars.copy_context()
        context.run(WORKER.set, worker)
        return self.create_task(coro, context=context)

    def wait(self, seconds: float) -> asyncio.Future[None]:
        """Give a future that is done after so much virtual time."""
        future: asyncio.Future[None] = asyncio.Future(loop=self)
        self._push(self.now + seconds, future)
        return future

    def pause(self, seconds: float, call: Parked) -> asyncio.Future[None]:
        """Give a future that is done after a time, or when it is this call's turn."""
        if self._choose is None:
            return self.wait(seconds)
        future: asyncio.Future[None] = asyncio.Future(loop=self)
        self._parked.append((call, future))
        return future

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Call something outside any worker after so much virtual time."""
        self._push(self.now + seconds, act)

    def _push(self, when: float, what: Any) -> None:
        self._count += 1
        heappush(self._timed, (when, self._count, what))

    # -- running -----------------------------------------------------------------------

    def run(self, *, steps: int = 100_000) -> None:
        """Run until nothing can move any more.

        Raises:
            Restless: something still moves after so many steps.
        """
        asyncio._set_running_loop(self)
        ready, timed, dead = self._ready, self._timed, self.dead
        try:
            while True:
                while ready:
                    self._count_step(steps)
                    handle = ready.popleft()
                    if dead and handle._context.get(WORKER) in dead:  # type: ignore[attr-defined]
                        self._unheard.append(handle)
                    elif not handle.cancelled():
                        handle._context.run(handle._callback, *handle._args)  # type: ignore[attr-defined]
                if self._parked:
                    self._release()
                elif timed:
                    when, _, what = heappop(timed)
                    self.now = max(self.now, when)
                    self._due(what)
                else:
                    return
                self._count_step(steps)
        finally:
            asyncio._set_running_loop(None)

    def _count_step(self, most: int) -> None:
        self.steps += 1
        if self.steps > most:
            raise Restless(f"still moving after {most} steps, at {self.now:.1f} s")

    def _release(self) -> None:
        assert self._choose is not None  # calls are parked only then
        at = self._choose([call for call, _ in self._parked])
        _, future = self._parked.pop(at)
        if not future.done():
            future.set_result(None)

    def _due(self, what: Any) -> None:
        if isinstance(what, asyncio.Future):
            future = cast("asyncio.Future[None]", what)
            if not future.done():
                future.set_result(None)
        elif isinstance(what, asyncio.TimerHandle):
            if not what.cancelled():
                self._ready.append(what)
        else:
            what()

    def close(self) -> None:
        """End whatever is left: its ports answer with a cancellation, whatever it asks."""
        self.is_over = True
        asyncio._set_running_loop(self)
        try:
            for task in self._tasks:
                if not task.done():
                    task.cancel()
            self._ready.extend(self._unheard)
            for _ in range(LAST_WORDS):
                if not self._ready:
                    break
                handle = self._ready.popleft()
                if not handle.cancelled():
                    handle._run()
            for task in self._tasks:
                task._log_destroy_pending = False  # type: ignore[attr-defined]
        finally:
            asyncio._set_running_loop(None)
        self._tasks.clear()
        self._ready.clear()
        self._unheard.clear()
        self._timed.clear()
