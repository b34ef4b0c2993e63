"""Payloads are dataclasses, TypedDicts, Structs or pydantic models; annotations are the schema."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict

import msgspec
import pydantic
import pytest

from tests.unit.support import Number, Text, data_of, event, stage, starting, told
from xorca import Final, Orchestrator, State, Topic, anywhere, emit, end, on, start, stay
from xorca.errors import PayloadError
from xorca.events import Event


@dataclass(frozen=True)
class AsDataclass:
    """A payload."""

    name: str
    count: int = 1


class AsTypedDict(TypedDict):
    """A payload."""

    name: str
    count: int


class AsStruct(msgspec.Struct, frozen=True):
    """A payload."""

    name: str
    count: int = 1


class AsModel(pydantic.BaseModel):
    """A payload."""

    name: str
    count: int = 1


@dataclass
class Nested:
    """A payload that holds a list and a model of another kind."""

    inner: AsDataclass
    many: list[AsStruct]
    model: AsModel
    when: datetime


FORMS: list[tuple[Any, Any]] = [
    (AsDataclass, AsDataclass("x", 2)),
    (AsTypedDict, {"name": "x", "count": 2}),
    (AsStruct, AsStruct("x", 2)),
    (AsModel, AsModel(name="x", count=2)),
]


def echo_of(kind: Any) -> type[Orchestrator]:
    """Give a class that takes a payload, remembers a list of it, and sends it on."""

    class Echo(Orchestrator, name="t.echo"):
        kept: list[kind] = []

        @start
        @emit("cmd.echo.hear")
        def begin(self, what: kind) -> kind:
            self.kept.append(what)
            return what

        @on("evt.echo.hear.success", to=end)
        @emit("notif.heard")
        def heard(self, what: kind) -> kind:
            return self.kept[0]

    return Echo


@pytest.mark.parametrize(("kind", "value"), FORMS)
async def test_a_payload_goes_in_is_remembered_and_comes_out(kind: Any, value: Any) -> None:
    """Each form is read, stored in memory in a list, and written again."""
    play = stage(echo_of(kind))
    await play.start(value)
    play.cold()

    outcome = await play.reply("cmd.echo.hear", {"name": "y", "count": 3})

    assert told(outcome) == ("applied", "heard")
    assert data_of(play.sent("notif.heard")[0]) == {"name": "x", "count": 2}


@pytest.mark.parametrize(("kind", "value"), FORMS)
async def test_data_that_does_not_fit_is_dead_with_its_place(kind: Any, value: Any) -> None:
    """The dead letter says which field is wrong, and never its value."""
    play = stage(echo_of(kind))
    await play.start(value)

    outcome = await play.reply("cmd.echo.hear", {"name": "y", "count": "s3cret"})

    assert told(outcome) == ("dead", "payload")
    cause = data_of(play.sent("sys.xorca.deadletter")[0])["cause"]
    assert "count" in cause
    assert "s3cret" not in cause


@pytest.mark.parametrize(("kind", "value"), FORMS)
def test_a_start_event_of_another_payload_is_refused(kind: Any, value: Any) -> None:
    """The caller is told before anything is sent."""
    with pytest.raises(PayloadError, match="no @start"):
        echo_of(kind).start_event(Number(3))


async def test_nested_payloads() -> None:
    """Forms may be mixed and nested, and times are times."""
    play = stage(echo_of(Nested))
    when = datetime(2030, 1, 1, tzinfo=UTC)
    value = Nested(AsDataclass("a"), [AsStruct("b"), AsStruct("c")], AsModel(name="d"), when)
    await play.start(value)
    play.cold()

    await play.reply("cmd.echo.hear", data_of(play.command("cmd.echo.hear")))

    assert data_of(play.sent("notif.heard")[0]) == {
        "inner": {"name": "a", "count": 1},
        "many": [{"name": "b", "count": 1}, {"name": "c", "count": 1}],
        "model": {"name": "d", "count": 1},
        "when": "2030-01-01T00:00:00Z",
    }


class Hears(Orchestrator, name="t.hears"):
    """It notes which arm a payload took."""

    heard: list[str] = []

    open = State()
    closed = Final()

    @start(to=open)
    def begin(self) -> None: ...

    @on("evt.any.said", at=open)
    def said(self, what: Number | Text | AsModel) -> None:
        self.heard.append(type(what).__name__)

    @on("evt.maybe.said", at=open)
    def maybe(self, what: Text | None) -> None:
        self.heard.append("nothing" if what is None else what.text)

    @on("evt.none.said", at=open)
    def none(self) -> None:
        self.heard.append("none")

    @on("evt.raw.said", at=open)
    def raw(self, what: bytes) -> None:
        self.heard.append(what.hex())

    @on("evt.plain.said", at=open)
    def plain(self, what: str) -> None:
        self.heard.append(what)

    @on("evt.typed.said", at=open)
    def typed(self, what: Text) -> None:
        self.heard.append("typed")

    @on("evt.human.left", at=anywhere, to=closed)
    def close(self) -> None: ...


async def heard(*events: Event) -> list[str]:
    """Give what a fresh process notes of some events."""
    play = stage(Hears)
    await play.start()
    await play.runtime.handle(*events)
    return list((await play.memory())["heard"])


def said(name: str, data: Any = None) -> Event:
    """Make an event for the process of ``heard``."""
    return event(f"evt.{name}.said", data, subject="t.hears/1.0.0/p")


async def test_arms_are_tried_in_the_order_written() -> None:
    """Each payload takes the first arm that it fits."""
    payloads = [{"value": 1}, {"text": "x"}, {"name": "y"}]

    assert await heard(*(said("any", data) for data in payloads)) == ["Number", "Text", "AsModel"]


async def test_data_that_fits_no_arm_is_dead_with_all_reasons() -> None:
    """Every arm says why not."""
    play = stage(Hears)
    await play.start()

    outcome = await play.give(said("any", {"other": 1}))

    assert told(outcome) == ("dead", "payload")
    assert all(name in str(outcome.error) for name in ("Number", "Text", "AsModel"))


async def test_an_optional_payload_may_be_absent() -> None:
    """``X | None`` takes data, null and no data."""
    null = said("maybe")
    null.data = b"null"

    found = await heard(said("maybe", {"text": "x"}), said("maybe"), null)

    assert found == ["x", "nothing", "nothing"]


async def test_a_handler_without_parameter_takes_any_data() -> None:
    """Whatever comes with an event that needs no data is passed over."""
    binary = said("none")
    binary.data, binary.is_json = b"\xff", False

    assert await heard(said("none", {"x": 1}), said("none"), binary) == ["none"] * 3


async def test_data_that_is_no_json_goes_to_bytes_and_str() -> None:
    """Binary data comes as ``bytes``, text as ``str``."""
    raw, plain = said("raw"), said("plain")
    raw.data, raw.is_json, raw.datacontenttype = b"\x00\xff", False, "application/octet-stream"
    plain.data, plain.is_json, plain.datacontenttype = b"hello", False, "text/plain"

    assert await heard(raw, plain) == ["00ff", "hello"]


async def test_data_that_is_no_json_does_not_fit_a_class() -> None:
    """The dead letter says what came and what was asked."""
    play = stage(Hears)
    await play.start()
    wrong = said("typed")
    wrong.data, wrong.is_json, wrong.datacontenttype = b"<x/>", False, "text/xml"

    outcome = await play.give(wrong)

    assert told(outcome) == ("dead", "payload")
    assert "text/xml" in str(outcome.error)
    assert "Text" in str(outcome.error)


async def test_a_topic_gives_the_type_of_a_parameter_without_annotation() -> None:
    """The contract stands in one place."""
    asked = Topic("cmd.topic.ask", Text)
    told_ = Topic("notif.topic.told", Text)

    class Typed(Orchestrator, name="t.typed"):
        @start(asked, to=end)
        @emit(told_)
        def begin(self, what):  # type: ignore[no-untyped-def]
            assert isinstance(what, Text)
            return what

    play = stage(Typed)
    outcome = await play.start(Text("x"))

    assert told(outcome) == ("applied", "begin")
    assert data_of(play.sent("notif.topic.told")[0]) == {"text": "x"}


async def test_several_starts_take_the_payload_that_fits() -> None:
    """``start_event`` finds the start by its payload."""

    class Doors(Orchestrator, name="t.doors"):
        @start("cmd.doors.number", to=end)
        def number(self, what: Number) -> None: ...

        @start("cmd.doors.text", to=end)
        def text(self, what: Text) -> None: ...

    assert starting(Doors, Text("x")).type == "cmd.doors.text"
    assert starting(Doors, Number(1)).type == "cmd.doors.number"


class Returns(Orchestrator, name="t.returns"):
    """It returns what it is told to."""

    open = State()
    closed = Final()
    waiting: int = 0

    @start(to=open)
    def begin(self) -> None: ...

    @on("evt.one.asked", at=open)
    @emit("notif.one")
    def one(self, what: Text) -> Text:
        return WRONG[what.text]  # type: ignore[no-any-return]

    @on("evt.two.asked", at=open)
    @emit("notif.one", "notif.two")
    def two(self, what: Text) -> tuple[Text, Number | None]:
        return WRONG[what.text]  # type: ignore[no-any-return]

    @on("evt.list.asked", at=open)
    @emit("notif.one")
    def many(self, what: Text) -> list[Text]:
        return WRONG[what.text]  # type: ignore[no-any-return]

    @on("evt.none.asked", at=open)
    def none(self, what: Text) -> None:
        return WRONG[what.text]  # type: ignore[no-any-return]

    @on("evt.human.left", at=open, to=closed)
    def close(self) -> None: ...


WRONG: dict[str, Any] = {
    "number": Number(1),
    "none": None,
    "hollow": Text(text=7),  # type: ignore[arg-type]
    "short": (Text("x"),),
    "long": (Text("x"), None, None),
    "list": [Text("x"), Number(1)],
    "tuple": (Text("x"), Text("y")),
    "huge": Text("x" * 1_000_001),
}


@pytest.mark.parametrize(
    ("name", "which"),
    [
        ("one", "number"),
        ("one", "none"),
        ("one", "hollow"),
        ("one", "huge"),
        ("two", "short"),
        ("two", "long"),
        ("two", "tuple"),
        ("two", "number"),
        ("list", "list"),
        ("list", "tuple"),
        ("list", "none"),
        ("none", "number"),
    ],
)
async def test_a_handler_that_returns_something_else_is_dead(name: str, which: str) -> None:
    """Nothing of it is sent, and nothing else stops."""
    play = stage(Returns)
    await play.start()

    outcome = await play.say(f"evt.{name}.asked", Text(which))

    assert told(outcome) == ("dead", "return-type")
    assert play.names() == ["sys.xorca.deadletter"]
    assert (await play.say("evt.human.left")).status == "applied"


async def test_a_tuple_is_sent_from_left_to_right() -> None:
    """Names and items go together, and what is None is left out."""
    WRONG["good"], WRONG["partly"] = (Text("x"), Number(2)), (Text("y"), None)
    play = stage(Returns)
    await play.start()

    await play.say("evt.two.asked", Text("good"))
    await play.say("evt.two.asked", Text("partly"))

    assert [(one.type, data_of(one)) for one in play.sent()] == [
        ("notif.one", {"text": "x"}),
        ("notif.two", {"value": 2}),
        ("notif.one", {"text": "y"}),
    ]


async def test_a_union_is_sent_by_the_arm_it_is() -> None:
    """``-> A | B`` sends whichever was returned."""

    class Either(Orchestrator, name="t.either"):
        @start
        @emit("cmd.a.get")
        def begin(self, what: Number | Text) -> Number | Text:
            return what

        @on("evt.a.get.success", to=stay)
        def note(self) -> None: ...

        @on("evt.a.get.error", to=end)
        def done(self) -> None: ...

    play = stage(Either)
    await play.start(Number(1), "a")
    await play.start(Text("x"), "b")

    assert [data_of(one) for one in play.sent()] == [{"value": 1}, {"text": "x"}]
