"""Cancelling a process, by the commit protocol; its class need not be at hand."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import timedelta

from xorca.engine.cancelling import cancel_process
from xorca.engine.commit import Commit
from xorca.engine.record import ACTIVE, CANCELLED, kept_until
from xorca.errors import ConfigurationError, PublishFailed
from xorca.runtime.changing import Changer
from xorca.runtime.naming import check_found, key_of, not_found

MAX_REASON = 1000
"""How many characters of a reason are stored; a longer one is refused."""


@dataclass(slots=True)
class Cancellation:
    """What is to be done to a record, however often that is tried; ``status`` is what it has."""

    subject: str
    reason: str
    retain: timedelta | None
    room: int
    status: str = ""

    def alter(self, commit: Commit) -> None:
        """Cancel the process, if it is active."""
        check_found(commit.record, self.subject)
        self.status = cancel_process(commit, self.reason, room=self.room)
        if commit.changed and self.status == CANCELLED and self.retain is not None:
            commit.record.keep_until = kept_until(commit.at, self.retain)


async def cancel(
    changer: Changer, subject: str, reason: str, *, retain: timedelta | None = None
) -> str:
    """Cancel a process and send what follows from it; give the status that it has then.

    Raises:
        ProcessNotFound, ConfigurationError: there is nothing to cancel, or no reason to store.
        PublishFailed: the cancel stands, and something is yet to be sent.
        PortError: the store is away, or others were quicker every time; try again.
    """
    key = key_of(subject)
    _check_reason(reason)
    # Without a bus nothing would leave the outbox, so that all of it has to fit at once.
    room = sys.maxsize if changer.bus is None else changer.store.limit // 4
    wanted = Cancellation(subject, reason, retain, room)
    while True:
        try:
            commit = await changer.change(key, wanted.alter)
        except PublishFailed as exc:
            raise _unsent(wanted, exc) from exc
        if commit is None:
            raise not_found(subject)
        if wanted.status != ACTIVE:
            return wanted.status


def _unsent(wanted: Cancellation, exc: PublishFailed) -> PublishFailed:
    is_over = wanted.status != ACTIVE
    what = f"is {wanted.status}, and that stands" if is_over else "is not cancelled yet"
    return PublishFailed(
        f"{wanted.subject} {what}, but {len(exc.failed)} event(s) of it could not be sent"
        f" ({exc.__cause__ or exc}). Cancel it again, or sweep, to send them",
        failed=exc.failed,
    )


def _check_reason(reason: object) -> None:
    if not isinstance(reason, str) or len(reason) > MAX_REASON:
        shown = f"{len(reason):,} characters" if isinstance(reason, str) else repr(reason)[:100]
        raise ConfigurationError(
            f"the reason of a cancel is a text of at most {MAX_REASON:,} characters, not {shown}"
        )
    if not reason.isascii() and any("\ud800" <= char <= "\udfff" for char in reason):
        raise ConfigurationError(f"the reason {reason[:100]!r} holds half a character")
