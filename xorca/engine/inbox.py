"""Which events a process has seen: exact for as long as a repetition can come, and small.

An event stays in ``Record.inbox`` while something that it emitted may not be out. After
that 16 characters are left of it: an answer that was matched to its command goes to a short
ring (its repetition is judged by the awaited commands anyway), anything else to ``seen``,
which is moved to side objects page by page and forgotten by age.
"""

from __future__ import annotations

from collections.abc import Mapping

from xorca.engine.ids import side_name
from xorca.engine.record import Entry, Page, Record

KEY = 16
RING = 32 * KEY
PAGE = 64
"""How many keys the record itself keeps before they become a page."""
MERGES = ((PAGE, 16), (16 * PAGE, 8))
"""So many pages of so many keys become one; the largest has 8,192 keys, 128 kB."""
MAX_PAGES = 400
SPARE_HISTORY = 4


class NeedSides(Exception):
    """A step cannot go on without these side objects; load them and step again."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        super().__init__(", ".join(names))


class Sides:
    """Side objects: those at hand, those to write before the commit, those to drop after."""

    __slots__ = ("dropped", "loaded", "written")

    def __init__(self, loaded: Mapping[str, bytes] | None = None) -> None:
        self.loaded: Mapping[str, bytes] = loaded or {}
        self.written: dict[str, bytes] = {}
        self.dropped: list[str] = []

    def write(self, body: bytes, *, salt: str = "") -> str:
        """Add a side object and give its name.

        What may be written again after it was dropped needs a ``salt`` of its commit: the
        older one may still be on its way to be deleted.
        """
        name = side_name(salt.encode() + body)
        self.written[name] = body
        return name

    def read(self, *names: str) -> list[bytes]:
        """Give the bodies of side objects.

        Raises:
            NeedSides: some are not at hand.
        """
        missing = tuple(n for n in names if n not in self.loaded and n not in self.written)
        if missing:
            raise NeedSides(missing)
        return [self.written[n] if n in self.written else self.loaded[n] for n in names]

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
    bodies = sides.read(*[page.name for page in record.pages])
    wanted = key.encode("ascii")
    return any(_page_has(body, wanted) for body in bodies)


def _page_has(body: bytes, key: bytes) -> bool:
    """Search a page, whose keys are sorted: a small one as text, a large one by halves."""
    low, high = 0, len(body) // KEY
    if high <= PAGE and key not in body:
        return False
    while low < high:
        middle = (low + high) // 2
        if body[middle * KEY : middle * KEY + KEY] < key:
            low = middle + 1
        else:
            high = middle
    return body[low * KEY : low * KEY + KEY] == key


def settle_inbox(record: Record, sides: Sides, *, now: float, horizon: float) -> None:
    """Forget what need not be kept any more; called once before each save."""
    oldest, outbox = now - horizon, record.outbox
    for key, entry in list(record.inbox.items()):
        if entry.at < oldest:
            for emit in entry.emits:
                outbox.pop(emit, None)
        if not entry.dead and outbox.keys().isdisjoint(entry.emits):
            _retire(record, key, entry)
    if len(record.seen) >= PAGE * KEY:
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
    """Move the keys in the record to a page, and small pages into larger ones."""
    _write_page(record, sides, record.seen.encode("ascii"), record.seen_until)
    record.seen = ""
    for size, count in MERGES:
        group = [page for page in record.pages if page.keys == size]
        if len(group) == count:
            body = b"".join(sides.read(*[page.name for page in group]))
            record.pages = [page for page in record.pages if page.keys != size]
            sides.dropped.extend(page.name for page in group)
            _write_page(record, sides, body, group[-1].until, size * count)


def _write_page(record: Record, sides: Sides, body: bytes, until: float, keys: int = PAGE) -> None:
    ordered = b"".join(sorted(body[at : at + KEY] for at in range(0, len(body), KEY)))
    # A life of this process id that was deleted may have had the same page, or a worker that
    # died before its commit: see write. So no commit refers to what another one wrote.
    salt = f"{record.incarnation}-{record.revision}"
    record.pages.append(Page(sides.write(ordered, salt=salt), until, keys))
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
