"""Deleting what a fleet need not remember any more."""

from __future__ import annotations

import asyncio
import logging

from xorca.errors import Conflict, RecordError
from xorca.fleet.remembered import unseal
from xorca.ports import Listed, Query, Store
from xorca.providers.listing import matches
from xorca.telemetry.lines import say

_AT_ONCE = 32


async def prune(store: Store, prefix: str, *, now: float) -> int:
    """Delete the entries below a prefix whose time has passed; give how many those were.

    Where the store keeps no summaries, the entries themselves are read.

    Raises:
        PortError: the store could not be used; what is left is pruned the next time.
    """
    query, after, gone = Query(prefix=prefix, due_before=now), "", 0
    while True:
        page = await store.list(query, after=after, limit=_AT_ONCE)
        work = (_forget(store, item, query) for item in page.items)
        for found in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(found, BaseException):
                raise found
            gone += found
        if page.after is None:
            return gone
        after = page.after


async def _forget(store: Store, item: Listed, query: Query) -> bool:
    if item.summary is not None and not matches(query, item.summary):
        return False
    stored = await store.load(item.key)
    if stored is None or (item.summary is None and not _is_over(item.key, stored.body, query)):
        return False
    try:
        # What was deleted and remembered anew since it was listed has another tag.
        await store.delete(item.key, expect=stored.tag)
    except Conflict:  # somebody else prunes at the same time
        return False
    return True


def _is_over(key: str, body: bytes, query: Query) -> bool:
    assert query.due_before is not None  # it asks for what is over
    try:
        return unseal(body, where=key).keep_until <= query.due_before
    except RecordError as exc:
        say(logging.WARNING, "memory.kept", f"{key} is not pruned", {"key": key}, error=exc)
        return False
