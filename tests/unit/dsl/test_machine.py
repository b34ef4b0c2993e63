"""The compiled machine does what the library's own trigger does."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from xorca import Final, Orchestrator, State, emit, on, start
from xorca.dsl.machine import START
from xorca.dsl.orchestrator import machine_of
from xorca.dsl.plan import Edge


@dataclass
class Job:
    name: str


class Work(Orchestrator, name="work.twice"):
    doing = State()
    done = Final()

    @start(to=doing)
    @emit("cmd.job.do")
    def begin(self, job: Job) -> Job:
        return job

    def is_last(self, job: Job) -> bool:
        return job.name == "last"

    @on("evt.job.do.success", at=doing, to=done, when=is_last)
    def finish(self, job: Job) -> None: ...

    @on("evt.job.do.success", at=doing, to=doing)
    @emit("cmd.job.do")
    def again(self, job: Job) -> Job:
        return job


class Walker:
    """A cursor that accepts the handlers it is told to, and keeps what was done."""

    def __init__(self, state: str, *accepted: str) -> None:
        self.state = state
        self.accepted = accepted
        self.acted: list[str] = []

    def accepts(self, edge: Edge) -> bool:
        return edge.handler in self.accepted

    def act(self, edge: Edge) -> None:
        self.acted.append(edge.handler)

    def gather(self, name: str) -> None:
        self.acted.append(name)


@pytest.mark.parametrize(
    ("trigger", "state", "accepted"),
    [
        ("start:begin:0", START, ["begin"]),
        ("on:evt.job.do.success", "doing", ["finish", "again"]),
        ("on:evt.job.do.success", "doing", ["again"]),
        ("on:evt.job.do.success", "doing", []),
    ],
)
def test_firing_is_the_librarys_trigger(trigger: str, state: str, accepted: list[str]) -> None:
    """The same transition is taken, the same handlers run, the same state is reached."""
    machine = machine_of(Work)
    ours, theirs = Walker(state, *accepted), Walker(state, *accepted)

    took = machine.fire(trigger, ours)
    also = machine.machine.events[trigger].trigger(theirs)

    assert took == also
    assert (ours.state, ours.acted) == (theirs.state, theirs.acted)


def test_a_state_without_the_trigger_takes_nothing() -> None:
    """Firing there is a plain no."""
    assert not machine_of(Work).fire("on:evt.job.do.success", Walker("done", "finish"))
