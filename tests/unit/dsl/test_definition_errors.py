"""What is no machine is refused when its class is created: code, cause, cure and place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from tests.unit.support import Number, Text
from xorca import Final, Orchestrator, State, after, all_of, anywhere, emit, end, on, start, stay
from xorca.errors import DefinitionError, Problem


def problems_of(define: Callable[[], object]) -> tuple[Problem, ...]:
    """Give what is wrong with the class that a function defines."""
    with pytest.raises(DefinitionError) as caught:
        define()
    return caught.value.problems


def the_problem(define: Callable[[], object], code: str) -> Problem:
    """Give the one problem of a class, which has this code, a cure and a place in this file."""
    problems = problems_of(define)
    assert [problem.code for problem in problems] == [code], "\n".join(map(str, problems))
    assert problems[0].cure
    file, _, line = problems[0].place.rpartition(":")
    assert file == __file__
    assert int(line) > 1
    return problems[0]


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

    assert "'begin'" in [p for p in problems_of(define) if p.code == "X13"][0].cause


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
