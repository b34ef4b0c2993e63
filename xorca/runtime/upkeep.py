"""Keeping processes in order: cancel, delete, prune.

What does the work is imported when it is asked for: a worker on events needs none of it.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from xorca.engine.ids import parse_subject
from xorca.runtime.wired import Wired
from xorca.telemetry.lines import say

if TYPE_CHECKING:
    from xorca.runtime.pruning import Pruned


class Upkeep(Wired):
    """The verbs of a Runtime that end and remove processes."""

    async def cancel(self, subject: str, reason: str) -> str:
        """Cancel a process, and give the status that it has then.

        Its timers are taken back and its waiting events dropped; what a fan-out had yet to
        send is sent. Whoever started it by a command is answered ``.error``, with the reason
        ``cancelled``. A process that is over is left as it is.

        Args:
            subject: Which one: ``<name>/<version>/<process id>``; its class need not be here.
            reason: Why, at most 1,000 characters; it is stored, and told to the caller.

        Raises:
            ProcessNotFound: there is none.
            PublishFailed: it is cancelled, and something that follows could not be sent;
                cancelling again sends what is left.
            PortError: the store is away, or others were quicker every time; try again.
        """
        from xorca.runtime.cancelling import cancel

        status = await cancel(self._changer, subject, reason, retain=self._retain_of(subject))
        message, fields = f"{subject}: asked to end, is {status}", {"subject": subject}
        say(logging.INFO, "process.cancelled", message, {**fields, "status": status})
        return status

    async def delete(self, subject: str, *, force: bool = False) -> None:
        """Delete a process that is over: its memory, history and dead letters are gone.

        What it decided and what may not be out is sent first. A tombstone stays for the
        transport's horizon (``Limits.horizon``), so that what was sent to the process, its
        start included, does nothing when it comes late. Another start begins a new life.

        Args:
            subject: Which one.
            force: Cancel it first if it is active.

        Raises:
            ProcessNotFound: there is none, or it was deleted.
            ProcessActive: it is active.
            PublishFailed: something could not be sent; nothing was deleted.
            PortError: the store is away, or others were quicker every time; try again.
        """
        from xorca.runtime.removing import delete

        await delete(self._changer, subject, force=force)
        say(logging.INFO, "process.deleted", f"{subject}: deleted", {"subject": subject})

    async def prune(
        self, *, older_than: timedelta | None = None, name: str = "", dry_run: bool = False
    ) -> Pruned:
        """Delete the processes whose time is over, and remove old tombstones for good.

        The time of a process is over when it ended longer ago than its class says by
        ``retain=``, or than ``older_than``. Active processes are never touched. What a Fleet
        remembers in this store goes too when it is due. It may run beside workers, and in
        several places at once.

        Args:
            older_than: Also what ended longer ago than this, whatever its class says.
            name: Only processes of this orchestrator.
            dry_run: Only count.

        Raises:
            ConfigurationError: ``older_than`` is no length of time.
            PortError: the store could not be listed; pruning again goes on.
        """
        from xorca.runtime.pruning import Pruner

        return await Pruner(self._changer, older_than=older_than, name=name).run(dry_run=dry_run)

    def _retain_of(self, subject: str) -> timedelta | None:
        parts = parse_subject(subject)
        definition = self.registry.definition(parts.name, parts.version) if parts else None
        return definition.plan.retain if definition is not None else None
