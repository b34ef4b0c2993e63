"""Orchestrators in several versions, started as a command or plainly."""

from __future__ import annotations

from typing import Any

from tests.unit.support import Text, event
from xorca import Orchestrator, emit, end, on, start


class Job(Orchestrator, name="t.job", version="1.0.0"):
    """Started as a command, with an answer at the end; the text "bad" makes the start fail."""

    text: str = ""

    @start("cmd.job.do")
    @emit("cmd.a.get")
    def begin(self, what: Text) -> Text:
        if what.text == "bad":
            raise ValueError("no")
        self.text = what.text
        return what

    @on("evt.a.get.success", to=end)
    @emit("evt.job.do.success")
    def done(self) -> Text:
        return Text(self.text)


class Job2(Orchestrator, name="t.job", version="2.0.0"):
    """The next version."""

    text: str = ""

    @start("cmd.job.do")
    @emit("cmd.b.get")
    def begin(self, what: Text) -> Text:
        return what

    @on("evt.b.get.success", to=end)
    def done(self) -> None: ...


class Job10(Orchestrator, name="t.job", version="10.0.0"):
    """A version whose text is less than that of 2.0.0; it starts on another event."""

    @start("cmd.job.renamed")
    @emit("cmd.c.get")
    def begin(self, what: Text) -> Text:
        return what

    @on("evt.c.get.success", to=end)
    def done(self) -> None: ...


class Plain(Orchestrator, name="t.plain"):
    """Its start is no command."""

    @start
    @emit("cmd.a.get")
    def begin(self, what: Text) -> Text:
        return what

    @on("evt.a.get.success", to=end)
    def done(self) -> None: ...


def order(text: str = "x", id: str = "s1", pid: str | None = "p", **extensions: Any) -> Any:
    """Make a start of Job that says whom to answer."""
    if pid is not None:
        extensions["processid"] = pid
    return event("cmd.job.do", Text(text), subject="caller/1/7", id=id, source="/c", **extensions)
