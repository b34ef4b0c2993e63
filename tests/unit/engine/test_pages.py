"""Pages: what a process has seen, beyond what its record holds itself."""

from __future__ import annotations

from random import Random

import pytest

from tests.unit.support import answer, data_of, stage, told
from xorca import Final, Orchestrator, State, emit, on, start
from xorca.engine.inbox import KEPT, KEY, NeedSides, Sides, in_pages, settle_inbox
from xorca.engine.record import Entry, Origin, Page, Record
from xorca.events.ids import event_key
from xorca.runtime import Limits

HORIZON = 1000.0


def record() -> Record:
    """Give a process that has seen nothing."""
    origin = Origin("s-1", "/source", "t.start")
    return Record(1, "t/1.0.0/1", "t", "1.0.0", "i", 1, "active", "on", 0.0, 0.0, origin)


class Shelf:
    """A record with its side objects, as a worker and a store keep them."""

    def __init__(self) -> None:
        self.record, self.stored = record(), dict[str, bytes]()

    def see(self, keys: list[str], *, now: float = 0.0) -> Sides:
        """Note events that emitted nothing, one commit for all."""
        sides = Sides(self.stored)
        self.record.revision += 1
        self.record.inbox.update({key: Entry(now) for key in keys})
        settle_inbox(self.record, sides, now=now, horizon=HORIZON)
        self.stored |= sides.written
        for name in sides.dropped:
            del self.stored[name]
        return sides

    def knows(self, key: str) -> bool:
        """Tell whether a page or the record has a key."""
        seen = self.record.seen
        return in_pages(self.record, key, Sides(self.stored)) or (
            key in [seen[at : at + KEY] for at in range(0, len(seen), KEY)]
        )


def keys_of(count: int, name: str = "e") -> list[str]:
    """Give the keys of so many events."""
    return [event_key("/source", f"{name}-{number}") for number in range(count)]


def test_each_of_many_is_known_and_no_other() -> None:
    """Through pages that grow, are full, and become one."""
    shelf, keys = Shelf(), keys_of(12_000)
    for at in range(0, len(keys), KEPT):
        shelf.see(keys[at : at + KEPT])

    assert all(shelf.knows(key) for key in keys)
    assert not any(shelf.knows(key) for key in keys_of(5_000, "other"))


@pytest.mark.parametrize("count", [64, 1_000, 8_192, 20_000, 100_000])
def test_a_process_has_few_pages(count: int) -> None:
    """A worker that does not know it reads as many side objects as there are pages."""
    shelf, keys = Shelf(), keys_of(count)
    for at in range(0, count, KEPT):
        shelf.see(keys[at : at + KEPT])

    assert len(shelf.record.pages) <= 9 + count // 8_192
    assert sorted(page.name for page in shelf.record.pages) == sorted(shelf.stored)


@pytest.mark.parametrize("beginning", ["", "AA", "//", "zz", "Mq+Z"])
def test_keys_that_are_alike_are_found_as_well(beginning: str) -> None:
    """Whoever chooses ids can choose keys that stand elsewhere than digests would."""
    random, shelf = Random(7), Shelf()
    alphabet = "ABCXYZabcxyz0189+/"
    keys = [
        beginning + "".join(random.choices(alphabet, k=KEY - len(beginning))) for _ in range(3_000)
    ]
    held, absent = keys[::2], set(keys[1::2]) - set(keys[::2])
    for at in range(0, len(held), KEPT):
        shelf.see(held[at : at + KEPT])

    assert all(shelf.knows(key) for key in held)
    assert not any(shelf.knows(key) for key in absent)


def test_a_key_across_two_others_is_not_known() -> None:
    """The end of one key and the beginning of the next are no key."""
    shelf = Shelf()
    shelf.see(["AAAAAAAABBBBBBBB", "CCCCCCCCDDDDDDDD", *keys_of(KEPT)])

    assert not shelf.knows("BBBBBBBBCCCCCCCC")


def test_many_small_pages_become_one() -> None:
    """A record that was written with a page for every few keys is read on and tidied."""
    shelf, keys = Shelf(), keys_of(640)
    for at in range(0, len(keys), 64):
        name = f"old-{at}"
        shelf.stored[name] = "".join(sorted(keys[at : at + 64])).encode()
        shelf.record.pages.append(Page(name, float(at), 64))
    known_before = all(shelf.knows(key) for key in keys)
    shelf.see(more := keys_of(KEPT, "more"), now=700.0)

    assert known_before
    assert [(page.keys, page.until) for page in shelf.record.pages] == [(704, 700.0)]
    assert all(shelf.knows(key) for key in keys + more)
    assert len(shelf.stored) == 1


def test_old_pages_go_and_leave_a_floor() -> None:
    """What is older than the horizon is forgotten; the floor says up to when."""
    shelf = Shelf()
    shelf.see(old := keys_of(KEPT), now=10.0)
    shelf.see(keys_of(1, "new"), now=20.0 + HORIZON)

    assert not any(shelf.knows(key) for key in old)
    assert shelf.record.floor == 10.0
    assert shelf.stored == {}


def test_a_page_that_was_replaced_at_once_is_never_written() -> None:
    """Where the last small page fills eight large ones, only the joined page is stored."""
    shelf, keys = Shelf(), keys_of(8_192)
    written = 0
    for at in range(0, len(keys), KEPT):
        written = len(shelf.see(keys[at : at + KEPT]).written)

    assert written == 1
    assert [page.keys for page in shelf.record.pages] == [8_192]


def test_pages_that_are_not_at_hand_are_asked_for() -> None:
    """By their names, all at once."""
    shelf = Shelf()
    for at in range(20):
        shelf.see(keys_of(KEPT, f"k{at}"))
    names = {page.name for page in shelf.record.pages}

    with pytest.raises(NeedSides) as caught:
        in_pages(shelf.record, keys_of(1)[0], Sides())

    assert set(caught.value.names) == names
    assert len(names) == 2


async def test_an_answer_that_nobody_hears_is_buried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it comes again after its letter was given up and its key is in a page."""
    monkeypatch.setattr("xorca.engine.inbox.KEPT", 2)
    play = stage(Deaf, limits=Limits(dead=1))
    await play.start()
    first = answer(play.command("cmd.deaf.ask"), verdict="error")
    outcomes = [told(await play.give(first))]
    for _ in range(6):
        await play.say("evt.cat.fed")  # another letter
    assert (await play.record()).pages

    outcomes.append(told(await play.give(first)))

    assert outcomes == [("dead", "not-heard"), ("duplicate", "seen")]
    letters = [data_of(one)["event"]["id"] for one in play.sent("sys.xorca.deadletter")]
    assert letters.count(first.id) == 1


class Deaf(Orchestrator, name="t.deaf"):
    """It asks, and hears one of the two answers."""

    asking = State()
    done = Final()

    @start(to=asking)
    @emit("cmd.deaf.ask")
    def begin(self) -> int:
        return 1

    @on("evt.deaf.ask.success", at=asking, to=done)
    def answered(self) -> None: ...
