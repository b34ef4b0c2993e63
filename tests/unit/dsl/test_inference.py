"""What a class does not say is inferred, the same in both forms."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.support import Text
from xorca import Final, Orchestrator, State, after, anywhere, emit, end, on, start, stay
from xorca.dsl.plan import Edge, Plan


def plan_of(cls: type[Orchestrator]) -> Plan:
    """Give the plan of a class."""
    assert cls.__xorca_plan__ is not None
    return cls.__xorca_plan__


def edge_of(cls: type[Orchestrator], handler: str) -> Edge:
    """Give the only edge of a handler."""
    (edge,) = [edge for edge in plan_of(cls).edges if edge.handler == handler]
    return edge


class Short(Orchestrator, name="t.short"):
    """The short form."""

    @start("cmd.t.ask")
    @emit("cmd.a.get")
    def asking(self, who: Text) -> Text:
        return who

    @on("evt.a.get.success")
    @emit("cmd.b.put")
    def putting(self, got: Text) -> Text:
        return got

    @on("evt.b.put.success", to=end)
    def done(self) -> None: ...

    @on("evt.*.error", to=end)
    def failed(self, why: Text) -> None: ...


class Explicit(Orchestrator, name="t.explicit"):
    """The same with states of names."""

    asked = State()
    put = State()
    finished = Final()
    broken = Final()

    @start("cmd.t.ask", to=asked)
    @emit("cmd.a.get")
    def asking(self, who: Text) -> Text:
        return who

    @on("evt.a.get.success", to=put)
    @emit("cmd.b.put")
    def putting(self, got: Text) -> Text:
        return got

    @on("evt.b.put.success", to=finished)
    def done(self) -> None: ...

    @on("evt.*.error", to=broken)
    def failed(self, why: Text) -> None: ...


def test_a_method_that_sends_a_command_is_a_waiting_state() -> None:
    """The states of the short form are the methods that wait and those that end."""
    states = {state.name: state.final for state in plan_of(Short).states}

    assert states == {"asking": False, "putting": False, "done": True, "failed": True}


def test_both_forms_give_the_same_machine() -> None:
    """Only the names of the states differ."""
    names = {"asking": "asked", "putting": "put", "done": "finished", "failed": "broken"}
    short = [
        (e.handler, e.names, tuple(names[s] for s in e.sources), names[e.target or ""])
        for e in plan_of(Short).edges
    ]

    explicit = [(e.handler, e.names, e.sources, e.target) for e in plan_of(Explicit).edges]

    assert short == explicit


def test_an_answer_is_heard_where_its_command_was_sent() -> None:
    """Without ``at=`` the state follows from the command."""
    assert edge_of(Short, "putting").sources == ("asking",)


def test_a_pattern_is_heard_wherever_it_may_answer() -> None:
    """``evt.*.error`` answers every command."""
    assert edge_of(Short, "failed").sources == ("asking", "putting")


def test_a_stay_handler_may_send_the_command() -> None:
    """An answer is heard where a handler that stays has sent its command."""

    class Notes(Orchestrator, name="t.notes"):
        @start
        @emit("cmd.a.get")
        def asking(self) -> Text:
            return Text("")

        @on("evt.human.nudged", at=asking, to=stay)
        @emit("cmd.mail.send")
        def nudge(self) -> Text:
            return Text("")

        @on("evt.mail.send.error", to=stay)
        def unsent(self) -> None: ...

        @on("evt.a.get.success", to=end, first=True)
        def done(self) -> None: ...

    assert edge_of(Notes, "nudge").target is None
    assert edge_of(Notes, "unsent").sources == ("asking",)


def test_stay_handlers_of_stay_handlers() -> None:
    """What a stay handler sends may be answered by one that sends again, in any order written."""

    class Chain(Orchestrator, name="t.chain"):
        @start
        @emit("cmd.a.get")
        def asking(self) -> Text:
            return Text("")

        @on("evt.c.get.success", to=end, first=True)
        def done(self) -> None: ...

        @on("evt.b.get.success", to=stay)
        @emit("cmd.c.get")
        def third(self) -> Text:
            return Text("")

        @on("evt.a.get.success", to=stay)
        @emit("cmd.b.get")
        def second(self) -> Text:
            return Text("")

    assert edge_of(Chain, "done").sources == ("asking",)


def test_the_command_is_all_but_the_last_segment() -> None:
    """``evt.a.b.c.success`` answers ``cmd.a.b.c`` and not ``cmd.a.b``."""

    class Deep(Orchestrator, name="t.deep"):
        @start
        @emit("cmd.a.b.c")
        def deep(self) -> Text:
            return Text("")

        @on("evt.a.b.c.error")
        @emit("cmd.a.b")
        def shallow(self) -> Text:
            return Text("")

        @on("evt.a.b.c.success", "evt.a.b.success", to=end)
        def done(self) -> None: ...

    edges = {e.names: e.sources for e in plan_of(Deep).edges if e.handler == "done"}
    assert edges == {("evt.a.b.c.success", "evt.a.b.success"): ("deep", "shallow")}


def test_at_takes_a_method_its_name_or_several() -> None:
    """A method that stands further down is named by a string."""

    class Places(Orchestrator, name="t.places"):
        @start
        @emit("cmd.a.get")
        def one(self) -> Text:
            return Text("")

        @on("evt.human.said", at=(one, "two"), to=stay)
        def note(self) -> None: ...

        @on("evt.a.get.success")
        @emit("cmd.b.get")
        def two(self) -> Text:
            return Text("")

        @on("evt.b.get.success", to=end)
        def done(self) -> None: ...

    assert edge_of(Places, "note").sources == ("one", "two")


def test_anywhere_is_every_state_that_is_not_final() -> None:
    """Nothing is heard after the end, also not by ``anywhere``."""

    class Cancels(Orchestrator, name="t.cancels"):
        @start
        @emit("cmd.a.get")
        def one(self) -> Text:
            return Text("")

        @on("evt.a.get.success", to=end)
        def done(self) -> None: ...

        @on("cmd.t.cancel", at=anywhere, to=end)
        def cancelled(self) -> None: ...

    assert edge_of(Cancels, "cancelled").sources == ("one",)


def test_a_deadline_without_a_place_is_for_the_whole_life() -> None:
    """It is armed once, at the start, and fires in whatever state."""

    class Slow(Orchestrator, name="t.slow"):
        @start
        @emit("cmd.a.get")
        def one(self) -> Text:
            return Text("")

        @on("evt.a.get.success", to=end)
        def done(self) -> None: ...

        @after(timedelta(hours=1), to=end)
        def late(self) -> None: ...

    plan = plan_of(Slow)
    assert [edge.handler for edge in plan.lifetimes] == ["late"]
    assert plan.deadlines["one"] == ()
