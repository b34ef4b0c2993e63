"""Deleting a process: first what it decided is sent, then a tombstone takes its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xorca.engine.commit import Commit
from xorca.engine.record import ACTIVE, DELETED, Record
from xorca.engine.tombstones import entomb
from xorca.errors import ProcessActive, PublishFailed
from xorca.runtime.cancelling import cancel
from xorca.runtime.changing import Changer, SendFirst
from xorca.runtime.delivery import tidy
from xorca.runtime.naming import check_found, key_of, not_found

FORCED = "deleted by force"
"""The reason that is stored and told where a process was active when it was deleted."""

Allow = Callable[[Record], bool]
"""Tell whether a record, as it is stored now, may be deleted; it may raise instead."""


@dataclass(slots=True)
class Removal:
    """The wish to delete one process, however often that is tried.

    ``done`` tells whether it is deleted now, ``ours`` whether this is known to have done it.
    """

    allow: Allow
    done: bool = False
    ours: bool = False
    _life: str = ""

    def alter(self, commit: Commit) -> None:
        """Replace the record by its tombstone once nothing of it is unsent.

        Raises:
            SendFirst: something is.
        """
        record = commit.record
        self.done = record.status == DELETED and record.incarnation == self._life
        if self.done:
            # What this tried before is stored, though the store could not say so; or somebody
            # else has done the same.
            return
        if record.status == DELETED or not self.allow(record):
            return
        if record.outbox and record.updated >= commit.at - commit.limits.horizon:
            raise SendFirst
        self._life, self.done = record.incarnation, True
        entomb(commit)


async def delete(changer: Changer, subject: str, *, force: bool = False) -> None:
    """Delete a process that is not active; ``force`` cancels it first.

    Raises:
        ProcessNotFound: there is none.
        ProcessActive: it is active, and force was not asked for.
        PublishFailed: something that it decided could not be sent; nothing was deleted.
        PortError: the store is away, or others were quicker every time; try again.
    """
    key = key_of(subject)

    def allow(record: Record) -> bool:
        check_found(record, subject)
        if record.status == ACTIVE:
            raise ProcessActive(
                f"{subject} is active, in {record.state!r}: cancel it first, or delete it with"
                " force, which does so"
            )
        return True

    if force:
        await cancel(changer, subject, FORCED)
    if not await remove(changer, key, Removal(allow)):
        raise not_found(subject)


async def remove(changer: Changer, key: str, removal: Removal) -> bool:
    """Delete the record under a key, if the removal allows it; tell whether it did."""
    try:
        commit = await changer.change(key, removal.alter, send=False)
    except PublishFailed as exc:
        raise PublishFailed(f"{exc}; nothing was deleted", failed=exc.failed) from exc
    if commit is None or not removal.done:
        return False
    removal.ours = commit.changed
    changer.cache.drop(key)  # a tombstone is hardly ever asked for
    if not commit.changed and commit.record.past is not None:
        commit.sides.dropped.extend(commit.record.past.sides)
        await tidy(changer.store, changer.alarm, key, commit)
    return True
