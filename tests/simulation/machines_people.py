"""A simulated orchestrator that waits for people: it gives tokens, and they bring them back."""

from __future__ import annotations

from datetime import timedelta

from tests.simulation.models import Model, Rule, register
from tests.simulation.writing import Ask, Reply, Work, Writing
from xorca import Final, State, after, emit, on, start

ASKED, BELL = "notif.door.asked", "notif.door.bell"
LASTS = timedelta(minutes=1)


class Key(Work):
    """A token, and which line of the log gave it."""

    token: str = ""


class Door(Writing, name="sim.door"):
    """Waits for somebody to open, again and again; a bell may be rung once, whenever."""

    waiting = State()
    checking = State()
    done = Final()

    rounds: int = 0

    @start(to=waiting)
    @emit(ASKED, BELL)
    def begin(self, ask: Ask) -> tuple[Key, Key]:
        self.rounds = ask.n
        work = self._write("begin", ask.token)
        bell = self.token("evt.bell.rung", whole_life=True)
        return self._key(work), Key(work.step, token=bell)

    def is_willing(self, use: Ask) -> bool:
        return use.n > 0

    @on("evt.door.opened", at=waiting, to=checking, when=is_willing)
    @emit("cmd.guard.do")
    def opened(self, use: Ask) -> Work:
        return self._write("opened", use.token)

    @after(timedelta(seconds=90), at=waiting, to=waiting)
    @emit(ASKED)
    def slow(self) -> Key:
        return self._key(self._write("slow", self._wake()))

    def is_last(self, _: Reply) -> bool:
        return self.rounds <= 1

    @on("evt.guard.do.success", at=checking, to=done, when=is_last)
    @emit("notif.step")
    def last(self, reply: Reply) -> Work:
        return self._write("last", reply.token)

    @on("evt.guard.do.success", "evt.guard.do.error", at=checking, to=waiting)
    @emit(ASKED)
    def again(self, reply: Reply) -> Key:
        self.rounds -= 1
        return self._key(self._write("again", reply.token))

    @on("evt.bell.rung", at=(waiting, checking))
    @emit("notif.step")
    def rung(self, use: Ask) -> Work:
        return self._write("rung", use.token)

    def _key(self, work: Work) -> Key:
        return Key(work.step, token=self.token("evt.door.opened", expires=LASTS))


register(
    Model(
        "sim.door",
        {
            "begin": Rule(("",), "waiting", (ASKED, BELL)),
            "opened": Rule(("waiting",), "checking", ("cmd.guard.do",)),
            "slow": Rule(("waiting",), "waiting", (ASKED,)),
            "last": Rule(("checking",), "done", ("notif.step",)),
            "again": Rule(("checking",), "waiting", (ASKED,)),
            "rung": Rule(("waiting", "checking"), None, ("notif.step",)),
        },
        timers={"waiting": {"slow": 90}},
    ),
)
