"""What is secret stays in the record, and what is logged is one line an entry (T13)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from tests.security.programs import Approval, Order, Paid, Purchase
from tests.security.test_tokens import Desk
from tests.unit.runtime.faults import FaultyBus, FaultyStore
from tests.unit.support import HandClock, answer, event, starting
from xorca import Outcome, Runtime
from xorca.errors import PublishFailed, TokenRefused
from xorca.events import Event
from xorca.fleet import Fleet
from xorca.handlers.local import LocalWorker
from xorca.ports import Query
from xorca.providers.azure.patience import Patience
from xorca.providers.azure.publishing import Publisher
from xorca.providers.http import HttpBus
from xorca.providers.local import SqliteStore
from xorca.providers.memory import MemoryBus, MemoryStore
from xorca.runtime import TokenKeys
from xorca.sealing import AesGcmSeal, HmacSeal, sealed

SECRET = "hunter2-4711-0815"
KEY = bytes(range(7, 39))
LINES = "a\nERROR forged: all is lost\r\x1b[31mred\x1b[0m\x00\u2028b"


def said(caplog: pytest.LogCaptureFixture) -> str:
    """Give all that was logged, with what hangs on it."""
    formatter = logging.Formatter("%(message)s")
    return "\n".join(formatter.format(record) for record in caplog.records)


async def everything_that_goes_wrong(store: object, bus: object) -> list[Outcome]:
    """Let secrets come by every way that fails."""
    runtime = Runtime([Purchase], store=store, bus=bus, clock=HandClock())  # type: ignore[arg-type]
    start = starting(Purchase, Order("x", SECRET))
    outcomes = await runtime.handle(start, start)
    command = outcomes[0].sent[0] if outcomes[0].sent else event("cmd.x.y", subject="x")
    for one in (
        event("evt.cat.fed", {"card": SECRET}, subject=command.subject),
        event("evt.parcel.sent", {"receipt": SECRET}, subject=command.subject),
        event("evt.parcel.sent", {"receipt": [SECRET]}, subject=command.subject),
        answer(command, Order("x", SECRET), "error"),
        answer(command, {SECRET: SECRET}),
        answer(command, Paid(SECRET)),
        event("evt.bank.pay.success", {"receipt": SECRET}, subject="sec.purchase/1.0.0/none"),
    ):
        outcomes += await runtime.handle(one)
    outcomes += await runtime.handle(b'{"id":"' + SECRET.encode() + b'", no')
    return outcomes


async def publish_by_http(events: Sequence[Event]) -> None:
    """Have a signer say the secret that it was given."""

    def sign(*_: object, **__: object) -> dict[str, str]:
        raise RuntimeError(LINES + SECRET)

    async with HttpBus("https://taker.example/events", signer=sign) as bus:  # type: ignore[arg-type]
        await bus.publish(events)


async def publish_on_azure(events: Sequence[Event]) -> None:
    """Have a credential say the secret that it was given."""

    async def bring(row: Sequence[Event], *, until: float) -> AsyncIterator[int]:
        raise RuntimeError(LINES + SECRET)
        yield 0

    rows = Publisher(
        "a queue", bring, rows=lambda found: [[*found]], at_once=1, patience=Patience()
    )
    await rows.publish(events)


@pytest.mark.parametrize("publish", [publish_by_http, publish_on_azure])
async def test_what_a_credential_says_is_in_no_log(
    publish: Callable[[Sequence[Event]], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    """One line says what was raised and where; the rest is on the level DEBUG."""
    caplog.set_level(logging.INFO)

    with pytest.raises(PublishFailed, match="RuntimeError was raised") as caught:
        await publish([event("cmd.x.y", subject="x")])

    assert SECRET not in f"{said(caplog)} {caught.value}"
    assert "RuntimeError at" in said(caplog)
    assert len(said(caplog).splitlines()) == 1


async def test_a_planted_secret_is_in_no_log_and_no_letter(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither the payload, nor the memory, nor what a handler says when it raises."""
    caplog.set_level(logging.INFO)
    bus = MemoryBus()

    outcomes = await everything_that_goes_wrong(MemoryStore(), bus)

    letters = [one.to_json().decode() for one in bus.published if "deadletter" in one.type]
    assert {one.status for one in outcomes} >= {"applied", "dead", "duplicate"}
    assert len(letters) >= 4
    assert caplog.records
    assert not [text for text in letters if SECRET in text]
    assert SECRET not in said(caplog)


async def test_rooms_that_fail_tell_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Store and bus may be away at any call."""
    caplog.set_level(logging.INFO)

    for at in range(6):
        plan = {at: "lost-response", at + 1: "lost-request", at + 2: "conflict"}
        await everything_that_goes_wrong(FaultyStore(plan), FaultyBus(times=at))

    assert caplog.records
    assert SECRET not in said(caplog)


async def test_a_damaged_record_tells_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Neither what stands in it nor the key that it was sealed with."""
    caplog.set_level(logging.INFO)
    for seal in (None, HmacSeal(KEY), AesGcmSeal(KEY)):
        below = MemoryStore()
        store = below if seal is None else sealed(below, seal)
        runtime = Runtime([Purchase], store=store, clock=HandClock())
        (begun,) = await runtime.handle(starting(Purchase, Order("x", SECRET)))
        (item,) = (await below.list(Query())).items
        stored = await below.load(item.key)
        assert stored is not None
        damaged = stored.body.replace(b"sec.purchase", b"sec.purchasE")
        await below.save(item.key, damaged + b" ", expect=stored.tag)
        cold = Runtime([Purchase], store=store, clock=HandClock())

        (outcome,) = await cold.handle(answer(begun.sent[0], Paid("r")))

        assert outcome.reason == "record"
        assert SECRET not in str(outcome.error)

    assert SECRET not in said(caplog)
    assert KEY.hex() not in said(caplog)
    assert repr(KEY) not in said(caplog)


async def test_tokens_and_their_keys_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Given, used, used again and forged: a token is a password."""
    caplog.set_level(logging.DEBUG)
    desk = Desk()
    token = await desk.begin()
    signature = token.rpartition(".")[2]
    texts = [repr(await desk.runtime.resume(token, {"yes": True, "by": "x"}))]

    for wrong in (token, token[:-3] + "abc", signature):
        with pytest.raises(TokenRefused) as caught:
            await desk.runtime.resume(wrong)
        texts.append(str(caught.value))

    assert signature not in said(caplog) + "".join(texts)
    assert bytes(range(32)).hex() not in repr(TokenKeys({"k1": bytes(range(32))}))


def hostile(**changes: str) -> list[Event]:
    """Give events with lines in every attribute that is logged."""
    plain = {"id": "1", "source": "/a", "type": "evt.a.b", "subject": "sec.purchase/1.0.0/p"}
    return [Event(**{**plain, name: value}) for name, value in changes.items()]


async def test_what_comes_from_outside_adds_no_line_to_a_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The reader refuses control characters, and what is left is escaped in the log."""
    caplog.set_level(logging.DEBUG)
    runtime = Runtime([Purchase, Approval], store=(store := MemoryStore()), alarm=store.alarm)
    await runtime.handle(starting(Purchase, Order("x"), "p"))

    for one in hostile(id=LINES, source="/" + LINES, type=LINES, subject=LINES):
        (outcome,) = await runtime.handle(one.to_json())
        assert (outcome.status, outcome.reason) == ("dead", "invalid-attribute")
    await runtime.handle(starting(Purchase, Order("x"), "p\u2028q\u202e").to_json())
    await runtime.handle(event("evt.a\u2028.b", subject="sec.purchase/1.0.0/p").to_json())

    assert any("evt.a\\u2028.b" in r.getMessage() for r in caplog.records)
    assert not [r for r in caplog.records if len(r.getMessage().splitlines()) > 1]
    assert not [r for r in caplog.records if not r.getMessage().isprintable()]


async def test_a_fleet_tells_no_secret(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Nor does a local worker that runs it: a service that raises is told of by its type."""
    caplog.set_level(logging.INFO)
    fleet = Fleet(source="/srvc/bank")

    @fleet.serves("cmd.bank.pay")
    async def pay(order: Order) -> Paid:
        raise RuntimeError(f"cannot charge {SECRET} for {order.item}")

    store = SqliteStore(tmp_path / "x.db")
    async with store, LocalWorker(store, [Purchase], fleets=[fleet]) as worker:
        await worker.channel.publish([starting(Purchase, Order(SECRET, SECRET))])
        await worker.run_until_idle(timeout=20)

    logged = [r for r in caplog.records if r.name == "xorca"]
    texts = [r.getMessage() for r in logged]
    assert logged
    assert not [text for text in texts if SECRET in text]
