"""A handler that does not say where it leads, or leaves too soon, is refused."""

from __future__ import annotations

from tests.unit.dsl.refusals import problems_of, the_problem
from tests.unit.support import Text
from xorca import Final, Orchestrator, State, emit, end, on, start


def test_a_short_form_handler_that_leads_nowhere() -> None:
    """X16: the error names both of the words that would do."""

    def define() -> None:
        class Nowhere(Orchestrator, name="t.nowhere"):
            @start
            @emit("cmd.a.b")
            def begin(self) -> Text:
                return Text("")

            @on("evt.a.b.success")
            def noted(self) -> None: ...

            @on("evt.a.b.error", to=end)
            def done(self) -> None: ...

    problem = the_problem(define, "X16")

    assert "to=end" in problem.cure
    assert "to=stay" in problem.cure


def test_a_start_that_leads_nowhere() -> None:
    """X16: in the explicit form a start names its state."""

    def define() -> None:
        class Nowhere(Orchestrator, name="t.nowhere"):
            done = Final()

            @start
            def begin(self) -> None: ...

    assert "X16" in {problem.code for problem in problems_of(define)}


def test_only_conditional_commands_in_the_short_form() -> None:
    """X17: a method all of whose commands are conditional might wait for nothing."""

    def define() -> None:
        class Perhaps(Orchestrator, name="t.perhaps"):
            @start
            @emit("cmd.a.b")
            def begin(self) -> Text | None:
                return None

            @on("evt.a.b.success", to=end)
            def done(self) -> None: ...

    assert "'begin'" in the_problem(define, "X17").cause


def test_only_conditional_commands_with_a_state() -> None:
    """With states of names the same method is allowed."""

    class Perhaps(Orchestrator, name="t.perhaps"):
        open = State()
        done = Final()

        @start(to=open)
        @emit("cmd.a.b")
        def begin(self) -> Text | None:
            return None

        @on("evt.a.b.success", at=open, to=done)
        def close(self) -> None: ...

    assert Perhaps.__xorca_plan__ is not None


def test_leaving_before_the_others_have_answered() -> None:
    """X18: one success of two commands leaves only as a join or with first=True."""

    def define() -> None:
        class Hasty(Orchestrator, name="t.hasty"):
            @start
            @emit("cmd.a.b", "cmd.c.d")
            def begin(self) -> tuple[Text, Text]:
                return Text(""), Text("")

            @on("evt.a.b.success", to=end)
            def done(self) -> None: ...

    problem = the_problem(define, "X18")

    assert "all_of" in problem.cure
    assert "first=True" in problem.cure


def test_leaving_a_fan_out_at_its_first_answer() -> None:
    """X18: a fan-out is several commands under one name."""

    def define() -> None:
        class Hasty(Orchestrator, name="t.hasty"):
            @start
            @emit("cmd.a.b")
            def begin(self) -> list[Text]:
                return []

            @on("evt.a.b.success", to=end)
            def done(self, one: Text) -> None: ...

    assert the_problem(define, "X18").code == "X18"


def test_an_event_that_answers_no_command_needs_a_place() -> None:
    """X19: nobody can tell where it is to be heard."""

    def define() -> None:
        class Where(Orchestrator, name="t.where"):
            @start
            @emit("cmd.a.b")
            def begin(self) -> Text:
                return Text("")

            @on("evt.human.decided", to=end)
            def done(self) -> None: ...

    problems = problems_of(define)
    problem = next(p for p in problems if p.code == "X19")

    assert "'evt.human.decided'" in problem.cause
    assert "at=" in problem.cure
