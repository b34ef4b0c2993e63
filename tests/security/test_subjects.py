"""A process id is any text, and leads to its own place and to no other (T1, T2)."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from tests.security.programs import Order, Purchase
from tests.unit.support import HandClock, answer, event, starting, told
from xorca import Runtime
from xorca.engine.ids import MAX_SUBJECT, make_subject, parse_subject, storage_key
from xorca.engine.record import unseal
from xorca.ports import Query, Store
from xorca.providers.arguments import MAX_KEY, check_key
from xorca.providers.local import SqliteStore
from xorca.providers.local.files import FileStore
from xorca.providers.memory import MemoryBus, MemoryStore

PREFIX = len("sec.purchase/1.0.0/")
ADVERSARIES = [
    ".",
    "..",
    "../../etc/passwd",
    "..\\..\\x",
    "a/b",
    "a%2Fb",
    "a%2fb",
    "a%252Fb",
    "/etc/passwd",
    "//host/share",
    "C:\\x",
    "con",
    "a" * 80 + "/../b",
    "Ab",
    "ab",
    "AB",
    " ab",
    "ab ",
    unicodedata.normalize("NFC", "é"),
    unicodedata.normalize("NFD", "é"),
    "\uff46\uff55\uff4c\uff4c",
    "İ",
    "i̇",
    "\u202egnp.exe",
    "a\u200bb",
    "🐋",
    "'; DROP TABLE record; --",
    '{"$ne":1}',
    "*",
    "_side",
    "%",
    "%00",
    "a\\u0000b",
]


@pytest.fixture(params=["memory", "sqlite", "files"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Store]:
    """Give every store there is."""
    places = {"sqlite": tmp_path / "x.db", "files": tmp_path / "root"}
    kinds = {"sqlite": SqliteStore, "files": FileStore}
    kind = request.param
    async with kinds[kind](places[kind]) if kind in kinds else MemoryStore() as made:
        yield made


def seen_in(place: Path) -> tuple[list[str], list[Path]]:
    """Give what lies in a directory, and the links below it."""
    return [one.name for one in place.iterdir()], [p for p in place.rglob("*") if p.is_symlink()]


def runtime_of(store: Store) -> Runtime:
    """Give a worker that remembers nothing."""
    return Runtime([Purchase], store=store, bus=MemoryBus(), clock=HandClock())


async def test_every_text_is_a_process_of_its_own(store: Store) -> None:
    """Adversarial ids live side by side, and each hears its own answer only."""
    commands = {}
    for pid in ADVERSARIES:
        (outcome,) = await runtime_of(store).handle(starting(Purchase, Order(pid), pid))
        assert outcome.status == "applied", pid
        commands[pid] = outcome.sent[0]

    for pid, command in commands.items():
        (outcome,) = await runtime_of(store).handle(answer(command, {"receipt": pid}))
        assert told(outcome) == ("applied", "paid"), pid

    for pid in ADVERSARIES:
        stored = await store.load(storage_key("sec.purchase", pid))
        assert stored is not None
        record = unseal(stored.body)
        parts = parse_subject(record.subject)
        assert parts is not None
        assert (parts.process_id, record.revision) == (pid, 2)


async def test_files_stay_below_their_root(tmp_path: Path) -> None:
    """Whatever a process is called."""
    store = FileStore(tmp_path / "root")
    async with store:
        for pid in ADVERSARIES:
            await runtime_of(store).handle(starting(Purchase, Order(pid), pid))

    names, links = seen_in(tmp_path)
    assert (names, links) == (["root"], [])


@pytest.mark.parametrize("letter", ["a", "é", "🐋", "%", "/"])
@pytest.mark.parametrize("over", [-1, 0, 1])
async def test_a_subject_has_a_longest(store: Store, letter: str, over: int) -> None:
    """At the limit and one byte under it there is a process; one over, a dead letter."""
    wide = len(make_subject("n", "1", letter).encode()) - len("n/1/")
    room = MAX_SUBJECT - PREFIX + over
    pid = letter * (room // wide) + "a" * (room % wide)
    assert len(make_subject("sec.purchase", "1.0.0", pid).encode()) == MAX_SUBJECT + over

    (outcome,) = await runtime_of(store).handle(starting(Purchase, Order("x"), pid))

    if over > 0:
        assert told(outcome) == ("dead", "process-id")
        assert (await store.list(Query())).items == ()
    else:
        assert told(outcome) == ("applied", "begin")


@pytest.mark.parametrize("pid", ["\0", "a\nb", "\x7f", "\ud800"])
async def test_what_no_event_may_carry_starts_nothing(store: Store, pid: str) -> None:
    """Control characters and halves of characters are refused by the reader."""
    body = starting(Purchase, Order("x"), "PID").to_json()
    given = body.replace(b'"PID"', json.dumps(pid).encode())
    assert given != body

    (outcome,) = await runtime_of(store).handle(given)

    assert outcome.status == "dead"
    assert (await store.list(Query())).items == ()


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1, max_size=200), st.text(min_size=1, max_size=200))
def test_keys_are_distinct_and_allowed(one: str, other: str) -> None:
    """Different ids have different keys, and every store takes every key."""
    keys = [storage_key("sec.purchase", pid) for pid in (one, other)]

    for key in keys:
        check_key(key)
        assert len(key) < MAX_KEY
    assert (keys[0] == keys[1]) is (one == other)


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1, max_size=200))
def test_a_subject_can_be_taken_apart_again(pid: str) -> None:
    """Into the very id that it was made of, and in one way only."""
    subject = make_subject("sec.purchase", "1.0.0", pid)

    found = parse_subject(subject)

    assert found is not None
    assert found.process_id == pid


@pytest.mark.parametrize(
    "subject",
    [
        "sec.purchase/1.0.0/a/b",
        "sec.purchase/1.0.0/a%2fb",
        "sec.purchase/1.0.0/a%",
        "sec.purchase//a",
        "sec.purchase/1.0.0/",
        "sec.purchase/1.0.0",
        "/sec.purchase/1.0.0/a",
        "sec.purchase/1.0.0/a/",
    ],
)
async def test_a_subject_has_one_spelling(store: Store, subject: str) -> None:
    """Another spelling is nobody's: no second way leads to a process."""
    (outcome,) = await runtime_of(store).handle(event("evt.bank.pay.success", subject=subject))

    assert outcome.status == "foreign"
