"""Names, versions and policies that the wire, or xorca, cannot carry are refused."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.unit.dsl.refusals import problems_of, the_problem
from tests.unit.support import Text
from xorca import Final, Orchestrator, State, all_of, emit, end, on, start


@pytest.mark.parametrize("name", ["evt..b", "evt.a b", "evt.ä", "evt.a.", "evt.a*.b", ""])
def test_a_name_that_the_wire_does_not_carry(name: str) -> None:
    """X20: names are words with dots between, and a star is a whole word."""

    def define() -> None:
        class Named(Orchestrator, name="t.named"):
            open = State()
            done = Final()

            @start(to=open)
            def begin(self) -> None: ...

            @on(name, at=open, to=done)
            def go(self) -> None: ...

    assert "X20" in {problem.code for problem in problems_of(define)}


def test_a_star_in_an_emitted_name() -> None:
    """X20: only what is heard may be a pattern."""

    def define() -> None:
        class Stars(Orchestrator, name="t.stars"):
            @start(to=end)
            @emit("notif.*")
            def begin(self) -> Text:
                return Text("")

    assert "'notif.*'" in the_problem(define, "X20").cause


@pytest.mark.parametrize("name", ["Books", "a b", "a/b", ".a", "a" * 101])
def test_a_name_that_is_none_for_an_orchestrator(name: str) -> None:
    """X21: the name stands in subjects and storage keys."""

    def define() -> None:
        class Odd(Orchestrator, name=name):
            @start(to=end)
            def begin(self) -> None: ...

    assert "X21" in {problem.code for problem in problems_of(define)}


@pytest.mark.parametrize("version", ["1", "1.0", "1.0.0-beta", "v1.0.0", "", "1.0.0/2"])
def test_a_version_that_is_none(version: str) -> None:
    """X21: a version is three numbers."""

    def define() -> None:
        class Odd(Orchestrator, name="t.odd", version=version):
            @start(to=end)
            def begin(self) -> None: ...

    assert the_problem(define, "X21").code == "X21"


def test_a_name_and_a_version_that_are_no_text() -> None:
    """X21: both at once."""

    def define() -> None:
        class Odd(Orchestrator, name=cast(Any, 5), version=cast(Any, 1.0)):
            @start(to=end)
            def begin(self) -> None: ...

    assert [problem.code for problem in problems_of(define)] == ["X21", "X21"]


def test_a_policy_that_is_none() -> None:
    """X21: early= is one of three words."""

    def define() -> None:
        class Odd(Orchestrator, name="t.odd", early="drop"):
            @start(to=end)
            def begin(self) -> None: ...

    assert '"defer"' in the_problem(define, "X21").cure


@pytest.mark.parametrize("name", ["now", "event", "subject", "process_id", "attempt"])
def test_memory_under_a_name_that_xorca_gives(name: str) -> None:
    """X22: what self offers cannot be overwritten."""

    def define() -> None:
        def begin(self: Any) -> None: ...

        namespace: dict[str, Any] = {
            "__annotations__": {name: str},
            "__module__": __name__,
            "__qualname__": "Shadow",
            "begin": start(to=end)(begin),
        }
        type(Orchestrator)("Shadow", (Orchestrator,), namespace, name="t.shadow")

    (problem,) = problems_of(define)

    assert problem.code == "X22"
    assert repr(name) in problem.cause


def test_a_bad_name_is_told_beside_a_wrong_number_of_payloads() -> None:
    """All that is wrong comes at once: X07 hides no X20, nor does X08."""

    def define() -> None:
        class Twice(Orchestrator, name="t.twice"):
            @start
            @emit("cmd.a.b", "cmd.c d")
            def begin(self) -> Text:
                return Text("")

            @on(all_of("evt.a.b.success", "evt. c.success"), at=begin, to=end)
            def done(self, text: Text) -> None: ...

    told = [(problem.code, problem.cause) for problem in problems_of(define)]

    assert [code for code, _ in told] == ["X07", "X08", "X20", "X20"]
    assert "'cmd.c d'" in told[2][1]
    assert "'evt. c.success'" in told[3][1]
