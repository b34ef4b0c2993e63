"""Taking a store over: everything is closed anew, with the newest key of a seal."""

from __future__ import annotations

from dataclasses import dataclass

from xorca.errors import Conflict, RecordError, RecordTooLarge
from xorca.ports import Listed, Query, Store
from xorca.sealing.seal import Seal
from xorca.sealing.store import sealed


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many bodies were closed anew, and the keys and causes of those that were not."""

    closed: int
    refused: tuple[tuple[str, str], ...]


async def reseal(
    store: Store, seal: Seal, *, older: Seal | None = None, trust_unsealed: bool = False
) -> Resealed:
    """Close every body of a store with the newest key.

    Before a key is given up, and once when sealing begins. Workers may go on meanwhile,
    provided that they close with that key already: what they save first is theirs.

    Args:
        store: The store itself, not the sealed one.
        seal: What closes; it also knows the keys that closed before.
        older: A seal of another kind that closed before.
        trust_unsealed: Take what no seal has closed for what we wrote. Say it once, on a
            store that nobody else could write to.
    """
    closed, refused, after = 0, list[tuple[str, str]](), ""
    opens = (seal,) if older is None else (seal, older)
    while True:
        page = await store.list(Query(), after=after)
        for item in page.items:
            try:
                closed += await _reseal(store, opens, item, trust_unsealed)
            except (RecordError, RecordTooLarge) as error:
                refused.append((item.key, str(error)))
        if page.after is None:
            return Resealed(closed, tuple(refused))
        after = page.after


async def _reseal(store: Store, opens: tuple[Seal, ...], item: Listed, trusting: bool) -> bool:
    stored = await store.load(item.key)
    if stored is None:
        return False
    body = _opened(opens, item.key, stored.body, trusting)
    try:
        await sealed(store, opens[0]).save(item.key, body, expect=stored.tag, summary=item.summary)
    except Conflict:
        return False  # a worker saved it meanwhile, and closed it so
    return True


def _opened(opens: tuple[Seal, ...], key: str, data: bytes, trusting: bool) -> bytes:
    causes: list[str] = []
    for seal in opens:
        try:
            return seal.open(key, data)
        except RecordError as error:
            causes.append(str(error))
    if not trusting or looks_sealed(data):
        raise RecordError("; ".join(causes))
    return data


def looks_sealed(data: bytes) -> bool:
    """Tell whether bytes have the form of a seal of ours, whatever they are worth."""
    return data.startswith((b'{"sealed":"', b"xorca/"))
