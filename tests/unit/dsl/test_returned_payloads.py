"""What a handler returns is what its annotation says, or nothing of it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.support import Number, Text, data_of, stage, told
from xorca import Final, Orchestrator, State, emit, end, on, start, stay


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
