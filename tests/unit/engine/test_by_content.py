"""Which process the event of a stranger is for, and what becomes of it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.orders import Order, Paid, Placed, order_id, paid, placed
from tests.unit.support import Number, Text, data_of, event, stage, told
from xorca import (
    Final,
    Orchestrator,
    State,
    Topic,
    all_of,
    anywhere,
    emit,
    end,
    on,
    start,
    stay,
)
from xorca.engine.record import seal


async def test_a_start_finds_its_process_by_its_content() -> None:
    """The process id is what the function gives."""
    play = stage(Order)

    outcome = await play.give(placed("o-1"))

    assert (*told(outcome), outcome.subject) == ("applied", "place", "t.order/1.0.0/o-1")


async def test_the_same_start_twice_starts_once() -> None:
    """The very same event is known by its source and id."""
    play = stage(Order)
    await play.give(placed("o-1", id="e-1"))

    assert told(await play.give(placed("o-1", id="e-1"))) == ("duplicate", "seen")


async def test_another_start_of_the_same_order() -> None:
    """Another event for a process that exists changes nothing, and is told of."""
    play = stage(Order)
    await play.give(placed("o-1", id="e-1"))

    assert told(await play.give(placed("o-1", id="e-2"))) == ("dead", "process-exists")
    assert play.names() == ["cmd.stock.reserve", "sys.xorca.deadletter"]


async def test_another_start_that_is_ignored() -> None:
    """With on_existing="ignore" it is only acknowledged."""

    class Tolerant(Orchestrator, name="t.tolerant"):
        @start("order.placed", to=end, process=order_id, on_existing="ignore")
        def place(self, placed: Placed) -> None: ...

    play = stage(Tolerant)
    await play.give(placed("o-1", id="e-1"))

    assert told(await play.give(placed("o-1", id="e-2"))) == ("ignored", "process-exists")


@pytest.mark.parametrize("subject", [None, "payments/7", "", "t.order/17", "t.order/2024/17"])
async def test_an_event_without_a_subject_of_ours(subject: str | None) -> None:
    """It finds its process by its content, whatever subject its sender gave it."""
    play = stage(Order)
    await play.give(placed("o-1"))
    await play.reply("cmd.stock.reserve")

    outcome = await play.give(paid("o-1", subject=subject))

    assert (*told(outcome), outcome.state) == ("applied", "paid", "done")


async def test_an_event_with_a_subject_of_ours() -> None:
    """The subject decides, whatever the content says."""
    play = stage(Order)
    for order in ("o-1", "o-2"):
        await play.give(placed(order))
        await play.reply("cmd.stock.reserve")

    outcome = await play.give(paid("o-1", subject="t.order/1.0.0/o-2"))

    assert outcome.subject == "t.order/1.0.0/o-2"
    assert (await play.record("o-1")).state == "unpaid"


async def test_the_extension_is_the_explicit_word() -> None:
    """An event that asks for a process id is not read."""
    play = stage(Order)

    begun = await play.give(placed("o-1", processid="asked"))
    await play.reply("cmd.stock.reserve")
    done = await play.give(paid(None, processid="asked"))

    assert begun.subject == "t.order/1.0.0/asked"
    assert told(done) == ("dead", "payload")  # it is found, and its handler cannot read it
    assert len((await play.record("asked")).dead) == 1


async def test_events_that_nobody_claims_pass_by() -> None:
    """What no handler says process= for is foreign, as ever."""
    play = stage(Order)

    assert told(await play.give(event("payment.refunded", {}, subject=None))) == (
        "foreign",
        "not-ours",
    )


async def test_an_answer_without_a_subject_is_not_claimed() -> None:
    """A handler that does not say process= is heard by its subject alone."""
    play = stage(Order)
    await play.give(placed("o-1"))

    outcome = await play.give(event("evt.stock.reserve.success", {"order": "o-1"}, subject=None))

    assert told(outcome) == ("foreign", "not-ours")


@pytest.mark.parametrize(
    ("order", "reason", "cause"),
    [
        ("raises", "process-raised", "'order_id' raised LookupError"),
        (5, "payload", "does not fit Paid: Expected `str`, got `int` - at `$.order`"),
        (None, "payload", "at `$.order`"),
        ("", "process-id", "'order_id' returned an empty text"),
        ("x" * 1024, "process-id", "longer than 1024 bytes"),
        ("é" * 506, "process-id", "longer than 1024 bytes"),
        ("a\x00b", "process-id", "U+0000"),
    ],
)
async def test_content_that_tells_no_process(order: Any, reason: str, cause: str) -> None:
    """A dead letter says why; it belongs to no record, and nothing is read or written."""
    play = stage(Order)

    outcome = await play.give(paid(order, subject="payments/7"))

    assert told(outcome) == ("dead", reason)
    letter = data_of(play.command("sys.xorca.deadletter"))
    assert cause in letter["cause"]
    assert "a secret" not in letter["cause"]
    assert letter["cause"].isascii()
    assert letter["reason"] == reason
    assert letter["subject"] == "payments/7"
    assert outcome.error is not None


async def test_the_longest_process_id() -> None:
    """A subject of 1,024 bytes is taken, one more is not."""
    play = stage(Order)
    longest = "x" * (1024 - len("t.order/1.0.0/"))

    assert (await play.give(placed(longest))).status == "applied"
    assert told(await play.give(placed(longest + "x"))) == ("dead", "process-id")


async def test_what_was_raised_is_behind_the_outcome() -> None:
    """The exception itself is for the log of whoever runs it."""
    play = stage(Order)

    outcome = await play.give(paid("raises"))

    assert isinstance(outcome.error, LookupError)


async def test_a_start_whose_content_tells_no_process() -> None:
    """The same holds for starts."""
    play = stage(Order)

    assert told(await play.give(placed("raises"))) == ("dead", "process-raised")
    assert told(await play.give(placed(""))) == ("dead", "process-id")
    assert told(await play.give(placed(7))) == ("dead", "payload")


async def test_no_memory_is_no_fault_of_the_event() -> None:
    """It must come again."""
    play = stage(Order)

    outcome = await play.give(paid("exhausts"))

    assert told(outcome) == ("retry", "resources")
    assert isinstance(outcome.error, MemoryError)
    assert play.names() == []


class Shade(str):
    """A text that shows itself as another."""

    __slots__ = ()

    def __str__(self) -> str:
        return "Shade.RED"


def giving(found: Any) -> type[Orchestrator]:
    """Define a class whose function gives this, whatever it is called with."""

    class Given(Orchestrator, name="t.given"):
        @start("a.b", to=end, process=lambda what: found)
        def begin(self) -> None: ...

    return Given


@pytest.mark.parametrize("found", [None, 5, b"x", ["x"], True])
async def test_an_id_that_is_no_text(found: Any) -> None:
    """It is not turned into one: 5 and "5" would be one process."""
    play = stage(giving(found))

    outcome = await play.give(event("a.b", subject=None))

    assert told(outcome) == ("dead", "process-id")
    assert f"returned {type(found).__name__}, and a process id is a str" in str(outcome.error)


async def test_an_id_that_is_more_than_text() -> None:
    """The text that it is counts, not how it shows itself, as a member of an enum may."""
    play = stage(giving(Shade("red")))

    assert (await play.give(event("a.b", subject=None))).subject == "t.given/1.0.0/red"


@pytest.mark.filterwarnings("error")
async def test_a_lambda_around_an_async_function() -> None:
    """What it gives is no text either, and nothing is left behind that was never awaited."""

    async def late(what: Any) -> str:
        return "p"

    class Late(Orchestrator, name="t.late"):
        @start("a.b", to=end, process=lambda what: late(what.text))  # type: ignore[arg-type,return-value]
        def begin(self, what: Text) -> None: ...

    play = stage(Late)

    outcome = await play.give(event("a.b", Text(""), subject=None))

    assert "returned coroutine" in str(outcome.error)


async def test_any_text_is_an_id() -> None:
    """Slashes and percent signs are encoded in the subject."""
    play = stage(Order)

    outcome = await play.give(placed("a/b%c ü"))

    assert outcome.subject == "t.order/1.0.0/a%2Fb%25c ü"
    assert (await play.record("a/b%c ü")).state == "reserving"


# -- what the function is called with -------------------------------------------------


async def test_the_payload_is_of_the_handlers_type() -> None:
    """The function gets what the handler gets."""
    seen: list[Any] = []

    class Typed(Orchestrator, name="t.typed"):
        @start("a.b", to=end, process=lambda what: seen.append(what) or what.text)
        def begin(self, what: Text) -> None: ...

    await stage(Typed).give(event("a.b", Text("p"), subject=None))

    assert seen == [Text("p")]


async def test_arms_are_tried_in_the_order_written() -> None:
    """As for the handler itself."""
    play = stage(Ways)
    await play.give(event("t.begin", Text("w"), subject=None))

    assert told(await play.give(event("a.b", Number(3), subject=None, x="1"))) == (
        "dead",
        "process-id",
    )
    assert told(await play.give(event("a.b", Text("w"), subject=None))) == ("applied", "hear")


def text_or_nothing(what: Text | Number) -> str:
    """Give the id of what has one."""
    return what.text if isinstance(what, Text) else ""


class Ways(Orchestrator, name="t.ways"):
    """Several ways in, by names and a pattern."""

    open = State()
    done = Final()

    heard: list[str] = []

    @start("t.begin", to=open, process=text_or_nothing)
    def begin(self, what: Text) -> None: ...

    @on("a.b", "a.c", at=open, to=stay, process=text_or_nothing)
    def hear(self, what: Text | Number) -> None:
        self.heard.append(self.event.get_type())

    @on("x.*", at=open, to=stay, process=text_or_nothing)
    @on("y.*.z", at=open, to=stay, process=text_or_nothing)
    def hear_more(self, what: Text) -> None:
        self.heard.append(self.event.get_type())

    @on("bye", at=open, to=done)
    def bye(self) -> None: ...


async def test_several_names_and_patterns() -> None:
    """Each is a way in; stacked ones too."""
    play = stage(Ways)
    await play.give(event("t.begin", Text("p"), subject=None))

    for name in ("a.b", "a.c", "x.1", "x.1.2", "y.1.z", "y.1", "x"):
        await play.give(event(name, Text("p"), subject=None))

    assert (await play.memory())["heard"] == ["a.b", "a.c", "x.1", "x.1.2", "y.1.z"]


async def test_an_exact_name_goes_before_a_pattern() -> None:
    """Its function is asked, for its payload may be another."""

    class Exact(Orchestrator, name="t.exact"):
        open = State()
        done = Final()

        @start("t.begin", to=open, process=text_or_nothing)
        def begin(self, what: Text) -> None: ...

        @on("a.*", at=open, process=text_or_nothing)
        def hear(self, what: Text) -> None: ...

        @on("a.number", at=open, to=done, process=lambda what: f"n{what.value}")
        def hear_number(self, what: Number) -> None: ...

    play = stage(Exact)
    await play.give(event("t.begin", Text("n1"), subject=None))

    assert told(await play.give(event("a.number", Number(1), subject=None))) == (
        "applied",
        "hear_number",
    )


async def test_a_handler_without_payload() -> None:
    """The function gets the JSON as it is."""

    class Blind(Orchestrator, name="t.blind"):
        @start("a.b", to=end, process=lambda what: what["order"]["id"])
        def begin(self) -> None: ...

    outcome = await stage(Blind).give(event("a.b", {"order": {"id": "7"}}, subject=None))

    assert outcome.subject == "t.blind/1.0.0/7"


async def test_a_topic_tells_the_payload() -> None:
    """A handler that takes nothing may hear a topic."""
    changed = Topic("a.b", Text)

    class Named(Orchestrator, name="t.topic"):
        @start(changed, to=end, process=lambda what: what.text)
        def begin(self) -> None: ...

    assert (
        await stage(Named).give(event("a.b", Text("7"), subject=None))
    ).subject == "t.topic/1.0.0/7"


async def test_text_that_is_no_json() -> None:
    """A handler that takes text lets the function read it."""

    class Lines(Orchestrator, name="t.lines"):
        @start("a.b", to=end, process=lambda line: line.partition(" ")[0])
        def begin(self, line: str) -> None: ...

    one = event("a.b", subject=None)
    one.data, one.is_json, one.datacontenttype = b"o-1 placed", False, "text/plain"

    assert (await stage(Lines).give(one)).subject == "t.lines/1.0.0/o-1"


async def test_a_payload_class_that_raises_by_itself() -> None:
    """A class that checks its fields may raise anything; it tells no process."""
    play = stage(Checked)

    outcome = await play.give(event("a.b", {"text": "bad"}, subject=None))

    assert told(outcome) == ("dead", "payload")


@dataclass
class Strict:
    text: str

    def __post_init__(self) -> None:
        if self.text == "bad":
            raise LookupError(self.text)


class Checked(Orchestrator, name="t.checked"):
    @start("a.b", to=end, process=lambda what: what.text)
    def begin(self, what: Strict) -> None: ...


# -- joins, folds, guards, both forms ---------------------------------------------------


class Shipment(Orchestrator, name="t.shipment"):
    """Ships when paid and packed, as two strangers tell, in whatever order."""

    open = State()
    done = Final()

    cents: int = 0

    @start("order.placed", to=open, process=order_id)
    def place(self, placed: Placed) -> None: ...

    @on(all_of("payment.received", "parcel.packed"), at=open, to=done, process=order_id)
    @emit("notif.order.shipped")
    def ship(self, paid: Paid, packed: Placed) -> Paid:
        self.cents = paid.cents
        return paid


@pytest.mark.parametrize("turn", [1, -1])
async def test_a_join_of_strangers(turn: int) -> None:
    """Each part finds the process by its own payload."""
    play = stage(Shipment)
    await play.give(placed("o-1"))
    parts = [paid("o-1"), event("parcel.packed", Placed("o-1"), subject="parcels/9")][::turn]

    outcomes = [await play.give(part) for part in parts]

    assert [told(outcome) for outcome in outcomes] == [("applied", "gathered"), ("applied", "ship")]
    assert play.names() == ["notif.order.shipped"]


async def test_a_part_of_a_join_with_our_subject() -> None:
    """It is routed by that, as any other event."""
    play = stage(Shipment)
    await play.give(placed("o-1"))

    outcome = await play.give(paid("o-2", subject="t.shipment/1.0.0/o-1"))

    assert (*told(outcome), outcome.subject) == ("applied", "gathered", "t.shipment/1.0.0/o-1")


async def test_news_for_a_join_with_our_subject() -> None:
    """What joins hear is heard, be it news, which others of our subject are not."""

    class News(Orchestrator, name="t.news"):
        open = State()
        done = Final()

        @start(to=open)
        def begin(self) -> None: ...

        @on(all_of("notif.a.b", "notif.c.d"), at=open, to=done)
        def both(self, one: Text, other: Text) -> None: ...

    play = stage(News)
    await play.start()

    outcomes = [await play.say(name, Text("")) for name in ("notif.a.b", "notif.c.d")]

    assert [told(one) for one in outcomes] == [("applied", "gathered"), ("applied", "both")]


async def test_answers_that_lost_their_subject_are_folded() -> None:
    """A service may drop the subject if it keeps the causation and the order."""

    class Census(Orchestrator, name="t.census"):
        counting = State()
        done = Final()

        total: int = 0

        @start("order.placed", to=counting, process=order_id)
        @emit("cmd.house.count")
        def begin(self, placed: Placed) -> list[Text]:
            return [Text("a"), Text("b")]

        @on("evt.house.count.success", at=counting, to=stay, each=True, process=order_id)
        def add(self, found: Paid) -> None:
            self.total += found.cents

        @on("evt.house.count.success", at=counting, to=done, process=order_id)
        def counted(self) -> None: ...

    play = stage(Census)
    await play.give(placed("p"))

    for command in play.sent("cmd.house.count"):
        name = "evt.house.count.success"
        await play.give(event(name, Paid("p", 2), subject=None, cause=command.id))

    record = await play.record()
    assert (record.state, (await play.memory())["total"]) == ("done", 4)


async def test_guards_see_what_strangers_say() -> None:
    """A guard chooses among handlers; the function is asked once for all of them."""

    class Guarded(Orchestrator, name="t.guarded"):
        open = State()
        small = Final()
        large = Final()

        def is_large(self, paid: Paid) -> bool:
            return paid.cents > 100

        @start("order.placed", to=open, process=order_id)
        def place(self, placed: Placed) -> None: ...

        @on("payment.received", at=open, to=large, when=is_large, process=order_id)
        def paid_much(self, paid: Paid) -> None: ...

        @on("payment.received", at=open, to=small)
        def paid_little(self, paid: Paid) -> None: ...

    play = stage(Guarded)
    for order, cents in (("a", 1000), ("b", 1)):
        await play.give(placed(order))
        await play.give(paid(order, cents))

    assert (await play.record("a")).state == "large"
    assert (await play.record("b")).state == "small"


async def test_the_short_form() -> None:
    """Methods that are states hear strangers as well."""

    class Short(Orchestrator, name="t.short"):
        @start("order.placed", process=order_id)
        @emit("cmd.stock.reserve")
        def reserve(self, placed: Placed) -> Placed:
            return placed

        @on("payment.received", at=reserve, to=end, process=order_id)
        def paid(self, paid: Paid) -> None: ...

        @on("order.cancelled", at=anywhere, to=end, process=order_id)
        def cancelled(self, placed: Placed) -> None: ...

    play = stage(Short)
    await play.give(placed("o-1"))
    await play.give(placed("o-2"))

    assert (await play.give(paid("o-1"))).state == "paid"
    assert (
        await play.give(event("order.cancelled", Placed("o-2"), subject=None))
    ).state == "cancelled"


async def test_the_bare_start_finds_its_process_by_its_content() -> None:
    """The class's own start event may leave the id to the payload."""

    class Own(Orchestrator, name="t.own"):
        @start(to=end, process=order_id)
        def place(self, placed: Placed) -> None: ...

    play = stage(Own)

    found = [
        await play.runtime.handle(Own.start_event(Placed("o-1"))),
        await play.runtime.handle(Own.start_event(Placed("o-1"), process_id="asked")),
    ]

    assert [one.subject for (one,) in found] == ["t.own/1.0.0/o-1", "t.own/1.0.0/asked"]


async def test_a_command_that_starts_by_its_content() -> None:
    """Its caller is answered, as ever, whatever subject it gave the command."""

    class Served(Orchestrator, name="t.served"):
        @start("cmd.order.place", to=end, process=order_id)
        @emit("evt.order.place.success")
        def place(self, placed: Placed) -> Placed:
            return placed

    play = stage(Served)
    command = event("cmd.order.place", Placed("o-1"), subject="other/1.0.0/9", id="c-1")

    first = await play.give(command)
    second = await play.give(event("cmd.order.place", Placed("o-1"), subject="other/1.0.0/8"))

    assert first.subject == "t.served/1.0.0/o-1"
    assert play.command("evt.order.place.success").subject == "other/1.0.0/9"
    assert told(second) == ("ignored", "process-exists")
    assert play.command("evt.order.place.error").subject == "other/1.0.0/8"


# -- one event that starts, and is heard later --------------------------------------------


class Cart(Orchestrator, name="t.cart"):
    """Begins with the first change, whichever that is, and hears the others."""

    open = State()
    paid_for = Final()

    changes: list[str] = []

    @start("cart.changed", to=open, process=order_id)
    def begin(self, what: Placed) -> None:
        self.changes.append(f"begun with {what.sku}")

    @on("cart.changed", at=open, to=stay, process=order_id)
    def change(self, what: Placed) -> None:
        self.changes.append(what.sku)

    @on("payment.received", at=open, to=paid_for, process=order_id)
    def paid(self, paid: Paid) -> None: ...


def changed(sku: str, **options: Any) -> Any:
    """Make an event that starts a cart, or changes it."""
    return event("cart.changed", Placed("p", sku), subject=None, **options)


async def test_the_first_starts_and_the_others_are_heard() -> None:
    """Where start and handler name one event by its content, a living process hears it."""
    play = stage(Cart)

    outcomes = [await play.give(changed(sku, id=sku)) for sku in ("a", "b", "a", "c", "b")]

    assert [told(o)[0] for o in outcomes] == [
        "applied",
        "applied",
        "duplicate",
        "applied",
        "duplicate",
    ]
    assert (await play.memory())["changes"] == ["begun with a", "b", "c"]


async def test_such_events_in_one_batch() -> None:
    """They are stepped in order."""
    play = stage(Cart)

    await play.runtime.handle(changed("a"), changed("b"), changed("c"))

    assert (await play.memory())["changes"] == ["begun with a", "b", "c"]


async def test_such_an_event_after_the_end() -> None:
    """The process id is used once: it is another start of what exists."""
    play = stage(Cart)
    await play.give(changed("a"))
    await play.give(paid("p"))

    assert told(await play.give(changed("b"))) == ("dead", "process-exists")


async def test_a_start_of_long_ago_is_not_heard_as_another() -> None:
    """A process knows its own start when the record has forgotten which events it saw."""
    play = stage(Cart)
    await play.give(changed("a", id="a"))
    await play.give(changed("b"))
    record = await play.record()
    record.seen = ""  # as at the size limit of a store
    tag = (await play.store.load(play.key())).tag
    await play.store.save(play.key(), seal(record), expect=tag)
    play.cold()

    assert told(await play.give(changed("a", id="a"))) == ("duplicate", "seen")
    assert (await play.memory())["changes"] == ["begun with a", "b"]


# -- versions -----------------------------------------------------------------------------


def versioned(version: str, process: Any, what: Any = Placed) -> type[Orchestrator]:
    """Define a version that finds its process in its own way, None for not at all."""

    class Versioned(Orchestrator, name="t.versioned", version=version):
        open = State()
        done = Final()

        @start("order.placed", to=open, process=process)
        def place(self, placed: what) -> None: ...

        @on("payment.received", at=open, to=done, process=process)
        @emit("notif.paid")
        def paid(self, paid: Paid) -> Text:
            return Text(version)

    return Versioned


async def test_a_live_process_stays_on_its_version() -> None:
    """An event of a stranger goes to whatever version the process has."""
    old, new = versioned("1.0.0", order_id), versioned("2.0.0", order_id)
    play = stage(old)
    await play.give(placed("o-1"))
    play.cold(old, new)
    await play.give(placed("o-2"))

    outcomes = [await play.give(paid(order)) for order in ("o-1", "o-2")]

    assert [o.subject for o in outcomes] == ["t.versioned/1.0.0/o-1", "t.versioned/2.0.0/o-2"]
    assert [data_of(one)["text"] for one in play.sent("notif.paid")] == ["1.0.0", "2.0.0"]


async def test_a_subject_of_another_version_is_no_strangers() -> None:
    """It is ours, and says of itself where it belongs; it is not found by its content."""
    play = stage(versioned("1.0.0", order_id), versioned("2.0.0", order_id))
    await play.give(placed("o-1", processversion="1.0.0"))

    outcome = await play.give(paid("o-1", subject="t.versioned/2.0.0/o-1"))

    assert told(outcome) == ("retry", "no-record")


async def test_the_highest_version_that_says_so_decides() -> None:
    """Versions may disagree on the function, and a higher one may have none."""
    classes = [
        versioned("1.0.0", lambda what: "first"),
        versioned("2.0.0", lambda what: "second"),
        versioned("10.0.0", None),
    ]
    play = stage(*classes)

    begun = await play.give(placed("o-1"))
    heard = await play.give(paid("o-1"))

    assert begun.subject == "t.versioned/10.0.0/second"
    assert (*told(heard), heard.subject) == ("applied", "paid", "t.versioned/10.0.0/second")


async def test_a_start_that_asks_for_a_version() -> None:
    """It begins that version; its id is told by the highest, as for every event."""
    play = stage(versioned("1.0.0", lambda what: "first"), versioned("2.0.0", order_id))

    outcome = await play.give(placed("o-1", processversion="1.0.0"))

    assert outcome.subject == "t.versioned/1.0.0/o-1"


async def test_a_start_after_a_newer_version_was_deployed() -> None:
    """Redelivered, it finds the process that it started."""
    old, new = versioned("1.0.0", order_id), versioned("2.0.0", order_id)
    play = stage(old)
    await play.give(placed("o-1", id="e-1"))
    play.cold(old, new)

    assert told(await play.give(placed("o-1", id="e-1"))) == ("duplicate", "seen")


# -- neighbours ---------------------------------------------------------------------------


class Shop(Orchestrator, name="t.shop"):
    """Tells the world of an order, under its own subject."""

    @start("order.placed", to=end, process=order_id)
    @emit("notif.order.sold", "order.sold")
    def sell(self, placed: Placed) -> tuple[Placed, Placed]:
        return placed, placed


class Ledger(Orchestrator, name="t.ledger"):
    """Hears what the shop tells, in a process of its own."""

    @start("notif.order.sold", process=order_id)
    @emit("cmd.book.open")
    def begin(self, sold: Placed) -> Placed:
        return sold

    @on("order.sold", at=begin, to=end, process=order_id)
    def book(self, sold: Placed) -> None: ...


async def test_what_another_orchestrator_of_ours_tells() -> None:
    """It carries that one's subject, who does not hear it: here it goes by its content."""
    play = stage(Shop, Ledger)
    await play.give(placed("o-1"))

    outcomes = [await play.give(one) for one in play.sent()]

    assert [(o.status, o.subject, o.state) for o in outcomes] == [
        ("applied", "t.ledger/1.0.0/o-1", "begin"),
        ("applied", "t.ledger/1.0.0/o-1", "book"),
    ]
