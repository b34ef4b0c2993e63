"""Simulated orchestrators about events: early ones, poison, deadlines, versions, joins of news."""

from __future__ import annotations

from datetime import timedelta

from tests.simulation.models import Model, Rule, register
from tests.simulation.writing import Ask, Reply, Work, Writing
from xorca import Final, State, after, all_of, emit, end, on, start, stay


class Early(Writing, name="sim.early"):
    """Hears in late states what comes early: deferred, ignored or rejected."""

    one = State()
    two = State()
    three = State()
    done = Final()

    notes: int = 0

    @start(to=one)
    @emit("cmd.one.do")
    def begin(self, ask: Ask) -> Work:
        return self._write("begin", ask.token)

    @on("evt.one.do.success", "evt.one.do.error", at=one, to=two)
    @emit("cmd.two.do")
    def second(self, reply: Reply) -> Work:
        return self._write("second", reply.token)

    def is_last(self, note: Ask) -> bool:
        return self.notes == 1

    @on("evt.note.said", at=two, to=three, when=is_last)
    @emit("notif.step", "cmd.three.do")
    def last_note(self, note: Ask) -> tuple[Work, Work]:
        work = self._write("last_note", note.token)
        return work, work

    @on("evt.note.said", at=two)
    @emit("notif.step")
    def note(self, note: Ask) -> Work:
        self.notes += 1
        return self._write("note", note.token)

    @on("evt.hint.said", at=three, early="ignore")
    @emit("notif.step")
    def hint(self, hint: Ask) -> Work:
        return self._write("hint", hint.token)

    @on("evt.word.said", at=three, early="reject")
    @emit("notif.step")
    def word(self, word: Ask) -> Work:
        return self._write("word", word.token)

    @on(all_of("evt.seal.said", "evt.three.do.success"), at=three, to=done)
    @emit("notif.step", "notif.end")
    def sealed(self, seal: Ask, reply: Reply) -> tuple[Work, Work]:
        work = self._write("sealed", seal.token, reply.token)
        return work, work

    @on("evt.three.do.error", at=three)
    @emit("cmd.three.do")
    def again(self, reply: Reply) -> Work:
        return self._write("again", reply.token)


class Notes(Writing, name="sim.notes"):
    """Counts notes, some of which are poison, until there are enough; nothing else moves it."""

    wanted: int = 0
    heard: int = 0

    def poison(self, *values: int) -> bool:
        return 13 in values

    @start
    @emit("cmd.book.open")
    def open(self, ask: Ask) -> Work:
        if self.poison(ask.n):
            raise ValueError("a poison start")
        self.wanted = ask.n
        return self._write("open", ask.token, n=ask.n)

    def enough(self, note: Ask) -> bool:
        if note.n == 14:
            raise ValueError("a poison guard")
        return self.heard + 1 >= self.wanted and not self.poison(note.n)

    @on("evt.note.said", at=open, to=end, when=enough)
    @emit("notif.step", "cmd.book.shut")
    def last(self, note: Ask) -> tuple[Work, Work]:
        work = self._write("last", note.token)
        return work, work

    @on("evt.note.said", at=open, to=stay)
    @emit("notif.step")
    def note(self, note: Ask) -> Work:
        if self.poison(note.n):
            raise ValueError("poison")
        self.heard += 1
        return self._write("note", note.token)

    @on(all_of("evt.ink.said", "evt.pen.said"), at=open, to=stay)
    @emit("notif.step")
    def drawn(self, ink: Ask, pen: Ask) -> Work:
        if self.poison(ink.n, pen.n):
            raise ValueError("a poison join")
        return self._write("drawn", ink.token, pen.token)


class FixedNotes(Notes, name="sim.notes"):
    """The same once the bug was found; a guard of its own still raises."""

    def poison(self, *values: int) -> bool:
        return False


class Waits(Writing, name="sim.waits"):
    """Deadlines: rests, checks, rests again; the answer races the deadline."""

    resting = State()
    checking = State()
    done = Final()
    late = Final()

    rounds: int = 0

    @start("evt.alarm.rang", to=resting, on_existing="ignore")
    def begin(self, ask: Ask) -> None:
        self.rounds = ask.n
        self._write("begin", ask.token)

    @after(timedelta(seconds=30), at=resting, to=checking)
    @emit("cmd.check.do")
    def check(self) -> Work:
        return self._write("check", self._wake())

    def is_over(self, reply: Reply) -> bool:
        return self.rounds <= 1

    @on("evt.check.do.success", at=checking, to=done, when=is_over)
    @emit("notif.step")
    def over(self, reply: Reply) -> Work:
        return self._write("over", reply.token)

    @on("evt.check.do.success", "evt.check.do.error", at=checking, to=resting)
    @emit("notif.step")
    def checked(self, reply: Reply) -> Work:
        self.rounds -= 1
        return self._write("checked", reply.token)

    @after(timedelta(seconds=8), at=checking, to=resting)
    @emit("notif.step")
    def silent(self) -> Work:
        return self._write("silent", self._wake())

    @after(timedelta(hours=1), to=late)
    @emit("notif.step")
    def too_late(self) -> Work:
        return self._write("too_late", self._wake())


class Ver1(Writing, name="sim.ver", version="1.0.0"):
    @start
    @emit("cmd.old.do")
    def old(self, ask: Ask) -> Work:
        return self._write("old", ask.token)

    @on("evt.old.do.success", "evt.old.do.error", to=end)
    @emit("notif.step")
    def done(self, reply: Reply) -> Work:
        return self._write("done", reply.token)


class Ver2(Writing, name="sim.ver", version="2.0.0"):
    @start
    @emit("cmd.new.do", "notif.step")
    def new(self, ask: Ask) -> tuple[Work, Work]:
        work = self._write("new", ask.token)
        return work, work

    @on("evt.new.do.success", "evt.new.do.error", to=end)
    @emit("notif.step")
    def done(self, reply: Reply) -> Work:
        return self._write("done", reply.token)


STEP = ("notif.step",)

register(
    Model(
        "sim.early",
        {
            "begin": Rule(("",), "one", ("cmd.one.do",)),
            "second": Rule(("one",), "two", ("cmd.two.do",)),
            "note": Rule(("two",), None, STEP),
            "last_note": Rule(("two",), "three", ("notif.step", "cmd.three.do")),
            "hint": Rule(("three",), None, STEP),
            "word": Rule(("three",), None, STEP),
            "again": Rule(("three",), None, ("cmd.three.do",)),
            "sealed": Rule(("three",), "done", ("notif.step", "notif.end")),
        },
        check=lambda lines: (
            "a note came after the second"
            if sum(line.startswith(("note", "last_note")) for line in lines) > 2
            else ""
        ),
    ),
    Model(
        "sim.notes",
        {
            "open": Rule(("",), "open", ("cmd.book.open",)),
            "note": Rule(("open",), None, STEP),
            "drawn": Rule(("open",), None, STEP),
            "last": Rule(("open",), "last", ("notif.step", "cmd.book.shut")),
        },
        check=lambda lines: (
            "it ended too early"
            if lines[-1].startswith("last")
            and sum(line.startswith(("note", "last")) for line in lines)
            != int(lines[0].rpartition("=")[2])
            else ""
        ),
    ),
    Model(
        "sim.waits",
        {
            "begin": Rule(("",), "resting"),
            "check": Rule(("resting",), "checking", ("cmd.check.do",)),
            "checked": Rule(("checking",), "resting", STEP),
            "silent": Rule(("checking",), "resting", STEP),
            "over": Rule(("checking",), "done", STEP),
            "too_late": Rule(("resting", "checking"), "late", STEP),
        },
        timers={"resting": {"check": 30}, "checking": {"silent": 8}},
        lifetime={"too_late": 3600},
    ),
    Model(
        "sim.ver",
        {
            "old": Rule(("",), "old", ("cmd.old.do",)),
            "done": Rule(("old",), "done", STEP),
        },
    ),
    Model(
        "sim.ver",
        {
            "new": Rule(("",), "new", ("cmd.new.do", "notif.step")),
            "done": Rule(("new",), "done", STEP),
        },
        version="2.0.0",
    ),
)
