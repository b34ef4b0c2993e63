"""``process=``: what may stand there, and who may hear one event by its content."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.dsl.refusals import problems_of, the_problem
from tests.unit.dsl.test_inference import edge_of, plan_of
from tests.unit.orders import Order, Paid, order_id
from tests.unit.support import Number, Text
from xorca import Final, Orchestrator, State, Topic, after, all_of, anywhere, end, on, start
from xorca.dsl.advice import advise
from xorca.dsl.claims import overlap
from xorca.dsl.orchestrator import check_unique
from xorca.errors import DefinitionError, Problem


async def in_time(what: Text) -> str:
    return what.text


def one_by_one(what: Text) -> Iterator[str]:
    yield what.text


def of_two(what: Text, other: Text) -> str:
    return what.text + other.text


def by_keyword(*, what: Text) -> str:
    return what.text


class Waiting:
    async def __call__(self, what: Text) -> str:
        return what.text


class Reading:
    def __call__(self, what: Text) -> str:
        return what.text


def heard_with(process: Any) -> type[Orchestrator]:
    """Define a class of which one handler says this ``process=``."""

    class Heard(Orchestrator, name="t.heard"):
        open = State()
        done = Final()

        @start(to=open)
        def begin(self) -> None: ...

        @on("order.changed", at=open, to=done, process=process)
        def changed(self, what: Text) -> None: ...

    return Heard


@pytest.mark.parametrize(
    ("process", "told"),
    [
        ("order_id", "(str) cannot be called"),
        (5, "(int) cannot be called"),
        (classmethod(len), "(classmethod) cannot be called"),
        (in_time, "is async, or yields"),
        (functools.partial(in_time), "is async, or yields"),
        (Waiting(), "is async, or yields"),
        (one_by_one, "is async, or yields"),
        (of_two, "cannot be called with the payload alone"),
        (by_keyword, "cannot be called with the payload alone"),
        (lambda: "p", "cannot be called with the payload alone"),
        (staticmethod(of_two), "cannot be called with the payload alone"),
    ],
)
def test_what_is_no_function_of_the_payload(process: Any, told: str) -> None:
    """X27: it is called with the payload, at once, and gives the id."""
    problem = the_problem(lambda: heard_with(process), "X27")

    assert problem.cause.startswith("'changed' says process=")
    assert told in problem.cause
    assert "@staticmethod" in problem.cure


@pytest.mark.parametrize(
    "process",
    [
        order_id,
        lambda what: what.text,
        staticmethod(order_id),
        functools.partial(of_two, Text("")),
        operator.attrgetter("text"),
        Reading(),
        Reading().__call__,
        str,
    ],
)
def test_what_is_a_function_of_the_payload(process: Any) -> None:
    """Whatever can be called with one argument will do."""
    (finder,) = edge_of(heard_with(process), "changed").finders

    assert finder.name == "order.changed"
    assert callable(finder.function)


def test_a_start_is_judged_too() -> None:
    """X27 at @start."""

    def define() -> None:
        class Begun(Orchestrator, name="t.begun"):
            @start("order.placed", to=end, process=of_two)
            def begin(self, what: Text) -> None: ...

    assert "'begin'" in the_problem(define, "X27").cause


def test_a_method_is_no_function_of_the_payload() -> None:
    """X27: which object would be its self?"""

    def define() -> None:
        class Selfish(Orchestrator, name="t.selfish"):
            def order_of(self, what: Text) -> str:
                return what.text

            @start("order.placed", to=end, process=order_of)  # type: ignore[arg-type]
            def begin(self, what: Text) -> None: ...

    assert "payload alone" in the_problem(define, "X27").cause


def test_a_deadline_has_no_content() -> None:
    """X27: the wake-up of a deadline knows its process."""

    def define() -> None:
        class Timed(Orchestrator, name="t.timed"):
            open = State()
            done = Final()

            @start(to=open)
            def begin(self) -> None: ...

            @after(timedelta(1), at=open, to=done, process=order_id)  # type: ignore[arg-type]
            def late(self) -> None: ...

    problem = the_problem(define, "X27")
    assert "'late' is a deadline" in problem.cause
    assert "Leave it out" in problem.cure


def two_handlers(one: Callable[[Any], str], other: Callable[[Any], str]) -> type[Orchestrator]:
    """Define a class that hears one name in two states."""

    class Both(Orchestrator, name="t.both"):
        open = State()
        closing = State()
        done = Final()

        @start(to=open)
        def begin(self) -> None: ...

        @on("order.changed", at=open, to=closing, process=one)
        def changed(self, what: Text) -> None: ...

        @on("order.changed", at=closing, to=done, process=other)
        def changed_again(self, what: Text) -> None: ...

    return Both


def test_two_functions_for_one_name() -> None:
    """X28: an event is for one process, whatever state that is in."""
    problem = the_problem(lambda: two_handlers(order_id, lambda what: what.text), "X28")

    assert "'changed' and 'changed_again'" in problem.cause
    assert "'order.changed'" in problem.cause


def test_one_function_for_one_name() -> None:
    """The same function may be named by every handler, a static method too."""
    shared = staticmethod(order_id)

    assert plan_of(two_handlers(order_id, order_id)).edges
    assert plan_of(two_handlers(shared, shared)).edges


def test_a_start_and_a_handler_with_two_functions() -> None:
    """X28: the start counts."""

    def define() -> None:
        class Signalled(Orchestrator, name="t.signalled"):
            open = State()
            done = Final()

            @start("order.changed", to=open, process=order_id)
            def begin(self, what: Text) -> None: ...

            @on("order.changed", at=open, to=done, process=lambda what: what.text)
            def changed(self, what: Text) -> None: ...

    assert the_problem(define, "X28").code == "X28"


def test_a_pattern_and_a_name_with_two_functions() -> None:
    """An exact name goes before a pattern, so each may have its own."""

    class Specific(Orchestrator, name="t.specific"):
        open = State()
        done = Final()

        @start(to=open)
        def begin(self) -> None: ...

        @on("order.*", at=open, to=done, process=order_id)
        def changed(self, what: Text) -> None: ...

        @on("order.closed", at=open, to=done, process=lambda what: what.text)
        def closed(self, what: Text) -> None: ...

    assert [f.name for e in plan_of(Specific).edges for f in e.finders] == [
        "order.*",
        "order.closed",
    ]


def test_a_join_has_a_finder_for_each_part() -> None:
    """One function for all names, with the payload of each."""

    class Joined(Orchestrator, name="t.joined"):
        open = State()
        done = Final()

        @start(to=open)
        def begin(self) -> None: ...

        @on(all_of("order.paid", "order.packed"), at=open, to=done, process=order_id)
        def closed(self, paid: Text, packed: Number) -> None: ...

    found = edge_of(Joined, "closed").finders

    assert [(f.name, [c.annotation for c in f.codecs]) for f in found] == [
        ("order.paid", [Text]),
        ("order.packed", [Number]),
    ]


def test_a_topic_tells_the_payload_of_a_handler_that_takes_none() -> None:
    """The handler need not take what the function reads."""
    changed = Topic("order.changed", Text)

    class Blind(Orchestrator, name="t.blind"):
        @start(changed, to=end, process=lambda what: what.text)
        def begin(self) -> None: ...

    (finder,) = edge_of(Blind, "begin").finders
    assert [codec.annotation for codec in finder.codecs] == [Text]


def claiming(
    name: str, *heard: str, begin: str | None = None, version: str = "1.0.0"
) -> type[Orchestrator]:
    """Define a class that hears events by their content."""
    begins = f"{name}.begin" if begin is None else begin

    class Claiming(Orchestrator, name=name, version=version):
        open = State()
        done = Final()

        @start(begins, to=open)
        def begin(self) -> None: ...

        @on(*heard, at=anywhere, to=done, process=order_id)  # type: ignore[call-overload,untyped-decorator,unused-ignore]
        def hear(self, what: Paid) -> None: ...

    return Claiming


def clashes(*classes: type[Orchestrator]) -> tuple[Problem, ...]:
    """Give what keeps classes from running side by side."""
    with pytest.raises(DefinitionError) as caught:
        check_unique(classes)
    return caught.value.problems


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("payment.received", "payment.received"),
        ("payment.*", "payment.received"),
        ("payment.received", "*.received"),
        ("payment.*", "*.received"),
        ("*.b.*", "a.b.c"),
        ("a.*.c", "a.b.*.c"),
    ],
)
def test_two_orchestrators_that_claim_one_event(one: str, other: str) -> None:
    """X29: an event belongs to one process, and nobody could say to which."""
    (problem,) = clashes(claiming("t.one", one), claiming("t.two", other))

    assert problem.code == "X29"
    assert f"'t.one' hears {one!r}" in problem.cause
    assert f"'t.two' hears {other!r}" in problem.cause
    assert problem.place.rpartition(":")[0] in problem.cause


@pytest.mark.parametrize(
    ("one", "other"),
    [("payment.received", "payment.refunded"), ("a.*", "b.*"), ("a.*", "a"), ("a.*.c", "a.c")],
)
def test_two_orchestrators_that_claim_different_events(one: str, other: str) -> None:
    """Nothing is in the way of them."""
    check_unique((claiming("t.one", one), claiming("t.two", other)))


def test_a_claim_to_what_starts_another() -> None:
    """X29: an event without a subject starts the other, so this one would never hear it."""
    starter = claiming("t.two", "b.c", begin="order.placed")

    (problem,) = clashes(claiming("t.one", "order.*"), starter)

    assert problem.code == "X29"
    assert "'t.two' starts on 'order.placed'" in problem.cause


def test_versions_of_one_orchestrator_claim_the_same() -> None:
    """They are one, as far as an event is concerned."""
    check_unique((claiming("t.one", "a.b"), claiming("t.one", "a.*", version="1.1.0")))


def test_a_clash_of_several_versions_is_told_once() -> None:
    """Each version of one clashes with the other in the same way."""
    problems = clashes(
        claiming("t.one", "a.b"),
        claiming("t.one", "a.b", version="1.1.0"),
        claiming("t.two", "a.b"),
    )

    assert [problem.code for problem in problems] == ["X29"]


def test_patterns_overlap_as_they_match() -> None:
    """Whatever two patterns both match, they are said to overlap, and not otherwise."""
    from itertools import product

    from xorca.dsl.names import matches

    words = ("a", "b", "*")
    patterns = [".".join(p) for size in (1, 2, 3) for p in product(words, repeat=size)]
    names = [".".join(p) for size in range(1, 6) for p in product("ab", repeat=size)]
    taken = {pattern: {n for n in names if matches(pattern, n)} for pattern in patterns}

    for one, other in product(patterns, repeat=2):
        assert overlap(one, other) == bool(taken[one] & taken[other]), (one, other)


def test_long_patterns_are_compared_in_time() -> None:
    """The work is bounded by the product of their lengths, not exponential."""
    assert not overlap(".".join(["*", "a"] * 45), ".".join(["*", "b"] * 45))


def test_strangers_name_their_events_as_they_like() -> None:
    """No advice is given on a name that is not ours to choose."""
    assert "A03" not in {problem.code for problem in advise(plan_of(Order))}


def test_every_code_has_a_place_and_a_cure() -> None:
    """Both problems of a class are told at once."""

    def define() -> None:
        class Two(Orchestrator, name="t.two"):
            @start("a.b", to=end, process=cast_any("x"))
            def begin(self, what: Text) -> None: ...

            @start("a.c", to=end, process=of_two)
            def begin_too(self, what: Text) -> None: ...

    assert [problem.code for problem in problems_of(define)] == ["X27", "X27"]


def cast_any(value: Any) -> Any:
    """Hide a type."""
    return value
