"""The event loop of a server: the fastest that is installed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


def run_quickly(main: Coroutine[Any, Any, None]) -> None:
    """Run a program until its end, as ``asyncio.run`` does."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Give what makes a loop of libuv; None where there is none, so that asyncio's is taken."""
    try:
        import uvloop
    except ImportError:  # it is not made for Windows or PyPy
        return None
    return uvloop.new_event_loop
