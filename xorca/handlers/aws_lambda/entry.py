"""The synchronous entry that Lambda calls, and the one event loop behind it."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Final, Self
from weakref import finalize

from xorca.errors import ConfigurationError
from xorca.handlers.aws_lambda.core import LambdaCore
from xorca.handlers.aws_lambda.deadline import Timed
from xorca.telemetry.lines import say

GRACE: Final = 2.0
"""How long what is still running behind an answer may take, in seconds, before it is ended."""

_SHARE: Final = 0.25
"""Of what is left of the function's time, no more is waited: its answer is not to be lost."""

_TURNS: Final = 4
"""After so many turns of the loop it has seen which connections were closed in a freeze.

An encrypted one takes two.
"""


class LambdaEntry:
    """Calls a LambdaCore from a function that is not async.

    One event loop serves all invocations of a container, so that connections and what is
    cached live on. On Lambda the core is opened at once, while the function is initialised.
    """

    def __init__(self, core: LambdaCore) -> None:
        self.core = core
        self._loop: asyncio.AbstractEventLoop | None = None
        if os.environ.get("AWS_LAMBDA_FUNCTION_NAME") and not _is_in_loop():
            self._here().run_until_complete(core.open())

    def __call__(self, payload: object, context: object = None) -> object:
        """Take an invocation and give its answer.

        Raises:
            UndeliveredError: the invocation must come again as a whole.
            ConfigurationError: it was called from async code, or there is no bus.
        """
        if _is_in_loop():
            raise ConfigurationError(
                "this handler is what Lambda calls, and has a loop of its own: from async code"
                " use `await handler.core(payload, context)`"
            )
        return self._here().run_until_complete(self._invoke(payload, context))

    def close(self) -> None:
        """Close the rooms as far as this loop has opened them, and the loop.

        For tests and scripts: on Lambda nothing is closed. A closed handler opens again on use.
        """
        if self._loop is None or self._loop.is_closed():
            return
        self._loop.run_until_complete(self.core.close())
        self._loop.run_until_complete(_settle(GRACE))
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    async def _invoke(self, payload: object, context: object) -> object:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        try:
            return await self.core(payload, context)
        finally:
            await _settle(_grace_of(context))

    def _here(self) -> asyncio.AbstractEventLoop:
        """Give the loop of this container; one that somebody closed is replaced."""
        if self._loop is None or self._loop.is_closed():
            self._loop = asyncio.new_event_loop()
            finalize(self, self._loop.close)
        return self._loop


def _grace_of(context: object) -> float:
    if not isinstance(context, Timed):
        return GRACE
    return min(GRACE, max(0.0, context.get_remaining_time_in_millis() / 1000 * _SHARE))


async def _settle(grace: float) -> None:
    """Let what still runs end, or end it: a frozen container must hold nothing half done."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if not left:
        return
    _, late = await asyncio.wait(left, timeout=grace)
    for task in late:
        task.cancel()
    if late:
        say(logging.WARNING, "lambda.unsettled", f"{len(late)} task(s) outlived their invocation")
        await asyncio.wait(late, timeout=grace)


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
