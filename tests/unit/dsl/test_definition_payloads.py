"""Payloads, joins and memory that do not fit together are refused when the class is created."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.unit.dsl.refusals import problems_of, the_problem
from tests.unit.support import Number, Text
from xorca import Final, Orchestrator, State, all_of, emit, end, on, start


def test_emit_arity() -> None:
    """X07: two names need a tuple of two."""

    def define() -> None:
        class Arity(Orchestrator, name="t.arity"):
            @start
            @emit("cmd.a.b", "cmd.c.d")
            def begin(self) -> Text:
                return Text("")

            @on("evt.a.b.error", to=end)
            def done(self) -> None: ...

    assert "2 event(s)" in the_problem(define, "X07").cause


def test_a_return_value_that_nothing_sends() -> None:
    """X07: what is returned without @emit would be lost."""

    def define() -> None:
        class Mute(Orchestrator, name="t.mute"):
            @start(to=end)
            def begin(self) -> Text:
                return Text("")

    assert "emits nothing" in the_problem(define, "X07").cause


@pytest.mark.parametrize("count", [1, 3])
def test_join_arity(count: int) -> None:
    """X08: a join of two takes two payloads, neither one nor three."""
    params = ", ".join(f"p{i}: Text" for i in range(count))
    scope: dict[str, Any] = {"Text": Text}
    exec(f"def join(self, {params}) -> None: ...", scope)

    def define() -> None:
        class Joins(Orchestrator, name="t.joins"):
            open = State()
            done = Final()

            @start(to=open)
            def begin(self) -> None: ...

            join = on(all_of("evt.a.b", "evt.c.d"), at=open, to=done)(scope["join"])

    (problem,) = problems_of(define)

    assert problem.code == "X08"
    assert f"takes {count}" in problem.cause


@pytest.mark.parametrize("names", [("evt.a.*", "evt.c.d"), ("evt.a.b", "evt.a.b")])
def test_a_join_names_each_event_once_in_full(names: tuple[str, str]) -> None:
    """X08: a join takes no pattern, and no name twice."""

    def define() -> None:
        class Joins(Orchestrator, name="t.joins"):
            open = State()
            done = Final()

            @start(to=open)
            def begin(self) -> None: ...

            @on(all_of(*names), at=open, to=done)
            def join(self, a: Text, c: Text) -> None: ...

    assert "X08" in {problem.code for problem in problems_of(define)}


def test_a_conditional_command_in_a_join_has_an_optional_parameter() -> None:
    """X08: what may not be sent may not arrive, and its parameter says so."""

    def define() -> None:
        class Maybe(Orchestrator, name="t.maybe"):
            @start
            @emit("cmd.a.b", "cmd.c.d")
            def begin(self) -> tuple[Text, Text | None]:
                return Text(""), None

            @on(all_of("evt.a.b.success", "evt.c.d.success"), to=end)
            def join(self, a: Text, c: Text) -> None: ...

    problem = the_problem(define, "X08")

    assert "Text | None" in problem.cure


def test_an_annotation_that_cannot_be_resolved() -> None:
    """X09: and it is told once, not again as a parameter without a type."""

    def define() -> None:
        class Unknown(Orchestrator, name="t.unknown"):
            @start(to=end)
            def begin(self, request: Nowhere) -> None: ...  # type: ignore[name-defined] # noqa: F821

    assert "'request'" in the_problem(define, "X09").cause


def test_an_annotation_without_json_form() -> None:
    """X10: an object that only this process understands cannot be a payload."""

    def define() -> None:
        class Socket:
            pass

        class Opaque(Orchestrator, name="t.opaque"):
            @start(to=end)
            def begin(self, request: Socket) -> None: ...

    assert "Socket" in the_problem(define, "X10").cause


def test_memory_without_json_form() -> None:
    """X10: memory is stored as JSON."""

    def define() -> None:
        class Socket:
            pass

        class Opaque(Orchestrator, name="t.opaque"):
            socket: Socket

            @start(to=end)
            def begin(self) -> None: ...

    assert "'socket'" in the_problem(define, "X10").cause


def test_memory_that_could_be_read_in_two_ways() -> None:
    """X10: JSON does not tell one of two classes from the other."""

    def define() -> None:
        class Either(Orchestrator, name="t.either"):
            what: Text | Number = Number(1)

            @start(to=end)
            def begin(self) -> None: ...

    assert "'what'" in the_problem(define, "X10").cause


def test_a_default_of_another_type() -> None:
    """X10: a default must fit its annotation."""

    def define() -> None:
        class Wrong(Orchestrator, name="t.wrong"):
            count: int = cast(Any, "none")

            @start(to=end)
            def begin(self) -> None: ...

    assert "'count'" in the_problem(define, "X10").cause


def test_a_parameter_without_a_type() -> None:
    """X10: the annotations are the schema."""

    def define() -> None:
        class Bare(Orchestrator, name="t.bare"):
            @start(to=end)
            def begin(self, request) -> None: ...  # type: ignore[no-untyped-def]

    assert "'request'" in the_problem(define, "X10").cause
