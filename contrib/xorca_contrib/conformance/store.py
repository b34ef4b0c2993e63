"""The promises of a Store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

import pytest

from xorca.errors import Conflict, RecordTooLarge, XorcaError
from xorca.ports import Query, Room, Store, Stored
from xorca_contrib.conformance.listing import ListingContract
from xorca_contrib.conformance.samples import BAD_KEYS, EVERY_BYTE, KEYS, LONGEST_KEY


class StoreContract(ListingContract):
    """Inherit this and give a fixture ``store``: an empty Store, closed afterwards.

    Set ``keeps_summaries = False`` for a store that lists names only, and override
    ``another`` where a second client of the same data can be had.
    """

    pytestmark = pytest.mark.asyncio
    rivals = 32

    async def another(self, store: Store) -> Store:
        """Give a second client that sees the same data; the contract does not close it."""
        return store

    async def test_missing_key_loads_as_none(self, store: Store) -> None:
        """What was never saved is None."""
        assert await store.load("a/b") is None

    async def test_saved_body_is_loaded(self, store: Store) -> None:
        """A load gives the body and the very tag that the save gave."""
        tag = await store.save("a/b", b"one", expect=None)

        assert await store.load("a/b") == Stored(b"one", tag)

    async def test_second_creation_is_refused(self, store: Store) -> None:
        """Creating what is there raises Conflict and changes nothing."""
        tag = await store.save("a/b", b"one", expect=None)

        with pytest.raises(Conflict):
            await store.save("a/b", b"two", expect=None)

        assert await store.load("a/b") == Stored(b"one", tag)

    async def test_creation_race_has_one_winner(self, store: Store) -> None:
        """Of many who create at once one wins, and it is its body that stays."""
        other = await self.another(store)
        saves = [
            (store, other)[number % 2].save("a/b", b"%d" % number, expect=None)
            for number in range(self.rivals)
        ]

        results = await gather(saves)

        winners = [number for number, result in enumerate(results) if isinstance(result, str)]
        losers = [result for result in results if isinstance(result, Conflict)]
        assert len(winners) == 1
        assert len(losers) == self.rivals - 1
        assert await body_of(other, "a/b") == b"%d" % winners[0]

    async def test_current_tag_is_taken(self, store: Store) -> None:
        """A save with the tag that was read goes through and gives a new tag."""
        first = await store.save("a/b", b"one", expect=None)

        second = await store.save("a/b", b"two", expect=first)

        assert second != first
        assert await store.load("a/b") == Stored(b"two", second)

    async def test_stale_tag_is_refused(self, store: Store) -> None:
        """A save with an older tag raises Conflict and changes nothing."""
        first = await store.save("a/b", b"one", expect=None)
        second = await store.save("a/b", b"two", expect=first)

        with pytest.raises(Conflict):
            await store.save("a/b", b"three", expect=first)

        assert await store.load("a/b") == Stored(b"two", second)

    async def test_update_race_has_one_winner(self, store: Store) -> None:
        """Of many who hold the same tag one wins."""
        tag = await store.save("a/b", b"start", expect=None)
        other = await self.another(store)
        saves = [
            (store, other)[number % 2].save("a/b", b"%d" % number, expect=tag)
            for number in range(self.rivals)
        ]

        results = await gather(saves)

        winners = [number for number, result in enumerate(results) if isinstance(result, str)]
        assert len(winners) == 1
        assert sum(isinstance(result, Conflict) for result in results) == self.rivals - 1
        assert await body_of(store, "a/b") == b"%d" % winners[0]

    async def test_increments_are_all_counted(self, store: Store) -> None:
        """Concurrent read-modify-save loops lose no increment."""
        await store.save("a/b", b"0", expect=None)
        other = await self.another(store)
        clients = [(store, other)[number % 2] for number in range(self.rivals)]

        await asyncio.gather(*(increment(client, "a/b", 10) for client in clients))

        assert await body_of(store, "a/b") == b"%d" % (self.rivals * 10)

    async def test_tag_of_a_missing_key_is_refused(self, store: Store) -> None:
        """A tag is no leave to create."""
        tag = await store.save("a/b", b"one", expect=None)
        await store.delete("a/b")

        with pytest.raises(Conflict):
            await store.save("a/b", b"two", expect=tag)

        assert await store.load("a/b") is None

    async def test_tag_from_before_a_deletion_is_refused(self, store: Store) -> None:
        """A key that was deleted and created anew does not take its old tags."""
        first = await store.save("a/b", b"one", expect=None)
        old = await store.save("a/b", b"two", expect=first)
        await store.delete("a/b")
        await store.save("a/b", b"three", expect=None)

        for tag in (first, old):
            with pytest.raises(Conflict):
                await store.save("a/b", b"four", expect=tag)

        assert await body_of(store, "a/b") == b"three"

    async def test_tag_of_another_key_is_refused(self, store: Store) -> None:
        """Tags belong to their key."""
        await store.save("a/b", b"one", expect=None)
        foreign = await store.save("a/c", b"other", expect=None)

        with pytest.raises(Conflict):
            await store.save("a/b", b"two", expect=foreign)

    @pytest.mark.parametrize("tag", ["", "0", "-1", "no tag", "'\"; --", "9" * 30, "\u0663", "*"])
    async def test_invented_tag_is_refused(self, store: Store, tag: str) -> None:
        """Nobody can guess a tag or break the store with one."""
        await store.save("a/b", b"one", expect=None)

        with pytest.raises(Conflict):
            await store.save("a/b", b"two", expect=tag)
        with pytest.raises(Conflict):
            await store.delete("a/b", expect=tag)

        assert await body_of(store, "a/b") == b"one"

    async def test_deleted_key_is_gone(self, store: Store) -> None:
        """After a deletion nothing is loaded or listed, and the key is free."""
        await store.save("a/b", b"one", expect=None)

        await store.delete("a/b")

        assert await store.load("a/b") is None
        assert (await store.list(Query())).items == ()
        await store.save("a/b", b"two", expect=None)

    async def test_deleting_nothing_is_no_error(self, store: Store) -> None:
        """A deletion without a condition may be repeated."""
        await store.delete("a/b")
        await store.delete("a/b")

    async def test_conditional_deletion_compares(self, store: Store) -> None:
        """A deletion with a stale tag raises Conflict, with the present one it goes through."""
        first = await store.save("a/b", b"one", expect=None)
        second = await store.save("a/b", b"two", expect=first)

        with pytest.raises(Conflict):
            await store.delete("a/b", expect=first)
        assert await body_of(store, "a/b") == b"two"

        await store.delete("a/b", expect=second)
        assert await store.load("a/b") is None

    async def test_conditional_deletion_of_nothing_is_refused(self, store: Store) -> None:
        """What is gone has no tag that could still hold."""
        tag = await store.save("a/b", b"one", expect=None)
        await store.delete("a/b")

        with pytest.raises(Conflict):
            await store.delete("a/b", expect=tag)

    @pytest.mark.parametrize("body", [b"", EVERY_BYTE, EVERY_BYTE[::-1] * 300, b"\0", b"\xff\xfe"])
    async def test_any_bytes_come_back(self, store: Store, body: bytes) -> None:
        """A body is bytes, whatever they are."""
        await store.save("a/b", body, expect=None)

        assert await body_of(await self.another(store), "a/b") == body

    async def test_body_of_the_limit_is_stored(self, store: Store) -> None:
        """A body may have as many bytes as the limit says."""
        body = bytes(store.limit)

        tag = await store.save("a/b", body, expect=None)

        assert await store.load("a/b") == Stored(body, tag)

    async def test_body_above_the_limit_is_refused(self, store: Store) -> None:
        """One byte more raises RecordTooLarge, for a new key and an old one."""
        tag = await store.save("a/b", b"one", expect=None)

        with pytest.raises(RecordTooLarge):
            await store.save("a/c", bytes(store.limit + 1), expect=None)
        with pytest.raises(RecordTooLarge):
            await store.save("a/b", bytes(store.limit + 1), expect=tag)

        assert await store.load("a/c") is None
        assert await store.load("a/b") == Stored(b"one", tag)

    @pytest.mark.parametrize("key", [LONGEST_KEY, *KEYS])
    async def test_every_good_key_is_taken(self, store: Store, key: str) -> None:
        """Keys have up to 200 of their characters."""
        await store.save(key, b"one", expect=None)

        assert await body_of(store, key) == b"one"

    @pytest.mark.parametrize("key", BAD_KEYS)
    async def test_bad_key_is_refused(self, store: Store, key: str) -> None:
        """Other keys raise an error of ours, and nothing is saved."""
        with pytest.raises(XorcaError):
            await store.save(key, b"one", expect=None)

        assert (await store.list(Query())).items == ()

    @pytest.mark.parametrize("key", ["../up", "a/../b", "/b", "a/./b", "..", "b/", "a//b"])
    async def test_dots_and_slashes_lead_nowhere(self, store: Store, key: str) -> None:
        """A key that looks like a path is refused, or is a key like any other."""
        for neighbour in ("b", "up", "a/b"):
            await store.save(neighbour, b"theirs", expect=None)

        try:
            await store.save(key, b"mine", expect=None)
        except XorcaError:
            mine = None
        else:
            mine = await body_of(store, key)

        assert mine in (None, b"mine")
        assert {await body_of(store, name) for name in ("b", "up", "a/b")} == {b"theirs"}

    async def test_keys_do_not_touch(self, store: Store) -> None:
        """Keys that resemble each other hold different bodies."""
        for key in KEYS:
            await store.save(key, key.encode(), expect=None)

        assert [await body_of(store, key) for key in KEYS] == [key.encode() for key in KEYS]

    async def test_reads_follow_writes(self, store: Store) -> None:
        """A load that begins after a save has returned gives nothing older."""
        reader = await self.another(store)
        tag: str | None = None
        for number in range(50):
            tag = await store.save("a/b", b"%d" % number, expect=tag)

            assert await reader.load("a/b") == Stored(b"%d" % number, tag)

    async def test_closed_store_opens_again(self, store: Store) -> None:
        """What was saved is there after closing, and tags still hold."""
        tag = await store.save("a/b", b"one", expect=None)
        if isinstance(store, Room):
            await store.close()
            await store.close()

        assert await store.load("a/b") == Stored(b"one", tag)
        await store.save("a/b", b"two", expect=tag)

    async def test_cancelled_callers_harm_nobody(self, store: Store) -> None:
        """After callers were cancelled at any moment the others are served, and rightly."""
        calls = [
            asyncio.ensure_future(store.save(f"a/{number:02d}", b"one", expect=None))
            for number in range(self.rivals)
        ]
        for number, call in enumerate(calls):
            if number % 2:
                await asyncio.sleep(0)
                call.cancel()

        results = await gather(calls)

        kept = [number for number, result in enumerate(results) if isinstance(result, str)]
        assert set(range(0, self.rivals, 2)) <= set(kept)
        assert [await body_of(store, f"a/{number:02d}") for number in kept] == [b"one"] * len(kept)
        await store.save("a/after", b"two", expect=None)


async def gather(calls: Sequence[Awaitable[str]]) -> list[object]:
    """Run all calls at once; give results and errors in their order."""
    return list(await asyncio.gather(*calls, return_exceptions=True))


async def body_of(store: Store, key: str) -> bytes | None:
    """Load a body without its tag."""
    stored = await store.load(key)
    return None if stored is None else stored.body


async def increment(store: Store, key: str, times: int) -> None:
    """Add one to a number, again and again, until each was counted."""
    for _ in range(times):
        while True:
            stored = await store.load(key)
            assert stored is not None
            try:
                await store.save(key, b"%d" % (int(stored.body) + 1), expect=stored.tag)
            except Conflict:
                await asyncio.sleep(0)
            else:
                break
