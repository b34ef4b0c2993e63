"""Mending what a crash or a bug left behind: sweep, redrive.

What does the work is imported when it is asked for: a worker on events needs none of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING

from xorca.errors import LetterNotFound
from xorca.runtime.outcome import Outcome
from xorca.runtime.wired import Wired

if TYPE_CHECKING:
    from xorca.runtime.letters import DeadLetter
    from xorca.runtime.swept import Swept


class Repair(Wired):
    """The verbs of a Runtime that mend."""

    async def sweep(self, *, older_than: timedelta = timedelta(minutes=2), name: str = "") -> Swept:
        """Send what was committed and left unsent, and set wake-ups that were lost.

        It is for processes that nobody is at work on: an event that was committed by a worker
        that died before it was sent, and that nobody delivers again, leaves with the next
        sweep. A deferred event whose time is over is given up, and side objects that nobody
        can want any more are removed. Run it every few minutes, beside workers, as often as
        you like: what is sent twice has the same id and the same bytes.

        Args:
            older_than: For how long a process must have been left alone before what it holds
                is sent. What is due by itself does not wait for that.
            name: Only this orchestrator; by default those of this Runtime, in all versions.

        Raises:
            ConfigurationError: the Runtime has no bus.
            PortError: the store cannot be listed. What fails for one process is in the report.
        """
        from xorca.runtime.sweeping import sweep

        every = dict.fromkeys(definition.plan.name for definition in self.registry.definitions)
        names = (name,) if name else tuple(every)
        done = await sweep(self._changer, older_than=older_than, names=names)
        self._watch.swept(name or (names[0] if len(names) == 1 else ""), done)
        return done

    def dead_letters(self, *, name: str = "", subject: str = "") -> AsyncIterator[DeadLetter]:
        """Give the dead letters in the store, of one orchestrator, or of one process.

        Raises:
            ProcessNotFound: there is no process of that subject.
        """
        from xorca.runtime.letters import dead_letters

        return dead_letters(self.store, name=name, subject=subject)

    async def redrive(
        self, subject: str, event_id: str | None = None, *, dry_run: bool = False
    ) -> list[Outcome]:
        """Apply the dead letters of a process once more, after what was wrong is mended.

        Each is opened in one commit: the letter goes, and its event is stepped as if it came
        now, with the other parts of its join. One that fails again is a dead letter again,
        with the new cause. Nothing is applied twice, whoever else works on the process.

        Args:
            subject: The process.
            event_id: Only the letters of events with this id; by default all.
            dry_run: Say what would become of them, and change and send nothing.

        Returns:
            An outcome for each event, those of a join each. ``ignored`` with the status of a
            process that is over, and ``retry``, leave the letter where it is; so does ``dead``
            with the reason ``not-kept``, where only the cause of a letter was kept.

        Raises:
            ProcessNotFound: there is no such process.
            LetterNotFound: it has no dead letter of that id.
            PortError, RecordError: it cannot be read.
        """
        from xorca.runtime.letters import find
        from xorca.runtime.redriving import redrive, redriver

        found = await find(self.store, subject)
        letters = [one for one in found.record.dead if event_id in (None, one.id)]
        if not letters and not dry_run:
            # A redrive that was cut off between commit and publish is finished by its repetition.
            await self._changer.change(found.key, lambda _: None)
        if not letters and event_id is not None:
            raise LetterNotFound(
                f"{subject} has no dead letter of an event {event_id!r}; it may have been"
                " redriven before. 'xorca show' lists those that it has"
            )
        watch = None if dry_run else self._watch
        worker = redriver(self._worker, rehearse=dry_run)
        return await redrive(worker, found, letters, watch=watch)
