"""Replies are matched to commands: by causation where it is kept, else by their type."""

from __future__ import annotations

import pytest

from tests.unit.engine.retrying import retries
from tests.unit.support import Text, answer, event, stage, told
from xorca import Final, Orchestrator, State, anywhere, emit, end, on, start, stay


async def test_a_reply_by_causation() -> None:
    """It names the command that it answers."""
    play = await retries()

    assert told(await play.reply("cmd.a.get")) == ("applied", "close")


async def test_a_reply_by_its_type() -> None:
    """Where the service keeps no causation, the type tells."""
    play = await retries()

    outcome = await play.give(answer(play.command("cmd.a.get"), causation=False))

    assert told(outcome) == ("applied", "close")


async def test_a_causation_of_somebody_else_is_none_of_ours() -> None:
    """A service that names its own events as causes is matched by type."""
    play = await retries()

    outcome = await play.say("evt.a.get.success", cause="their-own-id")

    assert told(outcome) == ("applied", "close")


async def test_the_causation_of_another_process_is_none_of_ours() -> None:
    """Only the own ids say that a command is no longer awaited; the type tells here."""
    play = await retries()
    await play.start(pid="q")
    foreign = answer(play.command("cmd.a.get"))
    foreign.subject = play.subject("p")

    outcome = await play.give(foreign)

    assert told(outcome) == ("applied", "close")
    assert (await play.record("q")).state == "asking"


async def test_the_causation_of_an_earlier_life_is_stale() -> None:
    """A process id that was used before leaves replies behind that are not for this one."""
    play = await retries()
    old = answer(play.command("cmd.a.get"))
    await play.store.delete(play.key())
    play.cold()
    await play.start()

    outcome = await play.give(old)

    assert told(outcome) == ("ignored", "stale")


async def test_a_second_answer_to_one_command_is_stale() -> None:
    """Whatever its id: ignored, and nothing changes."""
    play = await retries()
    command = play.command("cmd.a.get")
    await play.give(answer(command, verdict="error"))
    body = await play.body()

    outcome = await play.give(answer(command, verdict="error"))

    assert told(outcome) == ("ignored", "stale")
    assert await play.body() == body


async def test_a_superseded_command_is_awaited_no_more() -> None:
    """Entering anew sends again; the answer to the older command is stale."""
    play = await retries()
    old = play.command("cmd.a.get")
    await play.give(answer(old, verdict="timeout"))
    await play.say("evt.bell.rang")
    new = play.command("cmd.a.get")

    late = await play.give(answer(old))
    good = await play.give(answer(new))

    assert old.id != new.id
    assert told(late) == ("ignored", "stale")
    assert told(good) == ("applied", "close")


@pytest.mark.parametrize("copies", [1, 3])
async def test_copies_of_one_error_count_once(copies: int) -> None:
    """Copies under other ids do not use up the retries."""
    play = await retries()
    command = play.command("cmd.a.get")

    for _ in range(copies):
        await play.give(answer(command, verdict="error"))

    assert (await play.memory())["errors"] == 1
    assert (await play.record()).attempt == 2


async def test_retries_end_by_the_guard() -> None:
    """The third error in a row is the last."""
    play = await retries()

    states = [(await play.reply("cmd.a.get", verdict="error")).state for _ in range(3)]

    assert states == ["asking", "asking", "failed"]


async def test_a_reply_without_causation_that_answers_nothing_is_ignored_and_recorded() -> None:
    """It cannot precede its command, so it is never deferred."""

    class Later(Orchestrator, name="t.later"):
        @start
        @emit("cmd.a.get")
        def one(self) -> Text:
            return Text("")

        @on("evt.a.get.success")
        @emit("cmd.b.get")
        def two(self) -> Text:
            return Text("")

        @on("evt.b.get.success", to=end)
        def done(self) -> None: ...

    play = stage(Later)
    await play.start()
    early = event("evt.b.get.success", subject=play.subject(), id="early")

    outcome, again = await play.give(early), await play.give(early)

    assert told(outcome) == ("ignored", "unasked")
    assert again.status == "duplicate"
    await play.reply("cmd.a.get")
    assert (await play.record()).state == "two"


class Crossing(Orchestrator, name="t.crossing"):
    """State one sends x and y; x leads to two, where y is heard."""

    @start
    @emit("cmd.x.get", "cmd.y.get")
    def one(self) -> tuple[Text, Text]:
        return Text(""), Text("")

    @on("evt.x.get.success", first=True)
    @emit("cmd.z.get")
    def two(self) -> Text:
        return Text("")

    @on("evt.y.get.success", at=two, to=end)
    def done(self) -> None: ...

    @on("evt.z.get.success", to=stay)
    def noted(self) -> None: ...


@pytest.mark.parametrize("order", ["xy", "yx"])
async def test_an_answer_that_is_heard_in_a_later_state(order: str) -> None:
    """The process ends in either order of arrival."""
    play = stage(Crossing)
    await play.start()

    outcomes = [await play.reply(f"cmd.{name}.get") for name in order]

    assert (await play.record()).status == "ended"
    expected = ["applied", "applied"] if order == "xy" else ["deferred", "applied"]
    assert [one.status for one in outcomes] == expected


async def test_an_answer_that_no_one_hears_does_not_close_its_command() -> None:
    """A dead ``.partial`` is followed by the real answer."""
    play = await retries()

    partial = await play.reply("cmd.a.get", verdict="partial")
    good = await play.reply("cmd.a.get")

    assert told(partial) == ("dead", "not-heard")
    assert told(good) == ("applied", "close")


async def test_an_answer_that_did_not_fit_leaves_the_command_open() -> None:
    """A corrected answer is taken."""

    class Asks(Orchestrator, name="t.asks"):
        @start
        @emit("cmd.a.get")
        def one(self) -> Text:
            return Text("")

        @on("evt.a.get.success", to=end)
        def done(self, what: Text) -> None:
            if what.text == "bad":
                raise ValueError("bad")

    play = stage(Asks)
    await play.start()

    misfit = await play.reply("cmd.a.get", {"other": 1})
    raising = await play.reply("cmd.a.get", Text("bad"))
    good = await play.reply("cmd.a.get", Text("good"))

    assert [told(one) for one in (misfit, raising, good)] == [
        ("dead", "payload"),
        ("dead", "handler-raised"),
        ("applied", "done"),
    ]


async def test_an_exact_name_wins_over_a_pattern() -> None:
    """Wherever it stands; and the narrower of two patterns wins."""

    class Names(Orchestrator, name="t.names"):
        heard: list[str] = []

        open = State()
        closed = Final()

        @start(to=open)
        def begin(self) -> None: ...

        @on("evt.*", at=open)
        def anything(self) -> None:
            self.heard.append("evt.*")

        @on("evt.door.*", at=open)
        def door(self) -> None:
            self.heard.append("evt.door.*")

        @on("evt.door.opened", at=open)
        def opened(self) -> None:
            self.heard.append("exact")

        @on("cmd.t.stop", at=anywhere, to=closed)
        def close(self) -> None: ...

    play = stage(Names)
    await play.start()
    for name in ("evt.door.opened", "evt.door.closed", "evt.a.b.c.d"):
        await play.say(name)

    assert (await play.memory())["heard"] == ["exact", "evt.door.*", "evt.*"]


async def test_a_living_process_may_hear_a_command() -> None:
    """A cancel, say; a command that it does not hear is passed over."""
    play = stage(Crossing)
    await play.start()

    outcome = await play.say("cmd.x.get")

    assert told(outcome) == ("foreign", "not-ours")
