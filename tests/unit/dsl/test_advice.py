"""Advice: what runs and yet deserves a second look."""

from __future__ import annotations

from datetime import timedelta

from xorca import Orchestrator, after, all_of, emit, end, on, start, stay
from xorca.dsl.advice import advise, waits_for
from xorca.dsl.orchestrator import plan_of


class Sound(Orchestrator, name="sound"):
    @start("cmd.letter.post")
    @emit("cmd.stamp.buy")
    def begin(self) -> str:
        return ""

    @on("evt.stamp.buy.success", to=end)
    @emit("evt.letter.post.success")
    def posted(self) -> str:
        return ""

    @on("evt.*.error", "evt.*.timeout", to=end)
    @emit("evt.letter.post.error")
    def failed(self) -> str:
        return ""

    @after(timedelta(minutes=1), at=begin, to=end)
    def late(self) -> None: ...


class Deaf(Orchestrator, name="deaf"):
    @start
    @emit("cmd.stamp.buy", "cmd.paper.buy")
    def begin(self) -> tuple[str, str]:
        return "", ""

    @on(all_of("evt.stamp.buy.success", "evt.paper.buy.success"), to=end)
    def done(self, stamp: str, paper: str | None) -> None: ...

    @on("evt.stamp.buy.error", to=end)
    def failed(self) -> None: ...


class Odd(Orchestrator, name="odd"):
    @start("cmd.letter.post")
    @emit("cmd.buy")
    def begin(self) -> str:
        return ""

    @on("evt.buy.success", to=end)
    def done(self) -> None: ...

    @on("stamp.bought", at=begin, to=stay)
    @emit("evt.other.thing.success", "hello.world.again")
    def note(self) -> tuple[str, str]:
        return "", ""


def codes(cls: type[Orchestrator]) -> list[str]:
    """Give the codes of the advice on a class."""
    return [problem.code for problem in advise(plan_of(cls))]


def test_there_is_none_for_a_sound_class() -> None:
    """Errors heard, a deadline, names in form, an answer to its command."""
    assert advise(plan_of(Sound)) == ()


def test_an_error_that_nobody_hears_is_named_with_its_command() -> None:
    """Only the command whose .error is unheard, at the state that sends it."""
    (found,) = [p for p in advise(plan_of(Deaf)) if p.code == "A01"]

    assert found.cause == (
        "nobody hears 'evt.paper.buy.error' at 'begin', which sends 'cmd.paper.buy'"
    )
    assert '@on("evt.paper.buy.error", ...)' in found.cure


def test_a_state_without_a_deadline_is_named() -> None:
    """Silence is noticed by @after alone."""
    (found,) = [p for p in advise(plan_of(Deaf)) if p.code == "A02"]

    assert "'begin' has no deadline: if nobody answers 'cmd.stamp.buy', 'cmd.paper.buy'" in (
        found.cause
    )


def test_a_parameter_that_is_never_none_is_named() -> None:
    """A join takes None only for a command that is not always sent."""
    (found,) = [p for p in advise(plan_of(Deaf)) if p.code == "A04"]

    assert "'done' takes None for 'evt.paper.buy.success'" in found.cause


def test_names_without_the_grammar_are_named() -> None:
    """What is emitted and what is heard has a kind, a noun and a verb."""
    odd = [problem.cause for problem in advise(plan_of(Odd)) if problem.code == "A03"]

    assert [cause.split(",")[0] for cause in odd] == [
        "'begin' emits 'cmd.buy'",
        "'note' emits 'hello.world.again'",
        "'note' hears 'stamp.bought'",
    ]


def test_an_answer_to_nobody_is_named() -> None:
    """An evt.* answers the command that started the process."""
    (found,) = [p for p in advise(plan_of(Odd)) if p.code == "A05"]

    assert "'note' emits 'evt.other.thing.success', and no @start hears its command" in found.cause


def test_a_command_that_is_never_answered_is_named() -> None:
    """Who starts a class by a command waits for its answer."""
    (found,) = [p for p in advise(plan_of(Odd)) if p.code == "A06"]

    assert found.cause == "'cmd.letter.post' starts it, and nothing is ever answered"


def test_every_piece_of_advice_has_cure_and_place() -> None:
    """Advice teaches as errors do."""
    found = [*advise(plan_of(Deaf)), *advise(plan_of(Odd))]

    assert found
    assert all(problem.cure and problem.place for problem in found)


def test_advice_is_sorted_by_code() -> None:
    """The order does not depend on how the class is written."""
    assert codes(Odd) == sorted(codes(Odd))


def test_a_state_waits_for_what_stay_handlers_send_too() -> None:
    """Commands are sent on the way in and while the state lasts."""
    assert waits_for(plan_of(Deaf), "begin") == ("cmd.stamp.buy", "cmd.paper.buy")
