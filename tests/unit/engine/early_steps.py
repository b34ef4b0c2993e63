"""An orchestrator of three steps that each wait for one event."""

from __future__ import annotations

from typing import Any

from tests.unit.support import Stage, Text, data_of, stage, told
from xorca import Final, Orchestrator, State, anywhere, emit, on, start
from xorca.runtime import Limits


def steps(early: str = "defer", only: str | None = None) -> type[Orchestrator]:
    """Give a class of three states that each hear one event, and send what they heard."""
    options: Any = {} if only is None else {"early": only}

    class Steps(Orchestrator, name="t.steps", early=early):
        one = State()
        two = State()
        three = State()
        done = Final()

        @start(to=one)
        def begin(self) -> None: ...

        @on("evt.x.said", at=one, to=two)
        @emit("notif.heard")
        def x(self, what: Text) -> Text:
            return what

        @on("evt.y.said", at=two, to=three, **options)
        @emit("notif.heard")
        def y(self, what: Text) -> Text:
            if what.text == "bad":
                raise ValueError("bad")
            return what

        @on("evt.z.said", at=three, to=done)
        @emit("notif.heard")
        def z(self, what: Text) -> Text:
            return what

        @on("cmd.t.stop", at=anywhere, to=done)
        def stop(self) -> None: ...

    return Steps


async def begun(early: str = "defer", only: str | None = None, **limits: Any) -> Stage:
    """Give a started process of such a class."""
    play = stage(steps(early, only), limits=Limits(**limits))
    await play.start()
    return play


async def say(play: Stage, name: str, text: str = "") -> tuple[str, str]:
    """Tell a process something; give status and reason."""
    return told(await play.say(f"evt.{name}.said", Text(text or name)))


def heard(play: Stage) -> list[str]:
    """Give what the process said that it heard."""
    return [data_of(one)["text"] for one in play.sent("notif.heard")]
