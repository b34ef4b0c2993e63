"""Resuming: somebody brings a continuation token, and it becomes its event."""

from __future__ import annotations

from functools import partial
from typing import Any

from xorca.runtime.outcome import Outcome
from xorca.runtime.wired import Wired


class Resume(Wired):
    """The verb of a Runtime for people and strangers. ``Any`` stands for a payload."""

    async def resume(self, token: str, payload: Any = None, *, publish: bool = True) -> Outcome:
        """Turn a continuation token into its event, once, and give what became of it.

        A token that is forged or expired costs no request to the store. Where the payload
        does not fit, or a guard says no, nothing is noted and the token is still good.

        Args:
            token: What ``self.token(...)`` gave.
            payload: What the handler takes: its own type, plain JSON values, or bytes of JSON
                as they came.
            publish: As of :meth:`handle`.

        Raises:
            TokenRefused: its ``reason`` is ``forged``, ``expired``, ``used`` or ``left``.
            PayloadError: no handler takes the payload; the token is still good.
            ConfigurationError: the Runtime has no ``tokens=``.
        """
        from xorca.runtime import resuming  # only who is given tokens needs it

        claim = resuming.read_token(token, self.tokens, self.clock.now())
        foreign = resuming.elsewhere(self.registry, claim)
        if foreign is not None:
            return foreign
        item = resuming.item_of(token, claim, payload, self.clock.now())
        work = partial(self._worker.run, item.route.key, publish=publish)
        (outcome,) = await self._watch.handled([item], work)
        return resuming.checked(outcome)
