"""A coroutine that has run as far as it need not wait."""

from __future__ import annotations

import asyncio

import pytest

from xorca.handlers.asgi.begun import Begun


async def test_what_need_not_wait_is_done_at_once() -> None:
    """And its result is there."""

    async def work() -> int:
        return 7

    begun = Begun(work())

    assert (begun.done, begun.result, await begun) == (True, 7, 7)


async def test_the_rest_runs_when_it_is_awaited() -> None:
    """However often it must wait, and for whatever."""
    loop = asyncio.get_running_loop()
    coming: asyncio.Future[int] = loop.create_future()

    async def work() -> int:
        found = await coming
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        return found

    begun = Begun(work())
    loop.call_later(0.01, coming.set_result, 8)

    assert not begun.done
    assert await begun == 8
    assert begun.done


async def test_what_it_raises_is_raised() -> None:
    """At once, or later."""

    async def work(pause: float | None) -> None:
        if pause is not None:
            await asyncio.sleep(pause)
        raise LookupError("lost")

    with pytest.raises(LookupError):
        Begun(work(None))
    begun = Begun(work(0.001))
    with pytest.raises(LookupError):
        await begun


async def test_it_hears_of_errors_and_may_go_on() -> None:
    """What it waits for may fail, and that is for itself to handle."""
    failing: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        try:
            await failing
        except ValueError:
            await asyncio.sleep(0)
            return "mended"
        return "untouched"

    begun = Begun(work())
    failing.set_exception(ValueError("broken"))

    assert await begun == "mended"


async def test_it_is_cancelled_with_whoever_waits() -> None:
    """It can clean up, and a time limit around it holds."""
    told: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            told.append("cancelled")
            raise

    begun = Begun(work())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await begun

    assert told == ["cancelled"]


def test_it_is_closed_with_whoever_waits() -> None:
    """As a generator is that nobody asks any more."""
    told: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.append("closed")

    async def outer() -> None:
        await Begun(work())

    async def run() -> None:
        waiting = outer()
        waiting.send(None)
        waiting.close()

    asyncio.run(run())

    assert told == ["closed"]
