"""Payloads are dataclasses, TypedDicts, Structs or pydantic models; annotations are the schema."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict

import msgspec
import pydantic
import pytest

from tests.unit.support import Number, Text, data_of, event, stage, starting, told
from xorca import Final, Orchestrator, State, Topic, anywhere, emit, end, on, start
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
