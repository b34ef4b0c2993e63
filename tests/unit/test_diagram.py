"""The picture of a class."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from xorca import Final, Orchestrator, State, after, all_of, emit, end, on, start, stay
from xorca.diagram import mermaid, spell
from xorca.dsl.orchestrator import plan_of


class Short(Orchestrator, name="review"):
    @start("cmd.review.begin")
    @emit("cmd.text.read")
    def reading(self) -> str:
        return ""

    @on("evt.text.read.success")
    @emit("cmd.text.judge", "cmd.text.count")
    def judging(self, text: str) -> tuple[str, str | None]:
        return text, None

    @on(all_of("evt.text.judge.success", "evt.text.count.success"), to=end)
    @emit("evt.review.begin.success")
    def done(self, good: bool, count: int | None) -> bool:
        return good

    @after(timedelta(minutes=5), at=reading, to=end)
    def late(self) -> None: ...


class Explicit(Orchestrator, name="review"):
    reading = State()
    judging = State()
    done = Final()
    late = Final()

    @start("cmd.review.begin", to=reading)
    @emit("cmd.text.read")
    def begin(self) -> str:
        return ""

    @on("evt.text.read.success", at=reading, to=judging)
    @emit("cmd.text.judge", "cmd.text.count")
    def was_read(self, text: str) -> tuple[str, str | None]:
        return text, None

    @on(all_of("evt.text.judge.success", "evt.text.count.success"), at=judging, to=done)
    @emit("evt.review.begin.success")
    def was_judged(self, good: bool, count: int | None) -> bool:
        return good

    @after(timedelta(minutes=5), at=reading, to=late)
    def is_late(self) -> None: ...


def large(self: Orchestrator, number: int) -> bool:
    return number > 9


class Rich(Orchestrator, name="rich", version="2.1.0"):
    note = State()
    end_of_it = Final()
    état = State()  # noqa: PLC2401

    @start(to=note)
    @emit("cmd.item.pack")
    def begin(self) -> list[int]:
        return [1, 2]

    @on("evt.item.pack.success", each=True, at=note, to=stay)
    def fold(self, number: int) -> None: ...

    @on(all_of("evt.item.pack.success"), at=note, to=état)
    def packed(self) -> None: ...

    @on("evt.number.came", "evt.number.went", at=état, to=end_of_it, when=large)
    def is_large(self, number: int) -> None: ...

    @on("evt.*.error", at=état, to=état)
    def again(self) -> None: ...

    @after(timedelta(days=1), to=end_of_it)
    def give_up(self) -> None: ...


def test_both_forms_give_the_same_picture() -> None:
    """The picture shows the machine, not how it is written."""
    assert mermaid(plan_of(Short)) == mermaid(plan_of(Explicit))


def test_the_whole_picture_of_a_small_machine() -> None:
    """Start, edges with what is heard and emitted, joins, deadlines and finals."""
    assert mermaid(plan_of(Short)).splitlines() == [
        "---",
        'title: "review 1.0.0"',
        "---",
        "stateDiagram-v2",
        "    [*] --> reading : cmd.review.begin<br/>/ cmd.text.read",
        (
            "    reading --> judging : evt.text.read.success<br/>/ cmd.text.judge"
            "<br/>/ cmd.text.count (perhaps)"
        ),
        (
            "    judging --> done : evt.text.judge.success +<br/>evt.text.count.success (if sent)"
            "<br/>/ evt.review.begin.success"
        ),
        "    reading --> late : after 5 min",
        "    done --> [*]",
        "    late --> [*]",
    ]


def test_fan_outs_guards_and_lifetimes_are_marked() -> None:
    """What is special about an edge stands in its label."""
    text = mermaid(plan_of(Rich))

    assert "xorca.rich.start<br/>/ cmd.item.pack (for each)" in text
    assert "each evt.item.pack.success<br/>(stays)" in text
    assert "every evt.item.pack.success" in text
    assert "evt.number.came |<br/>evt.number.went<br/>[large]" in text
    assert "after 1 d in all" in text


def test_names_that_mermaid_would_misread_get_an_alias() -> None:
    """A state called note, or with letters beyond ASCII, is declared with its name in quotes."""
    text = mermaid(plan_of(Rich))

    assert '    state "note" as s0\n' in text
    assert '    state "état" as s2\n' in text
    assert "    [*] --> s0 : " in text
    assert "    s2 --> s2 : evt.*.error\n" in text


def test_every_line_is_plain_mermaid() -> None:
    """Only arrows between known ids, and declarations: nothing can break out of its line."""
    line = re.compile(
        r'    (state "\w+" as \w+|(\[\*\]|\w+) --> (\[\*\]|\w+)( : [\w.*<>/ +|()\[\]-]+)?)'
    )

    lines = mermaid(plan_of(Rich)).splitlines()[4:]

    assert lines
    assert [text for text in lines if not line.fullmatch(text)] == []


@pytest.mark.parametrize(
    ("delay", "text"),
    [
        (timedelta(minutes=15), "15 min"),
        (timedelta(days=1, hours=12), "1 d 12 h"),
        (timedelta(seconds=2.5), "2.5 s"),
        (timedelta(hours=1, seconds=1), "1 h 1 s"),
        (timedelta(0), "0 s"),
    ],
)
def test_lengths_of_time_are_spelled_as_people_do(delay: timedelta, text: str) -> None:
    """A delay is written in its own units."""
    assert spell(delay) == text
