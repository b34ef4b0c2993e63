"""Removing side objects that no record refers to, left behind by workers that died."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from xorca.engine.commit import Commit, Limits, noted
from xorca.engine.record import ACTIVE, Record, unseal
from xorca.engine.sweep import Collection, resting_time
from xorca.errors import PortError, RecordError
from xorca.ports import Query, Summary
from xorca.runtime.changing import Alter, Changer
from xorca.runtime.summary import summary_of
from xorca.runtime.swept import Tally

PAGE = 500
_ROOT = "_side/"


async def sweep_sides(changer: Changer, age: float, name: str, tally: Tally) -> None:
    """Remove side objects of processes that are long over, as far as nobody can want them.

    Those of a process without a record stay: a start that wrote them may be about to save it.
    """
    after: str | None = ""
    query = Query(prefix=f"{_ROOT}{name}/" if name else _ROOT)
    while after is not None:
        page = await changer.store.list(query, after=after, limit=PAGE)
        for key, names in _by_record(item.key for item in page.items).items():
            try:
                tally.sides += await _sweep(changer, key, names, age)
            except (PortError, RecordError) as exc:
                tally.fail(key, exc)
        after = page.after


def _by_record(keys: Iterable[str]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for side in keys:
        key, _, name = side.removeprefix(_ROOT).rpartition("/")
        found.setdefault(key, set()).add(name)
    return found


async def _sweep(changer: Changer, key: str, names: set[str], age: float) -> int:
    """Remove some of the side objects of one record; give how many."""
    summary = await _summary(changer, key)
    horizon = changer.limits.horizon
    if summary is None or summary.status == ACTIVE:
        return 0
    least = resting_time(summary.status, least=age, horizon=horizon)
    if summary.updated > noted(changer.clock.now()) - least:
        return 0
    opened = _opening(age, horizon)
    done = await changer.change(key, _dropping(names), opened=opened, send=False)
    return 0 if done is None else len(done.sides.dropped)


async def _summary(changer: Changer, key: str) -> Summary | None:
    """Give what is known of a record, without reading it where the store keeps that."""
    page = await changer.store.list(Query(prefix=key), limit=1)
    if not page.items or page.items[0].key != key:
        return None
    if page.items[0].summary is not None:
        return page.items[0].summary
    stored = await changer.store.load(key)
    return None if stored is None else summary_of(unseal(stored.body, where=key))


def _opening(age: float, horizon: float) -> Callable[[Record, datetime, Limits], Commit]:
    def opened(record: Record, now: datetime, limits: Limits) -> Commit:
        least = resting_time(record.status, least=age, horizon=horizon)
        return Collection(record, now, limits, before=noted(now) - least)

    return opened


def _dropping(names: set[str]) -> Alter:
    def drop(commit: Commit) -> None:
        assert isinstance(commit, Collection)  # it was opened so
        commit.drop(names)

    return drop
