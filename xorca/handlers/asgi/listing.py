"""One page of the processes in a store."""

from __future__ import annotations

from collections.abc import Collection

from xorca.engine.record import DELETED, unseal
from xorca.ports import Listed, Query, Store, Summary
from xorca.providers.listing import matches
from xorca.runtime.summary import summary_of

_LOOKS = 20
"""How many pages of the store are read for one of ours; most hold something that is asked for."""


async def page_of(
    store: Store, query: Query, *, names: Collection[str], after: str, limit: int
) -> tuple[list[Summary], str | None]:
    """Give a page of processes of some orchestrators, and the key to go on after.

    A page may be short, or empty, and have another after it.
    """
    found: list[Summary] = []
    following: str | None = after
    for _ in range(_LOOKS):
        page = await store.list(query, after=following or "", limit=limit - len(found))
        for item in page.items:
            summary = await _summary(store, item)
            if summary is not None and summary.name in names and _is_asked(query, summary):
                found.append(summary)
        following = page.after
        if following is None or len(found) >= limit:
            break
    return found, following


async def _summary(store: Store, item: Listed) -> Summary | None:
    if item.key.startswith("_"):  # side objects and the like, no records
        return None
    if item.summary is not None:
        return item.summary
    stored = await store.load(item.key)
    return None if stored is None else summary_of(unseal(stored.body, where=item.key))


def _is_asked(query: Query, summary: Summary) -> bool:
    return matches(query, summary) and (summary.status != DELETED or query.status == DELETED)
