"""Ways to break the protocol on purpose: what proves that the check bites."""

from __future__ import annotations

from collections.abc import Callable

from xorca.engine import inbox
from xorca.engine.record import Entry, Record
from xorca.providers.local import record_sql
from xorca.runtime.attempt import Attempt, unsent
from xorca.runtime.cache import Warm
from xorca.runtime.subject import SubjectWorker


def overwrite() -> None:
    """Save whatever the tag: the last of two workers wins."""
    record_sql.UPDATE_REST = record_sql.UPDATE_REST.replace("tag = ? AND", "(tag = ? OR 1) AND")
    record_sql.UPDATE_ALL = record_sql.UPDATE_ALL.replace("tag = ?6", "(tag = ?6 OR 1)")


def forget() -> None:
    """Keep no inbox: an event that comes again is new."""

    def drop(record: Record, key: str, entry: Entry) -> None:
        del record.inbox[key]

    inbox._retire = drop


def hurry() -> None:
    """Send before the commit."""
    save = SubjectWorker._save

    async def send_first(
        self: SubjectWorker, key: str, attempt: Attempt, body: bytes, warm: Warm | None
    ) -> Warm:
        assert attempt.draft is not None
        assert self.bus is not None
        if waiting := unsent(attempt.draft, set()):
            await self.bus.publish(waiting)
        return await save(self, key, attempt, body, warm)

    SubjectWorker._save = send_first  # type: ignore[method-assign]


def withhold() -> None:
    """Acknowledge, and send nothing of what was decided in every ninth commit."""
    save = SubjectWorker._save
    commits = 0

    async def hide(
        self: SubjectWorker, key: str, attempt: Attempt, body: bytes, warm: Warm | None
    ) -> Warm:
        nonlocal commits
        commits += 1
        saved = await save(self, key, attempt, body, warm)
        if commits % 9 == 0 and attempt.draft is not None:
            saved.out.update(attempt.draft.fresh)
            attempt.draft.fresh = {}
        return saved

    SubjectWorker._save = hide  # type: ignore[method-assign]


SABOTAGES: dict[str, Callable[[], None]] = {
    "overwrite": overwrite,
    "forget": forget,
    "hurry": hurry,
    "withhold": withhold,
}
