"""Which events a process has seen: exact for as long as a repetition can come, and small.

An event stays in ``Record.inbox`` while something that it emitted may not be out. After
that 16 characters are left of it: an answer that was matched to its command goes to a short
ring (its repetition is judged by the awaited commands anyway), anything else to ``seen``.
That is moved to a side object, a page, which grows until it is full and another is begun;
full pages become a larger one, and pages are forgotten by age. So there are few of them,
each of which a worker that does not know the process has to read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isqrt

import msgspec

from xorca.engine.ids import side_name
from xorca.engine.record import Entry, Page, Record

KEY = 16
RING = 32 * KEY
KEPT = 64
"""How many keys the record itself keeps before they go to a page."""
FULL, LARGE, MERGED = 1024, 8192, 8
"""Keys of a page that grows no more; so many of these become one large page, of 128 kB."""
MAX_PAGES = 400
SPARE_HISTORY = 4


class NeedSides(Exception):
    """A step cannot go on without these side objects; load them and step again."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        super().__init__(", ".join(names))


class Sides(msgspec.Struct, eq=False):
    """Side objects: those at hand, those to write before the commit, those to drop after."""

    loaded: Mapping[str, bytes] = {}
    written: dict[str, bytes] = {}
    dropped: list[str] = []

    def write(self, body: bytes, *, salt: str = "") -> str:
        """Add a side object and give its name.

        What may be written again after it was dropped needs a ``salt`` of its commit: the
        older one may still be on its way to be deleted.
        """
        name = side_name(salt.encode() + body)
        self.written[name] = body
        return name

    def drop(self, name: str) -> None:
        """Drop a side object after the commit, or not write it in the first place."""
        if self.written.pop(name, None) is None:
            self.dropped.append(name)

    def read(self, *names: str) -> list[bytes]:
        """Give the bodies of side objects.

        Raises:
            NeedSides: some are not at hand.
        """
        loaded, written = self.loaded, self.written
        try:
            return [loaded[name] if name in loaded else written[name] for name in names]
        except KeyError:
            missing = tuple(n for n in names if n not in loaded and n not in written)
            raise NeedSides(missing) from None

    def kept(self, names: list[str]) -> dict[str, bytes]:
        """Give those of some side objects that are at hand."""
        held = {**self.loaded, **self.written}
        return {name: held[name] for name in names if name in held}


def packed_has(packed: str, key: str) -> bool:
    """Tell whether a string of 16-character keys holds one of them."""
    at = packed.find(key)
    while at >= 0:
        if at % KEY == 0:
            return True
        at = packed.find(key, at + 1)
    return False


def has_seen(record: Record, key: str) -> bool:
    """Tell whether the record itself knows that an event was seen and all it emitted is out."""
    # A plain search first: the key is hardly ever there, not even across two others.
    return (key in record.answered and packed_has(record.answered, key)) or (
        key in record.seen and packed_has(record.seen, key)
    )


def knows(record: Record, key: str) -> bool:
    """Tell whether the record itself knows an event, whatever became of it."""
    return key in record.inbox or has_seen(record, key)


def in_pages(record: Record, key: str, sides: Sides) -> bool:
    """Tell whether an older page knows the event; may raise NeedSides."""
    if not record.pages:
        return False
    wanted, rank = key.encode("ascii"), _rank(key)
    for body in sides.read(*[page.name for page in record.pages]):
        if _page_has(body, wanted, rank):
            return True
    return False


def _page_has(body: bytes, key: bytes, rank: float) -> bool:
    """Search a page, whose keys are sorted.

    Keys are digests, so a key is about as far into the page as its first letters are into
    all that there could be; where the neighbours do not confirm that, all is searched.
    """
    count = len(body) // KEY
    at, reach = int(count * rank), isqrt(count)
    low, high = at - reach, at + reach
    if low < 0 or body[low * KEY : low * KEY + KEY] > key:
        low = 0
    if high >= count or body[high * KEY : high * KEY + KEY] <= key:
        high = count
    found = body.find(key, low * KEY, high * KEY)
    while found >= 0 and found % KEY:
        found = body.find(key, found + 1, high * KEY)
    return found >= 0


_LETTERS = sorted("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_PLACES = {letter: place for place, letter in enumerate(_LETTERS)}


def _rank(key: str) -> float:
    """Tell how far into all that there could be a key stands, by its first letters: 0 to 1."""
    return (_PLACES[key[0]] + _PLACES[key[1]] / 64) / 64


def settle_inbox(record: Record, sides: Sides, *, now: float, horizon: float) -> None:
    """Forget what need not be kept any more; called once before each save."""
    oldest, outbox = now - horizon, record.outbox
    for key, entry in list(record.inbox.items()):
        if entry.at < oldest:
            for emit in entry.emits:
                outbox.pop(emit, None)
        if not entry.dead and outbox.keys().isdisjoint(entry.emits):
            _retire(record, key, entry)
    if len(record.seen) >= KEPT * KEY:
        _spill(record, sides)
    if record.pages or record.seen:
        _evict(record, sides, oldest)


def _retire(record: Record, key: str, entry: Entry) -> None:
    del record.inbox[key]
    if entry.answered:
        record.answered = (record.answered + key)[-RING:]
    else:
        record.seen += key
        record.seen_until = max(record.seen_until, entry.at)


def _spill(record: Record, sides: Sides) -> None:
    """Move the keys in the record to the page that grows, and full pages into a large one."""
    growing = [page for page in record.pages if page.keys < FULL]
    _join(record, sides, growing, seen=record.seen.encode("ascii"))
    record.seen = ""
    full = [page for page in record.pages if FULL <= page.keys < LARGE]
    if len(full) >= MERGED:
        _join(record, sides, full)


def _join(record: Record, sides: Sides, pages: Sequence[Page], *, seen: bytes = b"") -> None:
    """Put a page in the place of some, and of the keys in the record, if it has them too."""
    body = b"".join([*sides.read(*[page.name for page in pages]), seen])
    keys = sorted([body[at : at + KEY] for at in range(0, len(body), KEY)])
    until = max([page.until for page in pages] + ([record.seen_until] if seen else []))
    # A life of this process id that was deleted may have had the same page, or a worker that
    # died before its commit: see write. So no commit refers to what another one wrote.
    name = sides.write(b"".join(keys), salt=f"{record.incarnation}-{record.revision}")
    for page in pages:
        sides.drop(page.name)
    record.pages = [page for page in record.pages if page not in pages]
    record.pages.append(Page(name, until, len(keys)))
    record.pages.sort(key=lambda page: page.until)


def _evict(record: Record, sides: Sides, oldest: float) -> None:
    while record.pages and (record.pages[0].until < oldest or len(record.pages) > MAX_PAGES):
        page = record.pages.pop(0)
        record.floor = max(record.floor, page.until)
        sides.dropped.append(page.name)
    if record.seen and record.seen_until < oldest:
        record.floor = max(record.floor, record.seen_until)
        record.seen = ""


def make_room(record: Record, sides: Sides) -> bool:
    """Forget something at the size limit of a record; False if nothing can be spared.

    First the keys in the record, then its pages, then most of the history. What is older
    than the keys that went cannot be proven new any more, and is refused.
    """
    if record.seen:
        record.floor = max(record.floor, record.seen_until)
        record.seen = ""
    elif record.pages:
        record.floor = max(record.floor, *(page.until for page in record.pages))
        sides.dropped.extend(page.name for page in record.pages)
        record.pages = []
    elif len(record.history) > SPARE_HISTORY:
        del record.history[:-SPARE_HISTORY]
    else:
        return False
    return True
