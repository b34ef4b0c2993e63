"""Redriving: a dead letter is applied after a fix, once, and nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.unit.runtime import mending
from tests.unit.runtime.faults import Crash, FaultyBus, FaultyStore
from tests.unit.runtime.mending import Order, broken
from tests.unit.support import Stage, Text, answer, data_of, event, stage, starting, told
from xorca import Final, Orchestrator, Outcome, Runtime, State, end, on, start
from xorca.engine.record import seal
from xorca.errors import LetterNotFound, ProcessNotFound, Unavailable
from xorca.events import Event
from xorca.runtime import Limits
from xorca.runtime.letters import DeadLetter


@pytest.fixture(autouse=True)
def sound() -> Iterator[None]:
    """Begin and end with nothing broken."""
    broken.clear()
    yield
    broken.clear()


async def begun(**options: object) -> Stage:
    """Give a started order."""
    play = stage(Order, **options)
    await play.start()
    return play


async def rung(**options: object) -> tuple[Stage, Event]:
    """Give an order of which a bell is a dead letter, with the bell; the fix is deployed."""
    play = await begun(**options)
    bell = event("evt.bell.rang", Text("ding"), subject=play.subject(), id="bell-1")
    broken.add("rang")
    assert (await play.give(bell)).status == "dead"
    broken.clear()
    return play, bell


async def letters(play: Stage, **asked: str) -> list[DeadLetter]:
    """Give the dead letters of a stage's store."""
    return [letter async for letter in play.runtime.dead_letters(**asked)]


async def redriven(play: Stage, event_id: str | None = None) -> list[tuple[str, str]]:
    """Redrive, and say what became of it."""
    return [told(one) for one in await play.runtime.redrive(play.subject(), event_id)]


async def test_a_dead_event_is_applied_after_the_fix() -> None:
    """The very same event changes the process, and what it decides is sent."""
    play, _ = await rung()

    [outcome] = await play.runtime.redrive(play.subject())

    assert told(outcome) == ("applied", "rang")
    assert [one.type for one in outcome.sent] == ["notif.bell"]
    assert (await play.memory())["notes"] == ["ding"]
    assert data_of(play.command("notif.bell")) == {"text": "ding"}
    assert (await play.record()).dead == []


async def test_one_commit_does_it() -> None:
    """The revision rises by one: no state between is ever stored."""
    play, _ = await rung()
    before = (await play.record()).revision

    await redriven(play)

    assert (await play.record()).revision == before + 1


async def test_what_was_redriven_is_known_when_it_comes_again() -> None:
    """A redelivery does nothing more."""
    play, bell = await rung()
    await redriven(play)

    again = await play.give(bell)

    assert told(again) == ("duplicate", "seen")
    assert (await play.memory())["notes"] == ["ding"]


async def test_a_plain_redelivery_stays_dead() -> None:
    """Only a redrive steps it again."""
    play, bell = await rung()

    again = await play.give(bell)

    assert told(again) == ("duplicate", "dead")
    assert (await play.record()).dead


async def test_what_told_of_the_letter_stays_the_event_s_own_while_it_is_not_out() -> None:
    """A caller that publishes itself is given it again, with what the redrive decided."""
    play = await begun()
    silent = Runtime([Order], store=play.store, alarm=play.store.alarm, clock=play.clock)
    bell = event("evt.bell.rang", Text("ding"), subject=play.subject(), id="bell-1")
    broken.add("rang")
    await silent.handle(bell)
    broken.clear()
    await silent.redrive(play.subject())

    [again] = await silent.handle(bell)

    assert told(again) == ("duplicate", "seen")
    assert [one.type for one in again.sent] == ["sys.xorca.deadletter", "notif.bell"]


async def test_what_fails_again_is_one_letter_with_the_new_cause() -> None:
    """Nothing changed but the cause, and a letter tells of it."""
    play = await begun()
    broken.update({"rang", "priced"})
    await play.say("evt.bell.rang", 5)
    [old] = await letters(play)

    [outcome] = await play.runtime.redrive(play.subject())

    assert old.reason == "payload"
    assert told(outcome) == ("dead", "payload")
    play.clock.advance(1)
    assert len(await letters(play)) == 1


async def test_a_new_cause_replaces_the_old_one() -> None:
    """What failed by its data may fail by the handler of the next version."""
    play = await begun()
    broken.add("rang")
    await play.say("evt.bell.rang", Text("ding"), id="bell-1")
    broken.clear()
    play.cold(Silent)

    await play.runtime.redrive(play.subject())

    [letter] = await letters(play)
    assert letter.reason == "not-heard"
    assert len({one.id for one in play.sent("sys.xorca.deadletter")}) == 2


class Silent(Orchestrator, name="t.order"):
    """The same name and version with other handlers, as a bad fix has them."""

    asking = State()
    done = Final()

    @start(to=asking)
    def begin(self) -> None: ...

    @on("evt.price.get.success", at=asking, to=done)
    def priced(self) -> None: ...


async def test_one_of_several_letters() -> None:
    """The id chooses; the others stay."""
    play = await begun()
    broken.add("rang")
    for number in range(3):
        await play.say("evt.bell.rang", Text(str(number)), id=f"bell-{number}")
    broken.clear()

    done = await redriven(play, "bell-1")

    assert done == [("applied", "rang")]
    assert (await play.memory())["notes"] == ["1"]
    assert [letter.id for letter in await letters(play)] == ["bell-0", "bell-2"]


async def test_all_letters_in_their_order() -> None:
    """The first to fail is the first to be applied."""
    play = await begun()
    broken.add("rang")
    for number in range(3):
        await play.say("evt.bell.rang", Text(str(number)))
    broken.clear()

    done = await redriven(play)

    assert done == [("applied", "rang")] * 3
    assert (await play.memory())["notes"] == ["0", "1", "2"]


async def test_an_answer_that_failed_leads_on() -> None:
    """Its command was awaited all the time."""
    play = await begun()
    broken.add("priced")
    await play.reply("cmd.price.get", Text("5"))
    broken.clear()

    done = await redriven(play)

    record = await play.record()
    assert done == [("applied", "priced")]
    assert record.state == "packing"
    assert sorted(record.awaited) == ["cmd.box.get", "cmd.label.get"]


async def test_an_answer_that_a_better_one_has_replaced_is_stale() -> None:
    """It is ignored, and its letter goes."""
    play = await begun()
    broken.add("priced")
    bad = answer(play.command("cmd.price.get"), Text("bad"))
    await play.give(bad)
    broken.clear()
    await play.reply("cmd.price.get", Text("good"))

    done = await redriven(play)

    assert done == [("ignored", "stale")]
    assert (await play.memory())["notes"] == ["good"]
    assert await letters(play) == []
    assert (await play.give(bad)).status in ("duplicate", "ignored")


async def joined() -> Stage:
    """Give an order whose join has failed."""
    play = await begun()
    await play.reply("cmd.price.get", Text("5"))
    broken.add("packed")
    await play.reply("cmd.box.get", Text("box"))
    failed = await play.reply("cmd.label.get", Text("label"))
    assert told(failed) == ("dead", "handler-raised")
    broken.clear()
    return play


async def test_a_join_is_redriven_with_all_its_parts() -> None:
    """One letter, two events, one end."""
    play = await joined()

    done = await redriven(play)

    assert done == [("applied", "gathered"), ("applied", "packed")]
    assert data_of(play.command("notif.packed")) == {"text": "box label"}
    assert (await play.record()).status == "ended"


async def test_a_join_that_fails_again_is_one_letter() -> None:
    """All its parts are in it once more, and can be redriven once more."""
    play = await joined()
    broken.add("packed")
    await redriven(play)
    broken.clear()

    [letter] = await letters(play)
    done = await redriven(play)

    assert letter.cause.startswith("'packed' raised ValueError")
    assert done[-1] == ("applied", "packed")


async def test_a_part_that_was_answered_better_is_not_taken_twice() -> None:
    """The other part is; the join ends with the better one."""
    play = await joined()
    await play.reply("cmd.box.get", Text("better"))

    done = await redriven(play)

    assert done == [("ignored", "stale"), ("applied", "packed")]
    assert data_of(play.command("notif.packed")) == {"text": "better label"}


async def test_parts_of_a_join_that_came_again_stay_known() -> None:
    """After the redrive their redelivery does nothing."""
    play = await begun()
    await play.reply("cmd.price.get", Text("5"))
    broken.add("packed")
    parts = [
        answer(play.command(f"cmd.{name}.get"), Text(name), causation=False)
        for name in ("box", "label")
    ]
    await play.runtime.handle(*parts)
    broken.clear()
    await redriven(play)

    again = await play.runtime.handle(*parts)

    assert [one.status for one in again] == ["duplicate", "duplicate"]
    assert len(play.sent("notif.packed")) == 1


async def test_a_start_that_failed_is_started() -> None:
    """The process begins with the very event."""
    play = stage(Order)
    broken.add("begin")
    first = starting(Order)
    await play.give(first)
    broken.clear()

    done = await redriven(play)

    record = await play.record()
    assert done == [("applied", "begin")]
    assert (record.status, record.state, record.origin.id) == ("active", "asking", first.id)
    assert told(await play.give(first)) == ("duplicate", "seen")
    assert len(play.sent("cmd.price.get")) == 1


async def test_a_start_that_fails_again_stays_failed() -> None:
    """Its record has one letter, and the process id is still free."""
    play = stage(Order)
    broken.add("begin")
    await play.start()

    done = await redriven(play)

    record = await play.record()
    assert done == [("dead", "handler-raised")]
    assert (record.status, len(record.dead)) == ("failed", 1)
    broken.clear()
    assert (await play.start(id="another")).status == "applied"


class Second(Orchestrator, name="t.order", version="2.0.0"):
    """The fix, as a new version."""

    @start(to=end)
    def begin(self) -> None: ...


async def test_a_start_that_failed_begins_on_the_version_of_the_fix() -> None:
    """Nothing runs on the version that failed, so the newest takes it."""
    play = stage(Order)
    broken.add("begin")
    await play.start()
    play.cold(Second)

    [outcome] = await play.runtime.redrive(play.subject())

    assert told(outcome) == ("applied", "begin")
    assert outcome.subject == "t.order/2.0.0/p"


async def test_a_start_that_was_replaced_by_another_is_judged_as_one_that_comes_late() -> None:
    """The process lives on; the start is a letter again, with that as its cause."""
    play = stage(Order)
    broken.add("begin")
    await play.start(id="first")
    broken.clear()
    await play.start(id="second")

    done = await redriven(play)

    assert done == [("dead", "process-exists")]
    assert (await play.record()).origin.id == "second"
    assert len(await letters(play)) == 1


async def fired(play: Stage, seconds: float) -> list[Outcome]:
    """Let time pass, and deliver the deadlines that have come."""
    play.clock.advance(seconds)
    due = play.store.alarm.due(play.clock.now())
    return [await play.give(one) for one in due]


@pytest.mark.parametrize(
    ("handler", "seconds", "state"), [("slow", 600, "asking"), ("too_late", 7200, "late")]
)
async def test_a_deadline_whose_handler_raised_is_taken_once(
    handler: str, seconds: float, state: str
) -> None:
    """Its timer is gone since it fired, and its letter stands for it."""
    play = await begun()
    if handler == "too_late":
        await play.reply("cmd.price.get", Text("5"))
    broken.add(handler)
    outcomes = await fired(play, seconds)
    assert [told(one) for one in outcomes][-1] == ("dead", "handler-raised")
    broken.clear()
    wake_up = outcomes[-1].raw
    assert wake_up is not None

    done = await redriven(play)

    record = await play.record()
    assert done == [("applied", handler)]
    assert record.state == state
    assert (await play.give(wake_up)).status in ("duplicate", "ignored")
    assert (await play.record()).revision == record.revision
    assert await redriven(play) == []


async def test_a_deadline_of_a_visit_that_is_over_is_stale() -> None:
    """The process has moved on, and is left where it is."""
    play = await begun()
    broken.add("slow")
    await fired(play, 600)
    broken.clear()
    await play.reply("cmd.price.get", Text("5"))

    done = await redriven(play)

    record = await play.record()
    assert done == [("ignored", "stale")]
    assert (record.state, list(record.timers)) == ("packing", ["after:too_late:0"])
    assert await letters(play) == []


async def test_a_deadline_that_fails_again_can_be_redriven_again() -> None:
    """Its timer does not stay in the record meanwhile."""
    play = await begun()
    broken.add("slow")
    await fired(play, 600)

    assert await redriven(play) == [("dead", "handler-raised")]
    assert "after:slow:0" not in (await play.record()).timers
    broken.clear()
    assert await redriven(play) == [("applied", "slow")]


async def test_a_process_that_is_over_keeps_its_letters() -> None:
    """They say what went wrong, and nobody takes their events any more."""
    play, _ = await rung()
    await play.reply("cmd.price.get", Text("5"))
    await play.reply("cmd.box.get", Text("b"))
    await play.reply("cmd.label.get", Text("l"))
    before = await play.record()

    done = await redriven(play)

    assert done == [("ignored", "ended")]
    assert (await play.record()).revision == before.revision
    assert [letter.id for letter in await letters(play)] == ["bell-1"]


async def test_a_letter_without_its_event_says_so() -> None:
    """Only the cause was kept: there is nothing to step."""
    play = await begun(limits=Limits(kept_body=100))
    broken.add("rang")
    await play.say("evt.bell.rang", Text("x" * 200), id="bell-1")
    broken.clear()

    [outcome] = await play.runtime.redrive(play.subject(), "bell-1")

    assert told(outcome) == ("dead", "not-kept")
    assert "under a new id" in str(outcome.error)
    assert len(await letters(play)) == 1


async def test_an_id_that_no_letter_has_is_an_error() -> None:
    """So that a slip of the pen is noticed."""
    play, _ = await rung()

    with pytest.raises(LetterNotFound, match="'bell-2'"):
        await play.runtime.redrive(play.subject(), "bell-2")


@pytest.mark.parametrize("subject", ["t.order/1.0.0/nobody", "t.order/9.0.0/p", "nonsense"])
async def test_a_subject_without_a_process_is_an_error(subject: str) -> None:
    """Also that of another version."""
    play, _ = await rung()

    with pytest.raises(ProcessNotFound):
        await play.runtime.redrive(subject)


async def test_a_process_without_letters_has_nothing_to_redrive() -> None:
    """It is no error to ask for all of them."""
    play = await begun()

    assert await redriven(play) == []


async def test_a_version_that_is_not_here_leaves_the_letter() -> None:
    """Another worker may have it."""
    play, _ = await rung()
    play.cold(Second)

    done = await redriven(play)

    assert done == [("retry", "unknown-version")]
    assert len(await letters(play)) == 1


async def test_an_event_too_old_to_be_judged_stays_so() -> None:
    """A redrive does not prove that it was never applied."""
    play = await begun()
    record = await play.record()
    record.floor = play.clock.now().timestamp() + 10

    stored = await play.store.load(play.key())
    await play.store.save(play.key(), seal(record), expect=stored.tag)
    play.cold()
    await play.say("evt.bell.rang", Text("old"), time="2030-01-01T00:00:00Z")

    done = await redriven(play)

    assert done == [("dead", "stale-unprovable")]
    assert (await play.memory())["notes"] == []


async def test_an_event_older_than_the_floor_is_taken_if_it_died_of_something_else() -> None:
    """It was proven new when it died."""
    play = await begun()
    broken.add("rang")
    await play.say("evt.bell.rang", Text("old"), time="2030-01-01T00:00:00Z")
    broken.clear()
    record = await play.record()
    record.floor = play.clock.now().timestamp() + 10

    stored = await play.store.load(play.key())
    await play.store.save(play.key(), seal(record), expect=stored.tag)
    play.cold()

    assert await redriven(play) == [("applied", "rang")]
    assert (await play.record()).floor == record.floor


# -- races and crashes ------------------------------------------------------------------


async def test_a_letter_that_is_younger_than_what_is_cached_is_redriven() -> None:
    """Nothing is said on the word of a cached record."""
    play = await begun()
    other = play.worker()
    broken.add("rang")
    await other.handle(event("evt.bell.rang", Text("ding"), subject=play.subject()))
    broken.clear()

    assert await redriven(play) == [("applied", "rang")]


async def test_a_crash_between_commit_and_publish_loses_nothing() -> None:
    """The redrive that is done again sends what the first one decided."""
    play, _ = await rung()
    play.bus = FaultyBus(times=1, crash=True)
    play.cold()
    with pytest.raises(Crash):
        await play.runtime.redrive(play.subject(), "bell-1")

    play.cold()
    assert await redriven(play) == []

    assert [data_of(one) for one in play.sent("notif.bell")] == [{"text": "ding"}]
    assert (await play.memory())["notes"] == ["ding"]


async def test_a_bus_that_is_down_is_a_retry_and_redriving_again_sends() -> None:
    """The commit stands."""
    play, _ = await rung()
    play.bus = FaultyBus(times=1)
    play.cold()

    first = await redriven(play)
    await redriven(play)

    assert first == [("retry", "publish")]
    assert len(play.sent("notif.bell")) == 1


FAULTS = ["lost-request", "lost-response", "conflict", "crash-before", "crash-after"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", range(6))
async def test_whatever_fails_the_event_is_applied_once(fault: str, call: int) -> None:
    """Every call of the store, each with every fault; then it is redriven again."""
    store = FaultyStore()
    play, bell = await rung(store=store)
    play.cold()
    store.plan = {len(store.calls) + call: fault}
    with suppress(Crash, Unavailable):
        await play.runtime.redrive(play.subject())
    store.plan = {}
    play.cold()

    await redriven(play)
    await play.give(bell)

    assert (await play.memory())["notes"] == ["ding"]
    assert (await play.record()).dead == []
    assert {data_of(one)["text"] for one in play.sent("notif.bell")} == {"ding"}
    assert len({one.id for one in play.sent("notif.bell")}) == 1


async def test_a_handler_without_memory_leaves_the_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no fault of the event: it is to be redriven later."""
    play, _ = await rung()

    def starve(name: str) -> None:
        raise MemoryError(name)

    monkeypatch.setattr(mending, "work", starve)

    done = await redriven(play)

    assert done == [("retry", "resources")]
    assert len(await letters(play)) == 1


async def test_a_join_without_memory_leaves_all_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """No part of it is said to be applied."""
    play = await joined()

    def starve(name: str) -> None:
        raise MemoryError(name)

    with monkeypatch.context() as patch:
        patch.setattr(mending, "work", starve)
        starved = await redriven(play)

    assert starved == [("retry", "resources")] * 2
    assert (await redriven(play))[-1] == ("applied", "packed")


# -- rehearsals ---------------------------------------------------------------------------


async def test_a_rehearsal_says_what_would_happen_and_changes_nothing() -> None:
    """Handlers run, and neither store nor bus hears of it."""
    play, _ = await rung()
    before, sent = await play.body(), len(play.sent())

    outcomes = await play.runtime.redrive(play.subject(), dry_run=True)

    assert [told(one) for one in outcomes] == [("applied", "rang")]
    assert await play.body() == before
    assert len(play.sent()) == sent
    assert await redriven(play) == [("applied", "rang")]


async def test_a_rehearsal_of_several_goes_on_from_one_to_the_next() -> None:
    """The second is stepped on what the first would leave."""
    play = await begun()
    broken.update({"priced", "rang"})
    await play.reply("cmd.price.get", Text("5"))
    await play.say("evt.bell.rang", Text("ding"))
    broken.clear()

    outcomes = await play.runtime.redrive(play.subject(), dry_run=True)

    assert [(told(one), one.state) for one in outcomes] == [
        (("applied", "priced"), "packing"),
        (("applied", "rang"), "packing"),
    ]


# -- the list --------------------------------------------------------------------------------


async def test_letters_say_what_why_and_where() -> None:
    """What a person needs to mend it."""
    play, bell = await rung()

    [letter] = await letters(play)

    assert (letter.subject, letter.id, letter.type) == (play.subject(), bell.id, bell.type)
    assert (letter.reason, letter.kept) == ("handler-raised", True)
    assert letter.cause.startswith("'rang' raised ValueError (")
    assert letter.at == play.clock.now()


async def test_letters_of_all_of_one_name_and_of_one_process() -> None:
    """Page by page, over more processes than one page has."""
    play = stage(Order)
    broken.update({"begin", "rang"})
    for number in range(70):
        await play.start(pid=f"p-{number}")

    assert len(await letters(play)) == 70
    assert len(await letters(play, name="t.order")) == 70
    assert await letters(play, name="t.other") == []
    assert len(await letters(play, subject=play.subject("p-5"))) == 1
    with pytest.raises(ProcessNotFound):
        await letters(play, subject=play.subject("p-70"))


async def test_a_damaged_record_does_not_hide_the_letters_of_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is told of in the log."""
    play = stage(Order)
    broken.add("begin")
    for pid in ("a", "b"):
        await play.start(pid=pid)
    stored = await play.store.load(play.key("a"))
    await play.store.save(play.key("a"), b"{" + stored.body[2:], expect=stored.tag)

    assert [letter.subject for letter in await letters(play)] == [play.subject("b")]
    assert play.key("a") in caplog.text
