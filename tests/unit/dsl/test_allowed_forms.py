"""What is allowed, and stays so: several starts, mixins, inheritance, guards."""

from __future__ import annotations

from tests.unit.dsl.test_inference import Short, edge_of, plan_of
from tests.unit.support import Number, Text
from xorca import Final, Orchestrator, State, all_of, anywhere, emit, end, on, start


def test_no_target_in_the_explicit_form_is_stay() -> None:
    """The state goes on."""

    class Notes(Orchestrator, name="t.notes"):
        open = State()
        closed = Final()

        @start(to=open)
        def begin(self) -> None: ...

        @on("evt.human.said", at=open)
        def note(self) -> None: ...

        @on("evt.human.left", at=open, to=closed)
        def close(self) -> None: ...

    assert edge_of(Notes, "note").target is None


def test_a_start_that_ends_at_once_is_a_machine() -> None:
    """One start to the end is the smallest orchestrator."""

    class Echo(Orchestrator, name="t.echo"):
        @start(to=end)
        @emit("notif.echo")
        def echo(self, what: Text) -> Text:
            return what

    assert plan_of(Echo).finals == {"echo"}


def test_several_starts() -> None:
    """A class may be started in several ways, each on its own event."""

    class Doors(Orchestrator, name="t.doors"):
        open = State()
        closed = Final()

        @start(to=open)
        def front(self) -> None: ...

        @start("cmd.doors.open", to=open)
        def back(self, who: Text) -> None: ...

        @on("evt.human.left", at=open, to=closed)
        def close(self) -> None: ...

    assert set(plan_of(Doors).starts) == {"xorca.t.doors.start", "cmd.doors.open"}


def test_a_class_without_a_name_is_a_mixin() -> None:
    """Its handlers are inherited and nothing of it is compiled."""

    class Cancelling(Orchestrator):
        reason: str = ""

        @on("cmd.t.cancel", at=anywhere, to=end)
        def cancelled(self, why: Text) -> None:
            self.reason = why.text

    class Job(Cancelling, name="t.job"):
        @start
        @emit("cmd.a.get")
        def one(self) -> Text:
            return Text("")

        @on("evt.a.get.success", to=end)
        def done(self) -> None: ...

    assert Cancelling.__xorca_plan__ is None
    assert edge_of(Job, "cancelled").sources == ("one",)
    assert set(plan_of(Job).memory.fields) == {"reason"}


class Base(Orchestrator, name="t.base"):
    """What others derive from."""

    waiting = State()
    done = Final()

    @start(to=waiting)
    def begin(self, what: Text) -> None: ...

    @on("evt.a.b", at=waiting, to=done)
    def finish(self) -> None: ...


def test_a_handler_is_overridden_by_its_name() -> None:
    """The method of the subclass stands, with its own decorators."""

    class Derived(Base, name="t.derived", version="2.0.0"):
        @on("evt.c.d", at=Base.waiting, to=Base.done)
        def finish(self) -> None: ...

    assert edge_of(Derived, "finish").names == ("evt.c.d",)
    assert edge_of(Base, "finish").names == ("evt.a.b",)


def test_an_overridden_method_without_a_mark_is_no_handler() -> None:
    """The subclass takes a way out by overriding it plainly."""

    class Derived(Base, name="t.derived"):
        def finish(self) -> None: ...

        @on("evt.c.d", at=Base.waiting, to=Base.done)
        def close(self) -> None: ...

    assert [edge.handler for edge in plan_of(Derived).edges] == ["begin", "close"]


def test_the_bare_start_hears_the_name_of_its_own_class() -> None:
    """An inherited @start listens under the name of the subclass."""

    class Derived(Base, name="t.derived"): ...

    assert set(plan_of(Derived).starts) == {"xorca.t.derived.start"}


def test_the_default_version() -> None:
    """A class that names no version is 1.0.0."""
    assert plan_of(Short).version == "1.0.0"


def test_guards_and_stacked_ways_are_machines() -> None:
    """Guarded handlers of one event, stacked ways and A | B are all allowed."""

    class Many(Orchestrator, name="t.many"):
        open = State()
        done = Final()

        def is_big(self, number: Number) -> bool:
            return number.value > 9

        @start(to=open)
        def begin(self) -> None: ...

        @on("evt.n.said", at=open, to=done, when=is_big)
        def big(self, number: Number) -> None: ...

        @on("evt.n.said", at=open)
        @on("evt.t.said", at=open)
        def other(self, what: Number | Text) -> None: ...

    assert len([e for e in plan_of(Many).edges if e.handler == "other"]) == 2


def test_errors_beside_a_join_need_no_first() -> None:
    """Only a ``.success`` that leaves is asked to wait for the others."""

    class Pair(Orchestrator, name="t.pair"):
        @start
        @emit("cmd.a.get", "cmd.b.get")
        def asking(self) -> tuple[Text, Text]:
            return Text(""), Text("")

        @on(all_of("evt.a.get.success", "evt.b.get.success"), to=end)
        def both(self, a: Text, b: Text) -> None: ...

        @on("evt.a.get.error", to=end)
        def failed(self) -> None: ...

    assert edge_of(Pair, "failed").sources == ("asking",)
