"""What was changed in the store is noticed, nothing comes of it, and it is left as it is (T9)."""

from __future__ import annotations

import json
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.security.programs import Order, Paid, Purchase
from tests.unit.support import HandClock, answer, event, starting, told
from xorca import Runtime
from xorca.engine.ids import storage_key
from xorca.engine.record import seal, unseal
from xorca.errors import ConfigurationError, MissingExtra, RecordError, RecordTooLarge
from xorca.events import Event
from xorca.ports import Query, Store
from xorca.providers.local import SqliteStore
from xorca.providers.local.files import FileStore
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.sealing import AesGcmSeal, HmacSeal, KeyRing, Seal, reseal, seal_of, sealed

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
RING = {"k1": OLD}
SEALS: dict[str, Callable[[dict[str, bytes]], Seal]] = {"hmac": HmacSeal, "aes-gcm": AesGcmSeal}
KEY, OTHER = storage_key("sec.purchase", "a"), storage_key("sec.purchase", "b")


@dataclass
class Shop:
    """Purchases in a store that somebody else can write to, too: ``below``."""

    below: Store
    store: Store
    bus: MemoryBus

    @classmethod
    def of(cls, seal: Seal | None, below: Store | None = None) -> Shop:
        """Make one, sealed or not."""
        inner = below or MemoryStore()
        return cls(inner, inner if seal is None else sealed(inner, seal), MemoryBus())

    def worker(self) -> Runtime:
        """Give a worker that remembers nothing."""
        return Runtime([Purchase], store=self.store, bus=self.bus, clock=HandClock())

    async def begin(self, pid: str = "a") -> Event:
        """Start a purchase; give the command that it sent."""
        (outcome,) = await self.worker().handle(starting(Purchase, Order("a chair", "4711"), pid))
        return outcome.sent[0]

    async def read(self, key: str = KEY) -> bytes:
        """Give the bytes as they lie in the store."""
        stored = await self.below.load(key)
        assert stored is not None
        return stored.body

    async def write(self, body: bytes, key: str = KEY) -> None:
        """Put other bytes there, as somebody with access to the store does."""
        stored = await self.below.load(key)
        await self.below.save(key, body, expect=None if stored is None else stored.tag)


async def nothing_comes_of_it(shop: Shop, command: Event, body: bytes) -> str:
    """Have a worker meet changed bytes; give what it said. Nothing is sent or saved."""
    await shop.write(body)
    sent = len(shop.bus.published)

    (outcome,) = await shop.worker().handle(answer(command, Paid("r-1")))

    assert told(outcome) == ("retry", "record")
    assert isinstance(outcome.error, RecordError)
    assert len(shop.bus.published) == sent
    assert await shop.read() == body
    return str(outcome.error)


def flipped(body: bytes, random: Random) -> bytes:
    """Change one bit."""
    at = random.randrange(len(body))
    return body[:at] + bytes([body[at] ^ 1 << random.randrange(8)]) + body[at + 1 :]


@pytest.mark.parametrize("kind", ["", *SEALS])
async def test_any_bit_that_is_flipped_is_noticed(kind: str) -> None:
    """Of two hundred, in every kind of record: nothing is emitted, nothing is saved."""
    shop = Shop.of(SEALS[kind](RING) if kind else None)
    command = await shop.begin()
    body, random = await shop.read(), Random(11)

    for _ in range(200):
        await nothing_comes_of_it(shop, command, flipped(body, random))

    await shop.write(body)
    (outcome,) = await shop.worker().handle(answer(command, Paid("r-1")))
    assert outcome.status == "applied"


@pytest.mark.parametrize("kind", ["", *SEALS])
async def test_a_record_that_was_cut_is_noticed(kind: str) -> None:
    """Wherever it was cut, and whatever was added."""
    shop = Shop.of(SEALS[kind](RING) if kind else None)
    command = await shop.begin()
    body = await shop.read()

    for other in (body[:-1], body[: len(body) // 2], body[:1], b"", body + b"}", body + body):
        await nothing_comes_of_it(shop, command, other)


async def test_a_checksum_stops_no_forger() -> None:
    """Without a key whoever can write can write what is taken: this is what a seal is for."""
    shop = Shop.of(None)
    command = await shop.begin()
    record = unseal(await shop.read())
    record.state = "shipping"
    await shop.write(seal(record))

    (outcome,) = await shop.worker().handle(
        event("evt.parcel.sent", {"receipt": "x"}, subject=command.subject)
    )

    assert told(outcome) == ("applied", "shipped")


@pytest.mark.parametrize("kind", SEALS)
async def test_a_record_without_a_seal_is_refused(kind: str) -> None:
    """A body that no seal has closed is no way around it, however right its checksum."""
    shop = Shop.of(SEALS[kind](RING))
    command = await shop.begin()
    plain = Shop.of(None)
    await plain.begin()

    said = await nothing_comes_of_it(shop, command, await plain.read())

    assert "is not sealed by" in said


@pytest.mark.parametrize(("kind", "other"), [("hmac", "aes-gcm"), ("aes-gcm", "hmac")])
async def test_another_kind_of_seal_is_refused(kind: str, other: str) -> None:
    """Even with the same key."""
    shop = Shop.of(SEALS[kind](RING))
    command = await shop.begin()
    elsewhere = Shop.of(SEALS[other](RING))
    await elsewhere.begin()

    assert "is not sealed by" in await nothing_comes_of_it(shop, command, await elsewhere.read())


@pytest.mark.parametrize("kind", SEALS)
async def test_a_record_stands_under_its_own_key(kind: str) -> None:
    """What was sealed for one process is refused in the place of another."""
    shop = Shop.of(SEALS[kind](RING))
    command = await shop.begin("a")
    await shop.begin("b")

    said = await nothing_comes_of_it(shop, command, await shop.read(OTHER))

    assert "stood under another key" in said


async def test_an_unsealed_record_is_not_taken_for_another_process() -> None:
    """Its subject is compared: the event finds no process of its own there."""
    shop = Shop.of(None)
    command = await shop.begin("a")
    await shop.begin("b")
    await shop.write(await shop.read(OTHER))
    sent = {one.id for one in shop.bus.published}

    (outcome,) = await shop.worker().handle(answer(command, Paid("r-1")))

    assert told(outcome) == ("retry", "no-record")
    assert {one.id for one in shop.bus.published} == sent
    assert await shop.read() == await shop.read(OTHER)


@pytest.mark.parametrize("kind", SEALS)
async def test_another_key_of_the_same_id_opens_nothing(kind: str) -> None:
    """The cause says that the id may mean another key here."""
    shop = Shop.of(SEALS[kind](RING))
    command = await shop.begin()
    shop.store = sealed(shop.below, SEALS[kind]({"k1": NEW}))

    said = await nothing_comes_of_it(shop, command, await shop.read())

    assert "'k1' is another key here" in said


@pytest.mark.parametrize("kind", SEALS)
async def test_a_key_that_is_not_known_is_named(kind: str) -> None:
    """And so are those that are known."""
    shop = Shop.of(SEALS[kind](RING))
    command = await shop.begin()
    shop.store = sealed(shop.below, SEALS[kind]({"k2": NEW}))

    said = await nothing_comes_of_it(shop, command, await shop.read())

    assert "sealed with the key 'k1', which is not known here (known: k2)" in said


@pytest.mark.parametrize("kind", SEALS)
async def test_keys_rotate(kind: str) -> None:
    """The newest closes, any known one opens; after a save the old one is not needed."""
    shop = Shop.of(SEALS[kind](RING))
    command = await shop.begin()
    shop.store = sealed(shop.below, SEALS[kind]({"k2": NEW, "k1": OLD}))

    await shop.worker().handle(answer(command, Paid("r-1")))
    shop.store = sealed(shop.below, SEALS[kind]({"k2": NEW}))

    (outcome,) = await shop.worker().handle(
        event("evt.parcel.sent", {"receipt": "x"}, subject=command.subject)
    )
    assert told(outcome) == ("applied", "shipped")


async def test_a_record_with_an_hmac_is_readable() -> None:
    """It is one JSON object, and the record stands in it as it is."""
    shop = Shop.of(HmacSeal(RING))
    await shop.begin()

    found = json.loads(await shop.read())

    assert (found["sealed"], found["key"]) == ("hmac-sha256", "k1")
    assert (found["body"]["state"], found["body"]["memory"]["card"]) == ("paying", "4711")


async def test_an_encrypted_record_tells_nothing() -> None:
    """Neither its memory nor its state; and no two saves of it are alike."""
    shop = Shop.of(AesGcmSeal(RING))
    await shop.begin()
    first = await shop.read()
    await shop.store.save("x/y", b"the same", expect=None)
    await shop.store.save("x/z", b"the same", expect=None)

    assert not any(word in first for word in (b"4711", b"chair", b"paying", b"memory"))
    assert (await shop.read("x/y"))[-24:] != (await shop.read("x/z"))[-24:]


@pytest.mark.parametrize("kind", SEALS)
async def test_side_objects_are_sealed(kind: str) -> None:
    """What a record keeps beside it is closed like the record, and a change of it noticed."""
    shop = Shop.of(SEALS[kind](RING))
    command = await shop.begin()
    notes = [event("evt.purchase.noted", subject=command.subject) for _ in range(130)]
    for one in notes:
        await shop.worker().handle(one)
    page = (await shop.below.list(Query(prefix="_side/"))).items[0]
    body = await shop.read(page.key)
    await shop.write(flipped(body, Random(5)), page.key)

    (outcome,) = await shop.worker().handle(event("evt.purchase.noted", subject=command.subject))

    assert told(outcome) == ("retry", "record")


@pytest.mark.parametrize("kind", SEALS)
@pytest.mark.parametrize("place", ["sqlite", "files"])
async def test_a_sealed_store_may_be_any_store(tmp_path: Path, place: str, kind: str) -> None:
    """A process lives in a sealed file, and a flipped bit of that is noticed."""
    below: Store = (
        SqliteStore(tmp_path / "x.db") if place == "sqlite" else FileStore(tmp_path / "state")
    )
    shop = Shop.of(SEALS[kind](RING), below)
    async with shop.store:  # type: ignore[attr-defined]
        command = await shop.begin()
        body = await shop.read()

        await nothing_comes_of_it(shop, command, flipped(body, Random(3)))
        await shop.write(body)
        (outcome,) = await shop.worker().handle(answer(command, Paid("r-1")))

    assert outcome.status == "applied"


async def test_the_limit_leaves_room_for_the_seal() -> None:
    """A body of the limit fits below; one more byte is refused before it is sent there."""
    for make in SEALS.values():
        below = MemoryStore(limit=1000)
        store = sealed(below, make(RING))

        await store.save("a/b", bytes(store.limit), expect=None)

        stored = await below.load("a/b")
        assert stored is not None
        assert len(stored.body) == 1000
        with pytest.raises(RecordTooLarge, match="its seal left out"):
            await store.save("a/c", bytes(store.limit + 1), expect=None)


def test_a_sealed_store_has_what_the_store_has(tmp_path: Path) -> None:
    """Channel, alarm, leases and path; but no method that might pass the seal by."""
    below = SqliteStore(tmp_path / "x.db")
    store = sealed(below, HmacSeal(RING))

    assert (store.channel, store.alarm, store.lease) == (below.channel, below.alarm, below.lease)
    assert store.path == below.path
    with pytest.raises(AttributeError, match="call it on the store itself"):
        store.from_url("sqlite:///x.db")
    with pytest.raises(ConfigurationError, match="a file store has no channel"):
        getattr(sealed(FileStore(tmp_path), HmacSeal(RING)), "channel")  # noqa: B009


@pytest.mark.parametrize(
    ("keys", "cause"),
    [
        (b"", "0 bytes"),
        (b"x" * 31, "31 bytes"),
        ("", "there is no key"),
        (" , ", "there is no key"),
        ({}, "there is no key"),
        ("k1:c2hvcnQ=", "5 bytes"),
        ("not a key, at all", "neither hexadecimal nor base64"),
        ({"a b": OLD}, "is no id for a key"),
        ({"": OLD}, "is no id for a key"),
        ({"x" * 33: OLD}, "is no id for a key"),
        (f"k1:{OLD.hex()},k1:{NEW.hex()}", "two keys have the id 'k1'"),
        (None, "is the variable that holds it set"),
        ({"k1": None}, "is the variable that holds it set"),
        ({1: OLD}, "a key is text or bytes, and this is int"),
        ([OLD.hex()], "a key is text or bytes, and this is list"),
    ],
)
def test_what_is_no_key_is_refused(keys: object, cause: str) -> None:
    """With the cause and a line that makes one, and without the key."""
    with pytest.raises(ConfigurationError, match=cause) as caught:
        KeyRing(keys)  # type: ignore[arg-type]

    assert OLD.hex() not in str(caught.value)


def test_keys_may_be_written_in_several_ways() -> None:
    """Hexadecimal, base64 in both alphabets; without an id it is the same everywhere."""
    tricky = bytes([251, 239, 190, 255] * 8)
    spelled = [tricky.hex(), tricky.hex().upper(), b64encode(tricky).decode()]
    spelled.append(urlsafe_b64encode(tricky).decode().rstrip("="))
    rings = [KeyRing(text) for text in spelled]

    assert {ring.newest for ring in rings} == {KeyRing(tricky).newest}
    assert {ring.get(ring.newest) for ring in rings} == {tricky}
    assert KeyRing(f"new:{tricky.hex()} , {OLD.hex()}").ids[0] == "new"


def test_keys_never_show_themselves() -> None:
    """Not in what is printed of them, their seals and stores."""
    shown = repr([KeyRing(RING), HmacSeal(RING), AesGcmSeal(RING), Shop.of(HmacSeal(RING)).store])

    assert OLD.hex() not in shown
    assert repr(OLD) not in shown
    assert "k1" in shown


def test_a_cipher_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line that installs it; an HMAC needs nothing."""
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)

    HmacSeal(RING)
    with pytest.raises(MissingExtra, match=r"pip install 'xorca\[seal\]'"):
        AesGcmSeal(RING)


def test_an_unknown_seal_is_named() -> None:
    """With those that there are."""
    with pytest.raises(ConfigurationError, match="use 'hmac' or 'aes-gcm'"):
        seal_of(OLD, "rot13")


async def test_a_store_is_taken_over() -> None:
    """Once, by word; afterwards nothing unsealed is taken, and old keys may go."""
    shop = Shop.of(None)
    command = await shop.begin()
    newest = HmacSeal({"k2": NEW, "k1": OLD})

    refused = await reseal(shop.below, newest)
    taken = await reseal(shop.below, newest, trust_unsealed=True)

    assert (refused.closed, [key for key, _ in refused.refused]) == (0, [KEY])
    assert (taken.closed, taken.refused) == (1, ())
    shop.store = sealed(shop.below, HmacSeal({"k2": NEW}))
    (outcome,) = await shop.worker().handle(answer(command, Paid("r-1")))
    assert outcome.status == "applied"


async def test_what_has_no_room_for_a_seal_is_named() -> None:
    """And the rest is taken over."""
    below = MemoryStore(limit=1_000)
    await below.save("a/full", bytes(1_000), expect=None)
    await below.save("b/small", b"1", expect=None)

    done = await reseal(below, HmacSeal(RING), trust_unsealed=True)

    assert (done.closed, [key for key, _ in done.refused]) == (1, ["a/full"])


async def test_a_store_changes_to_another_seal() -> None:
    """What the older kind has closed is closed by the newer; what was forged is left."""
    shop = Shop.of(HmacSeal(RING))
    await shop.begin("a")
    await shop.begin("b")
    await shop.write(flipped(await shop.read(OTHER), Random(2)), OTHER)

    done = await reseal(shop.below, AesGcmSeal(RING), older=HmacSeal(RING), trust_unsealed=True)

    assert (done.closed, [key for key, _ in done.refused]) == (1, [OTHER])
    stored = await sealed(shop.below, AesGcmSeal(RING)).load(KEY)
    assert stored is not None
    assert unseal(stored.body).state == "paying"
