"""Simulated orchestrators of rare things: bugs in deadlines and joins, starts heard later too."""

from __future__ import annotations

from datetime import timedelta

from tests.simulation.models import Model, Rule, register
from tests.simulation.writing import Ask, Reply, Work, Writing
from xorca import Final, State, after, all_of, emit, on, start, stay

BOTH = ("cmd.left.do", "cmd.right.do")


class Frail(Writing, name="sim.frail"):
    """Its deadline fails, or its join, or both, until the bug is mended and they are redriven."""

    waiting = State()
    joining = State()
    done = Final()

    bugs: int = 0

    def check(self, bug: int) -> None:
        if self.bugs & bug:
            raise ValueError("a bug")

    @start(to=waiting)
    def begin(self, ask: Ask) -> None:
        self.bugs = ask.n
        self._write("begin", ask.token)

    @after(timedelta(seconds=20), at=waiting, to=joining)
    @emit(*BOTH)
    def rung(self) -> tuple[Work, Work]:
        self.check(1)
        return self._both(self._write("rung", self._wake()))

    @on("evt.left.do.error", "evt.right.do.error", at=joining, to=joining)
    @emit(*BOTH)
    def again(self, reply: Reply) -> tuple[Work, Work]:
        return self._both(self._write("again", reply.token))

    @on(all_of("evt.left.do.success", "evt.right.do.success"), at=joining, to=done)
    @emit("notif.step")
    def joined(self, left: Reply, right: Reply) -> Work:
        self.check(2)
        return self._write("joined", left.token, right.token)

    def _both(self, work: Work) -> tuple[Work, Work]:
        return work, work


class FixedFrail(Frail, name="sim.frail"):
    """The same once the bugs were found."""

    def check(self, bug: int) -> None:
        """Be content."""


class Slow(Writing, name="sim.slow"):
    """Goes on by deadlines alone, and hears notes that come too early for it; none is needed."""

    one = State()
    two = State()
    done = Final()

    @start(to=one)
    def begin(self, ask: Ask) -> None:
        self._write("begin", ask.token)

    @after(timedelta(seconds=10), at=one, to=two)
    @emit("notif.step")
    def rung(self) -> Work:
        return self._write("rung", self._wake())

    @on("evt.note.said", at=two)
    @emit("notif.step")
    def note(self, note: Ask) -> Work:
        return self._write("note", note.token)

    @after(timedelta(seconds=10), at=two, to=done)
    @emit("notif.step")
    def over(self) -> Work:
        return self._write("over", self._wake())


class Hasty(Writing, name="sim.hasty"):
    """Sends its fan-out anew whenever somebody says so, and ends in the midst of it by time."""

    scanning = State()
    done = Final()

    n: int = 0

    @start(to=scanning)
    @emit("cmd.page.scan")
    def begin(self, ask: Ask) -> list[Work]:
        self.n = ask.n
        return self._fan(self._write("begin", ask.token, n=ask.n), ask.n)

    @on("evt.note.said", at=scanning, to=stay)
    @emit("cmd.page.scan")
    def again(self, note: Ask) -> list[Work]:
        return self._fan(self._write("again", note.token, n=self.n), self.n)

    @on("evt.page.scan.error", at=scanning)
    def torn(self, reply: Reply) -> None:
        self._write("torn", reply.token)

    @on("evt.page.scan.success", at=scanning, to=done)
    @emit("notif.step")
    def scanned(self, pages: list[Reply]) -> Work:
        return self._write("scanned", *(page.token for page in pages))

    @after(timedelta(seconds=15), at=scanning, to=done)
    @emit("notif.step")
    def over(self) -> Work:
        return self._write("over", self._wake())


def pulse_of(ask: Ask) -> str:
    """Give the process that a beat is for, as its token says."""
    return ask.token.partition("-")[0]


class Pulse(Writing, name="sim.pulse"):
    """Whatever beats first starts it, and it hears the beats that follow."""

    beating = State()
    done = Final()

    heard: int = 1

    @start("evt.pulse.beat", to=beating, process=pulse_of)
    @emit("notif.step")
    def begin(self, ask: Ask) -> Work:
        return self._write("begin", ask.token)

    def is_last(self, ask: Ask) -> bool:
        return self.heard + 1 >= ask.n

    @on("evt.pulse.beat", at=beating, to=done, when=is_last, process=pulse_of)
    @emit("notif.step")
    def last(self, ask: Ask) -> Work:
        return self._write("last", ask.token)

    @on("evt.pulse.beat", at=beating, process=pulse_of)
    @emit("notif.step")
    def beat(self, ask: Ask) -> Work:
        self.heard += 1
        return self._write("beat", ask.token)


STEP = ("notif.step",)

register(
    Model(
        "sim.frail",
        {
            "begin": Rule(("",), "waiting"),
            "rung": Rule(("waiting",), "joining", BOTH),
            "again": Rule(("joining",), "joining", BOTH),
            "joined": Rule(("joining",), "done", STEP),
        },
        timers={"waiting": {"rung": 20}},
    ),
    Model(
        "sim.slow",
        {
            "begin": Rule(("",), "one"),
            "rung": Rule(("one",), "two", STEP),
            "note": Rule(("two",), None, STEP),
            "over": Rule(("two",), "done", STEP),
        },
        timers={"one": {"rung": 10}, "two": {"over": 10}},
    ),
    Model(
        "sim.hasty",
        {
            "begin": Rule(("",), "scanning", lambda v: ("cmd.page.scan",) * v["n"]),
            "again": Rule(("scanning",), None, lambda v: ("cmd.page.scan",) * v["n"]),
            "torn": Rule(("scanning",)),
            "scanned": Rule(("scanning",), "done", STEP),
            "over": Rule(("scanning",), "done", STEP),
        },
        wide=frozenset({"cmd.page.scan"}),
        timers={"scanning": {"over": 15}},
    ),
    Model(
        "sim.pulse",
        {
            "begin": Rule(("",), "beating", STEP),
            "beat": Rule(("beating",), None, STEP),
            "last": Rule(("beating",), "done", STEP),
        },
    ),
)
