"""Memory is what was declared, with copied defaults, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import pytest

from tests.unit.support import Text, data_of, stage, told
from xorca import Orchestrator, State, emit, end, on, start, stay


@dataclass
class Note:
    """Something nested."""

    text: str
    tags: list[str] = field(default_factory=list)


class Diary(Orchestrator, name="t.diary"):
    """It writes down what it hears, and can be made to fail in several ways."""

    owner: str
    notes: list[Note] = []
    index: dict[str, int] = {}
    limit: ClassVar[int] = 3

    @start
    @emit("cmd.pen.take")
    def begin(self, who: Text) -> Text:
        if who.text:
            self.owner = who.text
        return who

    def spoils(self, what: Text) -> bool:
        self.notes.append(Note("spoilt"))
        return False

    @on("evt.note.said", at=begin, to=stay)
    def note(self, what: Text) -> None:
        self.notes.append(Note(what.text, ["new"]))
        self.index[what.text] = len(self.notes)

    @on("evt.note.guarded", at=begin, to=stay, when=spoils)
    def guarded(self, what: Text) -> None: ...

    @on("evt.note.guarded", at=begin, to=stay)
    def unguarded(self, what: Text) -> None: ...

    @on("evt.note.failed", at=begin, to=stay)
    def fail(self, what: Text) -> None:
        self.notes.append(Note("half"))
        raise ValueError("after half of it")

    @on("evt.note.typed", at=begin, to=stay)
    def wrong(self) -> None:
        self.owner = cast(Any, 7)

    @on("evt.note.misspelled", at=begin, to=stay)
    def misspelled(self) -> None:
        self.onwer = "nobody"

    @on("evt.pen.take.success", to=end)
    def done(self) -> None: ...


async def test_memory_is_stored_and_read_again() -> None:
    """Nested values come back as their classes, in a worker that has never seen them."""
    play = stage(Diary)
    await play.start(Text("ada"))

    for text in ("one", "two"):
        play.cold()
        await play.say("evt.note.said", Text(text))

    assert await play.memory() == {
        "owner": "ada",
        "notes": [{"text": "one", "tags": ["new"]}, {"text": "two", "tags": ["new"]}],
        "index": {"one": 1, "two": 2},
    }


async def test_mutable_defaults_are_not_shared() -> None:
    """What one process appends is not in another, nor in the class."""
    play = stage(Diary)
    await play.start(Text("ada"), "a")
    await play.say("evt.note.said", Text("one"), "a")

    await play.start(Text("bob"), "b")

    assert (await play.memory("b"))["notes"] == []
    assert Diary.notes == []


async def test_an_attribute_that_was_never_set_is_an_error_at_the_first_save() -> None:
    """A declared attribute without default must be set by the start."""
    play = stage(Diary)

    outcome = await play.start(Text(""))

    assert told(outcome) == ("dead", "memory")
    assert "'owner'" in str(outcome.error)


async def test_a_wrong_type_is_not_stored() -> None:
    """What does not fit the annotation is a dead letter; the memory stays as it was."""
    play = stage(Diary)
    await play.start(Text("ada"))

    outcome = await play.say("evt.note.typed")

    assert told(outcome) == ("dead", "memory")
    assert (await play.memory())["owner"] == "ada"


async def test_an_undeclared_attribute_is_refused_with_the_nearest_name() -> None:
    """A slip of the pen does not vanish."""
    play = stage(Diary)
    await play.start(Text("ada"))

    outcome = await play.say("evt.note.misspelled")

    assert told(outcome) == ("dead", "handler-raised")
    assert isinstance(outcome.error, AttributeError)
    assert "did you mean 'owner'?" in str(outcome.error)


@pytest.mark.parametrize("name", ["evt.note.failed"])
async def test_what_a_failed_handler_did_is_not_kept(name: str) -> None:
    """Half of a change is none."""
    play = stage(Diary)
    await play.start(Text("ada"))

    outcome = await play.say(name, Text("x"))

    assert told(outcome) == ("dead", "handler-raised")
    assert (await play.memory())["notes"] == []


async def test_what_a_false_guard_did_is_not_kept() -> None:
    """The next handler sees the memory as it was stored."""
    play = stage(Diary)
    await play.start(Text("ada"))

    outcome = await play.say("evt.note.guarded", Text("x"))

    assert told(outcome) == ("applied", "unguarded")
    assert (await play.memory())["notes"] == []


async def test_a_failed_event_of_a_batch_leaves_the_others_alone() -> None:
    """What stands in memory is of the good events, in order."""
    from tests.unit.support import event

    play = stage(Diary)
    await play.start(Text("ada"))
    subject = play.subject()

    outcomes = await play.runtime.handle(
        event("evt.note.said", Text("one"), subject=subject),
        event("evt.note.failed", Text("x"), subject=subject),
        event("evt.note.said", Text("two"), subject=subject),
    )

    assert [one.status for one in outcomes] == ["applied", "dead", "applied"]
    assert [note["text"] for note in (await play.memory())["notes"]] == ["one", "two"]


def test_class_variables_are_no_memory() -> None:
    """ClassVar and State attributes are not stored."""
    plan = Diary.__xorca_plan__

    assert plan is not None
    assert list(plan.memory.fields) == ["owner", "notes", "index"]


async def test_what_a_handler_may_read_beside_its_memory() -> None:
    """Process id, subject, time, event and attempt are there, and cannot be set."""
    seen: list[tuple[Any, ...]] = []

    class Reader(Orchestrator, name="t.reader"):
        @start(to=end)
        def begin(self) -> None:
            seen.append(
                (self.process_id, self.subject, self.now, self.event.get_id(), self.attempt)
            )
            with pytest.raises(AttributeError):
                cast(Any, self).now = None

    play = stage(Reader)
    outcome = await play.start(pid="a/b%c", id="first")

    assert outcome.status == "applied"
    subject = "t.reader/1.0.0/a%2Fb%25c"
    assert seen == [("a/b%c", subject, play.clock.moment, "first", 1)]
    assert outcome.subject == subject


async def test_attempt_counts_how_often_a_state_was_entered_in_a_row() -> None:
    """It starts again at one in another state."""

    class Tries(Orchestrator, name="t.tries"):
        asking = State()
        resting = State()

        @start(to=asking)
        @emit("cmd.a.get")
        def begin(self) -> Text:
            return Text(str(self.attempt))

        @on("evt.a.get.error", at=asking, to=asking)
        @emit("cmd.a.get")
        def again(self) -> Text:
            return Text(str(self.attempt))

        @on("evt.a.get.timeout", at=asking, to=resting)
        def rest(self) -> None: ...

        @on("evt.bell.rang", at=resting, to=asking)
        @emit("cmd.a.get")
        def resume(self) -> Text:
            return Text(str(self.attempt))

        @on("evt.a.get.success", at=asking, to=end)
        def done(self) -> None: ...

    play = stage(Tries)
    await play.start()
    attempts = [(await play.record()).attempt]
    for _ in range(2):
        await play.reply("cmd.a.get", verdict="error")
        attempts.append((await play.record()).attempt)
    await play.reply("cmd.a.get", verdict="timeout")
    await play.say("evt.bell.rang")
    attempts.append((await play.record()).attempt)

    assert attempts == [1, 2, 3, 1]
    assert [data_of(one)["text"] for one in play.sent("cmd.a.get")] == ["1", "1", "2", "1"]
