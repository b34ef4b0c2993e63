"""Handlers and places in a form that cannot run are refused."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.dsl.refusals import problems_of, the_problem
from tests.unit.support import Number, Text
from xorca import Final, Orchestrator, State, after, anywhere, emit, end, on, start, stay


def test_an_async_handler() -> None:
    """X11: a handler decides and does no I/O."""

    def define() -> None:
        class Waiting(Orchestrator, name="t.waiting"):
            @start(to=end)
            async def begin(self) -> None: ...

    assert "'begin'" in the_problem(define, "X11").cause


def test_a_foreign_state() -> None:
    """X12: a state of another class is named with its class."""

    class Other(Orchestrator, name="t.other"):
        theirs = Final()

        @start(to=theirs)
        def begin(self) -> None: ...

    def define() -> None:
        class Mine(Orchestrator, name="t.mine"):
            done = Final()

            @start(to=done)
            def begin(self) -> None: ...

            @on("evt.a.b", at=anywhere, to=Other.theirs)
            def go(self) -> None: ...

    problem = the_problem(define, "X12")

    assert "Other.theirs" in problem.cause
    assert "done" in problem.cure


def test_a_state_that_is_misspelled() -> None:
    """X12: a name in ``at=`` that is no state is answered with those that are."""

    def define() -> None:
        class Typo(Orchestrator, name="t.typo"):
            open = State()
            done = Final()

            @start(to=open)
            def begin(self) -> None: ...

            @on("evt.a.b", at="opne", to=done)
            def go(self) -> None: ...

    problems = problems_of(define)

    assert "X12" in {problem.code for problem in problems}
    assert "open" in next(p for p in problems if p.code == "X12").cure


def test_two_starts_on_one_event() -> None:
    """X13: one event cannot start a class in two ways."""

    def define() -> None:
        class Two(Orchestrator, name="t.two"):
            @start("cmd.a.b", to=end)
            def one(self) -> None: ...

            @start("cmd.a.b", to=end)
            def two(self) -> None: ...

    assert "'one' and 'two'" in the_problem(define, "X13").cause


def test_memory_and_handler_of_one_name() -> None:
    """X13: an annotated attribute cannot be a handler too."""

    class Mixin(Orchestrator):
        begin: str

    def define() -> None:
        class Clash(Mixin, name="t.clash"):
            @start(to=end)
            def begin(self) -> None: ...  # type: ignore[assignment]

    assert "'begin'" in next(p for p in problems_of(define) if p.code == "X13").cause


def test_one_state_under_two_names() -> None:
    """X13: two names for one State are one name too many."""

    def define() -> None:
        class Alias(Orchestrator, name="t.alias"):
            one = State()
            two = one
            done = Final()

            @start(to=one)
            def begin(self) -> None: ...

            @on("evt.a.b", at=one, to=done)
            def close(self) -> None: ...

    assert "X13" in {problem.code for problem in problems_of(define)}


def test_two_handlers_of_one_name() -> None:
    """X13: Python keeps the last of two methods; the first would be lost silently."""

    def define() -> None:
        class Lost(Orchestrator, name="t.lost"):
            open = State()
            done = Final()

            @start(to=open)
            def begin(self) -> None: ...

            @on("evt.a.b", at=open, to=done)
            def close(self) -> None: ...

            @on("evt.c.d", at=open, to=done)
            def close(self) -> None: ...  # type: ignore[no-redef] # noqa: F811

    assert "'close'" in the_problem(define, "X13").cause


def test_a_list_join_without_a_fan_out() -> None:
    """X14: a list of answers needs a list of commands."""

    def define() -> None:
        class Lists(Orchestrator, name="t.lists"):
            @start
            @emit("cmd.a.b")
            def begin(self) -> Text:
                return Text("")

            @on("evt.a.b.success", to=end)
            def join(self, all: list[Text]) -> None: ...

    assert "'cmd.a.b'" in the_problem(define, "X14").cause


def test_each_without_a_fan_out() -> None:
    """X14: there is nothing to fold where one command was sent."""

    def define() -> None:
        class Folds(Orchestrator, name="t.folds"):
            @start
            @emit("cmd.a.b")
            def begin(self) -> Text:
                return Text("")

            @on("evt.a.b.success", to=stay, each=True)
            def fold(self, one: Text) -> None: ...

            @on("evt.a.b.error", to=end)
            def done(self) -> None: ...

    assert "each=True" in the_problem(define, "X14").cause


def test_a_deadline_with_a_payload() -> None:
    """X23: nothing comes with a deadline."""

    def define() -> None:
        class Late(Orchestrator, name="t.late"):
            @start
            @emit("cmd.a.b")
            def begin(self) -> Text:
                return Text("")

            @after(timedelta(days=1), to=end)  # type: ignore[type-var,unused-ignore]
            def late(self, what: Text) -> None: ...

    assert "'late'" in the_problem(define, "X23").cause


def test_several_payloads_without_a_join() -> None:
    """X23: one event has one payload."""

    def define() -> None:
        class Wide(Orchestrator, name="t.wide"):
            @start(to=end)
            def begin(self, a: Text, b: Number) -> None: ...

    assert the_problem(define, "X23").code == "X23"


def test_star_arguments() -> None:
    """X23: *args tells no schema."""

    def define() -> None:
        class Star(Orchestrator, name="t.star"):
            @start(to=end)
            def begin(self, *args: Text) -> None: ...

    assert the_problem(define, "X23").code == "X23"


def test_a_static_method() -> None:
    """X23: a handler is a method of the process."""

    def define() -> None:
        class Static(Orchestrator, name="t.static"):
            @start(to=end)
            @staticmethod
            def begin() -> None: ...

    assert "staticmethod" in next(p for p in problems_of(define) if p.code == "X23").cause


def test_a_method_without_self() -> None:
    """X23: it would fail with every event."""

    def define() -> None:
        class Selfless(Orchestrator, name="t.selfless"):
            @start(to=end)
            def begin() -> None: ...  # type: ignore[misc]

    assert the_problem(define, "X23").code == "X23"


def test_a_generator() -> None:
    """X23: what is yielded is not sent."""

    def define() -> None:
        class Yields(Orchestrator, name="t.yields"):
            @start(to=end)
            def begin(self):  # type: ignore[no-untyped-def]
                yield Text("")

    assert the_problem(define, "X23").code == "X23"


def test_a_guard_of_too_many_parameters() -> None:
    """X23: it would raise with every event."""

    def define() -> None:
        class Guards(Orchestrator, name="t.guards"):
            open = State()
            done = Final()

            def both(self, one: Text, two: Text) -> bool:
                return True

            @start(to=open)
            def begin(self) -> None: ...

            @on("evt.a.b", at=open, to=done, when=both)
            def close(self, one: Text) -> None: ...

    assert "3 parameters" in the_problem(define, "X23").cause


def test_a_constructor() -> None:
    """X23: nobody would call it, and what it sets would not be there."""

    def define() -> None:
        class Built(Orchestrator, name="t.built"):
            count: int

            def __init__(self) -> None:
                self.count = 1

            @start(to=end)
            def begin(self) -> None: ...

    assert "'__init__' is never called" in the_problem(define, "X23").cause


def test_emit_alone() -> None:
    """X26: a method that nothing calls."""

    def define() -> None:
        class Alone(Orchestrator, name="t.alone"):
            @start(to=end)
            def begin(self) -> None: ...

            @emit("notif.a")
            def never(self) -> Text:
                return Text("")

    assert "'never'" in the_problem(define, "X26").cause
