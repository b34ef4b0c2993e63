"""The promises of a Store's listing."""

from __future__ import annotations

import pytest

from xorca.ports import Listed, Query, Store, Summary
from xorca_contrib.conformance.samples import KEYS, summary


class ListingContract:
    """The part of the StoreContract that is about ``list``."""

    pytestmark = pytest.mark.asyncio
    keeps_summaries = True

    async def test_empty_store_lists_nothing(self, store: Store) -> None:
        """A listing of nothing is one page without a next."""
        page = await store.list(Query())

        assert (page.items, page.after) == ((), None)

    async def test_listing_is_in_order_of_keys(self, store: Store) -> None:
        """Keys come in the order of their characters, whatever the order of saving."""
        for key in KEYS:
            await store.save(key, b"one", expect=None)

        assert await keys_of(store, Query()) == sorted(KEYS)

    @pytest.mark.parametrize("size", [1, 3, 10, 11])
    async def test_pages_give_each_key_once(self, store: Store, size: int) -> None:
        """Walking the pages meets every key once, in order."""
        keys = [f"a/{number:02d}" for number in range(10)]
        for key in keys:
            await store.save(key, b"one", expect=None)

        assert await keys_of(store, Query(), limit=size) == keys

    async def test_page_is_no_longer_than_asked(self, store: Store) -> None:
        """A page has at most as many items as asked for, and says that there are more."""
        for number in range(5):
            await store.save(f"a/{number}", b"one", expect=None)

        page = await store.list(Query(), limit=2)

        assert len(page.items) == 2
        assert page.after is not None

    async def test_listing_goes_on_after_any_key(self, store: Store) -> None:
        """``after`` may be a key that was deleted meanwhile."""
        for key in ("a/1", "a/2", "a/3"):
            await store.save(key, b"one", expect=None)
        await store.delete("a/2")

        assert await keys_of(store, Query(), after="a/2") == ["a/3"]

    async def test_prefix_is_of_the_text(self, store: Store) -> None:
        """A prefix ends anywhere, not only at a slash."""
        for key in KEYS:
            await store.save(key, b"one", expect=None)

        for prefix in ("a/", "a", "a/b", "x.", "zz"):
            expected = sorted(key for key in KEYS if key.startswith(prefix))
            assert await keys_of(store, Query(prefix=prefix), limit=2) == expected

    async def test_prefix_and_after_go_together(self, store: Store) -> None:
        """A prefix is paged like everything else."""
        for key in ("a/1", "b/1", "b/2", "c/1"):
            await store.save(key, b"one", expect=None)

        assert await keys_of(store, Query(prefix="b/"), after="b/1") == ["b/2"]
        assert await keys_of(store, Query(prefix="b/"), after="a/9") == ["b/1", "b/2"]

    async def test_listing_follows_writes(self, store: Store) -> None:
        """A listing that begins after a save or deletion returned shows it."""
        tag = await store.save("a/b", b"one", expect=None)
        assert await keys_of(store, Query()) == ["a/b"]

        await store.delete("a/b", expect=tag)

        assert await keys_of(store, Query()) == []

    async def test_summary_comes_back(self, store: Store) -> None:
        """A summary is listed as it was saved last, or as None by a store without."""
        tag = await store.save("a/b", b"one", expect=None, summary=summary(status="live"))
        latest = summary(status="done", due=1_800_000_100.5, pending=True)
        await store.save("a/b", b"two", expect=tag, summary=latest)

        page = await store.list(Query())

        assert page.items == (Listed("a/b", latest if self.keeps_summaries else None),)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            (Query(name="books"), ["live", "late", "done"]),
            (Query(name="films"), ["film"]),
            (Query(name="books", version="2.0.0"), []),
            (Query(status="live"), ["film", "late", "live"]),
            (Query(name="books", status="done"), ["done"]),
            (Query(due_before=200.0), ["late"]),
            (Query(due_before=50.0), []),
            (Query(pending=True), ["done"]),
            (Query(pending=False, status="live"), ["film", "late", "live"]),
            (Query(prefix="a/l", name="books"), ["late", "live"]),
            (Query(name="'; DROP TABLE record; --"), []),
        ],
    )
    async def test_query_is_answered(self, store: Store, query: Query, expected: list[str]) -> None:
        """A store that keeps summaries filters by every field, page by page."""
        if not self.keeps_summaries:
            pytest.skip("this store keeps no summaries")
        for name, kept in _library().items():
            await store.save(f"a/{name}", b"one", expect=None, summary=kept)

        found = await keys_of(store, query, limit=1)

        assert found == sorted(f"a/{name}" for name in expected)

    async def test_query_follows_changes(self, store: Store) -> None:
        """A record that changed its status is found by the new one only."""
        if not self.keeps_summaries:
            pytest.skip("this store keeps no summaries")
        tag = await store.save("a/b", b"one", expect=None, summary=summary(status="live"))

        await store.save("a/b", b"two", expect=tag, summary=summary(status="done"))

        assert await keys_of(store, Query(status="live")) == []
        assert await keys_of(store, Query(status="done")) == ["a/b"]


def _library() -> dict[str, Summary]:
    return {
        "live": summary(),
        "late": summary(due=100.0),
        "done": summary(status="done", pending=True),
        "film": summary(name="films", due=300.0),
    }


async def keys_of(store: Store, query: Query, *, after: str = "", limit: int = 100) -> list[str]:
    """Walk all pages of a listing."""
    keys: list[str] = []
    place: str | None = after
    while place is not None:
        page = await store.list(query, after=place, limit=limit)
        keys += [item.key for item in page.items]
        assert page.after is None or page.after > place, "the listing does not advance"
        place = page.after
    return keys
