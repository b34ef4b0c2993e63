"""Being told of the loss of a lease: the block that relied on it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from xorca.errors import ConfigurationError, LeaseLost, Unavailable
from xorca.ports import Held


@asynccontextmanager
async def while_held(held: Held, *, every: float = 5.0) -> AsyncGenerator[None]:
    """Cancel the block when the lease is lost; it is checked ``every`` so many seconds.

    ::

        async with lease.hold("reports/daily", ttl=900) as held, while_held(held):
            await write_the_report()

    Raises:
        LeaseLost: the lease was lost in the block.
    """
    if not every > 0:
        raise ConfigurationError(f"a lease is checked every so many seconds, not {every!r}")
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"
    before, losses = task.cancelling(), list[LeaseLost]()
    watcher = asyncio.create_task(_watch(held, every, losses, task.cancel))
    try:
        yield
    except asyncio.CancelledError:
        # A second cancellation, which somebody else asked for, goes on as what it is.
        if losses and task.uncancel() <= before:
            raise losses[0] from None
        raise
    else:
        if losses:
            task.uncancel()
            raise losses[0]
    finally:
        watcher.cancel()


async def _watch(
    held: Held, every: float, losses: list[LeaseLost], cancel: Callable[[], object]
) -> None:
    while not losses:
        await asyncio.sleep(every)
        losses.extend(await _look(held))
    cancel()


async def _look(held: Held) -> list[LeaseLost]:
    try:
        await held.check()
    except LeaseLost as loss:
        return [loss]
    except Unavailable as error:
        # Whether it is still ours is not known; once its time has run out, it is.
        if held.lost:
            return [LeaseLost(f"the lease could not be renewed in its time; stop ({error})")]
    return []
