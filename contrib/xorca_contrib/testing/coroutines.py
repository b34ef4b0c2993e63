"""Coroutine tests without a plugin for them."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def run_if_coroutine(item: pytest.Function) -> bool | None:
    """Run the test on an event loop of its own, or give None if it is no coroutine function.

    Plugins that take care of a coroutine test replace its function with a plain one, or run
    it before anybody else is asked; so what comes here is nobody's.
    """
    test = item.obj
    if not inspect.iscoroutinefunction(test):
        return None
    names = item._fixtureinfo.argnames  # pyright: ignore[reportPrivateUsage] # no public way
    arguments = {name: item.funcargs[name] for name in names}
    # A factory of its own leaves the thread's current event loop as other tests left it.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(test(**arguments))
    return True
