"""Answering a Query without a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xorca.ports import Listed, Page, Query, Summary


def matches(query: Query, summary: Summary | None) -> bool:
    """Whether a summary fits every field of the query but its prefix.

    A key without a summary fits only a query that asks for a prefix alone.
    """
    if summary is None:
        return not _asks(query)
    return (
        query.name in ("", summary.name)
        and query.version in ("", summary.version)
        and query.status in ("", summary.status)
        and query.pending in (None, summary.pending)
        and (query.due_before is None or _is_due(summary.due, query.due_before))
    )


def first_page(items: Iterable[Listed], *, limit: int) -> Page:
    """Take one page from the front of ``items``, which are in the order of keys."""
    page = tuple(_take(items, max(1, limit) + 1))
    more = len(page) > max(1, limit)
    kept = page[:-1] if more else page
    return Page(kept, kept[-1].key if more else None)


def _take(items: Iterable[Listed], count: int) -> Iterator[Listed]:
    for _, item in zip(range(count), items, strict=False):
        yield item


def _asks(query: Query) -> bool:
    fields = query.name or query.version or query.status
    return bool(fields) or query.due_before is not None or query.pending is not None


def _is_due(due: float | None, before: float) -> bool:
    return due is not None and due <= before
