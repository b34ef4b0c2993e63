"""Side objects in a store: read when a step asks for them, written before their record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xorca.engine.ids import side_key
from xorca.errors import Conflict, RecordError
from xorca.ports import Store


class SideGone(RecordError):
    """A side object is not there: dropped by whoever saved since, or lost.

    A fresh read of the record tells which.
    """


async def load_sides(store: Store, key: str, names: Iterable[str]) -> dict[str, bytes]:
    """Read side objects of the record under a key.

    Raises:
        SideGone: one is not there; without it the record cannot be worked on.
    """
    found: dict[str, bytes] = {}
    for name in names:
        stored = await store.load(side_key(key, name))
        if stored is None:
            raise SideGone(f"the record at {key} lacks its side object {name}")
        found[name] = stored.body
    return found


async def save_sides(store: Store, key: str, written: Mapping[str, bytes]) -> None:
    """Write side objects; one that is there already is the same."""
    for name, body in written.items():
        await save_side(store, side_key(key, name), body)


async def save_side(store: Store, key: str, body: bytes) -> None:
    """Write one side object."""
    try:
        await store.save(key, body, expect=None)
    except Conflict:
        # The name is a hash of the body: it is there already, unless the conflict was with
        # a request that failed after all.
        if await store.load(key) is None:
            raise
