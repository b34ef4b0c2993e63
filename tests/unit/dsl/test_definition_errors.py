"""What is no machine is refused when its class is created: code, cause, cure and place."""

from __future__ import annotations

import pytest

from tests.unit.dsl.refusals import problems_of, the_problem
from tests.unit.support import Text
from xorca import Final, Orchestrator, State, all_of, anywhere, emit, end, on, start, stay
from xorca.errors import DefinitionError


def test_nothing_starts_it() -> None:
    """X01: a class without @start cannot run."""

    def define() -> None:
        class Idle(Orchestrator, name="t.idle"):
            @on("evt.a.b.success", at=anywhere, to=end)
            def done(self) -> None: ...

    problems = problems_of(define)

    assert "X01" in {problem.code for problem in problems}
    assert "@start" in str(next(p for p in problems if p.code == "X01"))


def test_an_unreachable_state() -> None:
    """X02: a state to which nothing leads."""

    def define() -> None:
        class Island(Orchestrator, name="t.island"):
            open = State()
            island = State()
            done = Final()

            @start(to=open)
            def begin(self) -> None: ...

            @on("evt.a.b", at=(open, island), to=done)
            def close(self) -> None: ...

    assert "'island'" in the_problem(define, "X02").cause


def test_a_dead_end_in_the_agreed_words() -> None:
    """X03: the sentence is the one of the design, with the class's place below it."""

    def define() -> None:
        class Stuck(Orchestrator, name="t.stuck"):
            open = State()
            stuck = State()
            done = Final()

            @start(to=open)
            def begin(self) -> None: ...

            @on("evt.a.b", at=open, to=stuck)
            def go(self) -> None: ...

            @on("evt.c.d", at=open, to=done)
            def close(self) -> None: ...

    problem = the_problem(define, "X03")

    assert str(problem).splitlines()[0] == (
        "X03 dead end: nothing leaves 'stuck'. Add @on(..., at=stuck, to=...), or declare"
        " stuck = Final()"
    )


def test_a_stay_handler_is_no_way_out() -> None:
    """X03: a state in which something is only noted is a dead end too."""

    def define() -> None:
        class Noting(Orchestrator, name="t.noting"):
            @start
            @emit("cmd.a.b")
            def begin(self) -> Text:
                return Text("")

            @on("evt.a.b.success", to=stay)
            def note(self) -> None: ...

    assert the_problem(define, "X03").code == "X03"


def test_an_edge_out_of_a_final() -> None:
    """X04: nothing is heard after the end."""

    def define() -> None:
        class Ghost(Orchestrator, name="t.ghost"):
            open = State()
            done = Final()

            @start(to=open)
            def begin(self) -> None: ...

            @on("evt.a.b", at=open, to=done)
            def close(self) -> None: ...

            @on("evt.c.d", at=done, to=open)
            def again(self) -> None: ...

    assert "'again'" in the_problem(define, "X04").cause


def test_no_way_to_a_final() -> None:
    """X05: two states that only lead to each other never end, and each is named."""

    def define() -> None:
        class Circle(Orchestrator, name="t.circle"):
            one = State()
            two = State()

            @start(to=one)
            def begin(self) -> None: ...

            @on("evt.a.b", at=one, to=two)
            def there(self) -> None: ...

            @on("evt.c.d", at=two, to=one)
            def back(self) -> None: ...

    problems = problems_of(define)

    assert [problem.code for problem in problems] == ["X05", "X05"]


def test_two_bare_handlers_for_one_event() -> None:
    """X06: the second would never be called."""

    def define() -> None:
        class Twice(Orchestrator, name="t.twice"):
            open = State()
            done = Final()

            @start(to=open)
            def begin(self) -> None: ...

            @on("evt.a.b", at=open, to=done)
            def first(self) -> None: ...

            @on("evt.a.b", at=open, to=done)
            def second(self) -> None: ...

    problem = the_problem(define, "X06")

    assert "'first'" in problem.cause
    assert "'second'" in problem.cause


def test_a_guard_after_a_bare_handler() -> None:
    """X06: only the last of the handlers of one event may be bare."""

    def define() -> None:
        class Late(Orchestrator, name="t.late"):
            open = State()
            done = Final()

            @start(to=open)
            def begin(self) -> None: ...

            @on("evt.a.b", at=open, to=done)
            def first(self) -> None: ...

            @on("evt.a.b", at=open, to=done, when=lambda self: True)
            def second(self) -> None: ...

    assert the_problem(define, "X06").code == "X06"


def test_two_joins_of_the_same_events() -> None:
    """X06: the order of the names in a join does not make it another one."""

    def define() -> None:
        class Pair(Orchestrator, name="t.pair"):
            open = State()
            done = Final()

            @start(to=open)
            def begin(self) -> None: ...

            @on(all_of("evt.a.b", "evt.c.d"), at=open, to=done)
            def one(self, a: Text, c: Text) -> None: ...

            @on(all_of("evt.c.d", "evt.a.b"), at=open, to=done)
            def two(self, c: Text, a: Text) -> None: ...

    assert the_problem(define, "X06").code == "X06"


def test_a_join_beside_a_handler_of_one_part() -> None:
    """X06: an event cannot be both taken alone and kept for a join."""

    def define() -> None:
        class Both(Orchestrator, name="t.both"):
            open = State()
            done = Final()

            @start(to=open)
            def begin(self) -> None: ...

            @on(all_of("evt.a.b", "evt.c.d"), at=open, to=done)
            def join(self, a: Text, c: Text) -> None: ...

            @on("evt.a.b", at=open, to=stay)
            def alone(self, a: Text) -> None: ...

    assert the_problem(define, "X06").code == "X06"


def test_all_errors_come_at_once() -> None:
    """A class with five mistakes is told all five, in one error that names the class."""

    def define() -> None:
        class Messy(Orchestrator, name="Messy", version="one"):
            stuck = State()
            island = State()
            done = Final()

            @start(to=stuck)
            async def begin(self) -> None: ...

            @on("evt.a.b", at=done, to=stuck)
            @emit("cmd.a", "cmd.b")
            def arity(self) -> Text:
                return Text("")

    with pytest.raises(DefinitionError) as caught:
        define()

    codes = {problem.code for problem in caught.value.problems}
    assert codes >= {"X02", "X03", "X04", "X07", "X11", "X21"}
    assert "Messy is no machine yet" in str(caught.value)
    assert all(str(problem) in str(caught.value) for problem in caught.value.problems)


def test_nothing_is_kept_of_a_class_that_was_refused() -> None:
    """The same name can be defined rightly afterwards."""

    def define() -> None:
        class Again(Orchestrator, name="t.again"): ...

    problems_of(define)

    class Again(Orchestrator, name="t.again"):
        @start(to=end)
        def begin(self) -> None: ...

    assert Again.__xorca_plan__ is not None
