"""The marks that the decorators leave, and the gross misuse that they refuse."""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import Any

import pytest

from xorca.dsl.decorators import after, all_of, emit, on, start
from xorca.dsl.marks import AfterMark, AllOf, EmitMark, Marks, OnMark, StartMark, marks_of
from xorca.dsl.states import State, anywhere, end, stay
from xorca.events import Topic

TOPIC = Topic("evt.book.fetch.success", int)
HOUR = timedelta(hours=1)


def place_of(method: Any) -> str:
    """Give where a function stands, as a mark says it."""
    return f"{method.__code__.co_filename}:{method.__code__.co_firstlineno}"


def marked(method: Any) -> Marks:
    """Give the marks of a method that must have some."""
    marks = marks_of(method)
    assert marks is not None
    return marks


def handler(self: object) -> None:
    """Stand for a method that nobody decorated."""


class TestStart:
    def test_bare(self) -> None:
        """Without parentheses the start event is the class's own."""

        @start
        def begin(self: object) -> None: ...

        assert marked(begin).starts == [StartMark(None, None, "refuse", place_of(begin))]

    def test_text(self) -> None:
        """A name, a state and the answer to a second start are kept as written."""
        waiting = State()

        @start("cmd.book.read", to=waiting, on_existing="ignore")
        def begin(self: object) -> None: ...

        expected = StartMark("cmd.book.read", waiting, "ignore", place_of(begin))
        assert marked(begin).starts == [expected]

    def test_topic(self) -> None:
        """A topic is kept as the object that it is."""

        @start(TOPIC)
        def begin(self: object, payload: int) -> None: ...

        assert marked(begin).starts[0].topic is TOPIC

    def test_only_keywords(self) -> None:
        """Keywords alone leave the start event the class's own."""

        @start(to="waiting")
        def begin(self: object) -> None: ...

        assert marked(begin).starts == [StartMark(None, "waiting", "refuse", place_of(begin))]

    def test_a_state_is_no_name(self) -> None:
        """A state in the place of the name is refused at once."""
        wrong: Any = State()

        with pytest.raises(TypeError, match=r"@start got State.* for a name"):
            start(wrong)


class TestOn:
    def test_every_keyword(self) -> None:
        """All that is written stands in the mark."""
        waiting, done = State(), State()

        def is_large(self: object, payload: object) -> bool:
            return True

        @on("evt.a.b", at=waiting, to=done, when=is_large, each=True, first=True, early="defer")
        def hear(self: object, payload: object) -> None: ...

        expected = OnMark(
            ways=("evt.a.b",),
            at=waiting,
            to=done,
            when=is_large,
            each=True,
            first=True,
            early="defer",
            place=place_of(hear),
        )
        assert marked(hear).ons == [expected]

    def test_nothing_but_a_name(self) -> None:
        """What is not written is None or False."""

        @on(TOPIC)
        def hear(self: object) -> None: ...

        expected = OnMark((TOPIC,), None, None, None, False, False, None, place_of(hear))
        assert marked(hear).ons == [expected]

    def test_several_ways_keep_their_order(self) -> None:
        """Names side by side, a join among them, stay in the order written."""
        join = all_of("evt.c", TOPIC)

        @on("evt.a", TOPIC, join)
        def hear(self: object) -> None: ...

        assert marked(hear).ons[0].ways == ("evt.a", TOPIC, join)

    def test_stacked_from_top_to_bottom(self) -> None:
        """Stacked decorators stand in the order written, though they apply bottom up."""

        @on("evt.first")
        @on("evt.second")
        @on("evt.third")
        def hear(self: object) -> None: ...

        names = [mark.ways[0] for mark in marked(hear).ons]
        assert names == ["evt.first", "evt.second", "evt.third"]

    @pytest.mark.parametrize("at", [handler, "waiting", anywhere, (handler, "b"), ["a", handler]])
    def test_a_place_is_kept_as_written(self, at: Any) -> None:
        """``at`` may be a method, a name, a word or several of them."""

        @on("evt.a", at=at)
        def hear(self: object) -> None: ...

        assert marked(hear).ons[0].at is at

    @pytest.mark.parametrize("to", [handler, "waiting", end, stay])
    def test_a_target_is_kept_as_written(self, to: Any) -> None:
        """``to`` may be a method, a name or a word."""

        @on("evt.a", to=to)
        def hear(self: object) -> None: ...

        assert marked(hear).ons[0].to is to

    def test_no_name(self) -> None:
        """``@on`` without a name is refused, and the message shows one."""
        wrong: Any = on

        with pytest.raises(TypeError, match=r"@on has no name. Write @on\('evt"):
            wrong(at="waiting")

    def test_bare(self) -> None:
        """``@on`` without parentheses is refused, for the method would be lost."""
        wrong: Any = on

        with pytest.raises(TypeError, match=r"@on got <function handler.* for a name"):
            wrong(handler)

    def test_a_guard_that_cannot_be_called(self) -> None:
        """A guard by name is refused at once."""
        wrong: Any = "is_large"

        with pytest.raises(TypeError, match="when='is_large', which cannot be called"):
            on("evt.a", when=wrong)


class TestAfter:
    def test_everything(self) -> None:
        """The delay, the states and the target stand in the mark."""
        waiting = State()

        @after(HOUR, at=(waiting, "b"), to=end)
        def late(self: object) -> None: ...

        assert marked(late).afters == [AfterMark(HOUR, (waiting, "b"), end, place_of(late))]

    def test_stacked_from_top_to_bottom(self) -> None:
        """Two deadlines of one method stand in the order written."""

        @after(HOUR, at="a")
        @after(2 * HOUR, at="b")
        def late(self: object) -> None: ...

        assert [mark.at for mark in marked(late).afters] == ["a", "b"]

    @pytest.mark.parametrize("delay", [60, 1.5, "1h", None, handler])
    def test_not_a_timedelta(self, delay: Any) -> None:
        """A number does not say its unit, so it is refused."""
        with pytest.raises(TypeError, match=r"@after\(timedelta\(minutes=15\)\)"):
            after(delay)

    @pytest.mark.parametrize("delay", [timedelta(0), timedelta(seconds=-1)])
    def test_not_positive(self, delay: timedelta) -> None:
        """A time that has passed already is refused."""
        with pytest.raises(ValueError, match="Give a positive time"):
            after(delay)


class TestEmit:
    def test_names_keep_their_order(self) -> None:
        """Names stand from left to right."""

        @emit("cmd.a", TOPIC)
        def send(self: object) -> tuple[int, int]:
            return 1, 2

        assert marked(send).emits == [EmitMark(("cmd.a", TOPIC), place_of(send))]

    def test_no_name(self) -> None:
        """``@emit()`` is refused."""
        wrong: Any = emit

        with pytest.raises(TypeError, match="@emit has no name"):
            wrong()

    def test_a_join_is_no_name(self) -> None:
        """A join cannot be sent."""
        wrong: Any = all_of("evt.a", "evt.b")

        with pytest.raises(TypeError, match=r"@emit got AllOf.* for a name. Give a str or Topic"):
            emit(wrong)


class TestAllOf:
    def test_names_keep_their_order(self) -> None:
        """A join holds its names from left to right."""
        assert all_of("evt.b", TOPIC, "evt.a") == AllOf(("evt.b", TOPIC, "evt.a"))

    def test_no_name(self) -> None:
        """A join of nothing is refused."""
        wrong: Any = all_of

        with pytest.raises(TypeError, match="all_of has no name"):
            wrong()

    def test_no_nesting(self) -> None:
        """A join inside a join is refused."""
        wrong: Any = all_of("evt.a", "evt.b")

        with pytest.raises(TypeError, match="all_of got AllOf"):
            all_of(wrong, "evt.c")


class TestMethod:
    @pytest.mark.parametrize("decorate", [start, start("a"), on("a"), after(HOUR), emit("a")])
    def test_is_given_back_itself(self, decorate: Any) -> None:
        """A decorator gives back the very function, not a wrapper."""

        def method(self: object) -> None: ...

        assert decorate(method) is method

    def test_may_be_async(self) -> None:
        """An async function is marked like any other; the compiler refuses it later."""

        @on("evt.a")
        async def hear(self: object) -> None: ...

        assert len(marked(hear).ons) == 1

    def test_may_carry_every_decorator(self) -> None:
        """Decorators of different kinds do not disturb each other."""

        @start
        @on("evt.a")
        @after(HOUR)
        @emit("cmd.a")
        def method(self: object) -> int:
            return 1

        marks = marked(method)
        counts = [len(marks.starts), len(marks.ons), len(marks.afters), len(marks.emits)]
        assert counts == [1, 1, 1, 1]

    def test_a_copy_by_wraps_does_not_share_marks(self) -> None:
        """Decorating a copy made by functools.wraps leaves the original as it was."""

        @on("evt.a")
        def original(self: object) -> None: ...

        @on("evt.b")
        @functools.wraps(original)
        def copy(self: object) -> None: ...

        assert [mark.ways for mark in marked(original).ons] == [("evt.a",)]
        assert [mark.ways for mark in marked(copy).ons] == [("evt.b",), ("evt.a",)]

    def test_place_sees_through_wraps(self) -> None:
        """The place is the author's function, not the wrapper around it."""

        @functools.wraps(handler)
        def wrapper(self: object) -> None: ...

        on("evt.a")(wrapper)

        assert marked(wrapper).ons[0].place == place_of(handler)

    def test_place_of_what_has_no_code(self) -> None:
        """A callable without code has no place."""
        method = on("evt.a")(functools.partial(handler))

        assert marked(method).ons[0].place == ""

    @pytest.mark.parametrize("thing", [None, 1, "text", State(), dict, len])
    @pytest.mark.parametrize("decorate", [start("a"), on("a"), after(HOUR), emit("a")])
    def test_must_be_a_function(self, decorate: Any, thing: Any) -> None:
        """What cannot be a method is refused at once."""
        with pytest.raises(TypeError, match="Put it above a method"):
            decorate(thing)
