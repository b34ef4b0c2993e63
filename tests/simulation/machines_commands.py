"""Simulated orchestrators about commands: joins, retries, fan-outs, folds, children."""

from __future__ import annotations

from datetime import timedelta

from tests.simulation.models import Model, Rule, register
from tests.simulation.writing import Ask, Reply, Work, Writing
from xorca import Final, State, after, all_of, emit, end, on, start, stay


class Pair(Writing, name="sim.pair"):
    """Two commands and their join, asked again on errors and silence; it answers its caller."""

    asking = State()
    closing = State()
    done = Final()

    @start("cmd.pair.run", to=asking)
    @emit("cmd.left.do", "cmd.right.do", "notif.step")
    def begin(self, ask: Ask) -> tuple[Work, Work | None, Work]:
        return self._ask(self._write("begin", ask.token, n=ask.n), ask.n)

    @on("evt.left.do.error", "evt.right.do.error", at=asking, to=asking)
    @emit("cmd.left.do", "cmd.right.do", "notif.step")
    def again(self, reply: Reply) -> tuple[Work, Work | None, Work]:
        return self._ask(self._write("again", reply.token, n=reply.n), reply.n)

    @after(timedelta(minutes=5), at=asking, to=asking)
    @emit("cmd.left.do", "cmd.right.do", "notif.step")
    def slow(self) -> tuple[Work, Work | None, Work]:
        return self._ask(self._write("slow", self._wake(), n=1), 1)

    @on(all_of("evt.left.do.success", "evt.right.do.success"), at=asking, to=closing)
    @emit("cmd.close.do")
    def joined(self, left: Reply, right: Reply | None) -> Work:
        rest = () if right is None else (right.token,)
        return self._write("joined", left.token, *rest)

    @on("evt.close.do.success", at=closing, to=done)
    @emit("evt.pair.run.success", "notif.step")
    def close(self, reply: Reply) -> tuple[Work, Work]:
        work = self._write("close", reply.token)
        return work, work

    @on("evt.close.do.error", at=closing, to=closing)
    @emit("cmd.close.do")
    def close_again(self, reply: Reply) -> Work:
        return self._write("close_again", reply.token)

    def _ask(self, work: Work, n: int) -> tuple[Work, Work | None, Work]:
        return work, work if n % 2 else None, work


def _asked(values: dict[str, int]) -> tuple[str, ...]:
    both = ("cmd.left.do", "cmd.right.do", "notif.step")
    return both if values["n"] % 2 else (both[0], both[2])


class Fan(Writing, name="sim.fan"):
    """A fan-out that is joined as a list, then one that is folded answer by answer."""

    scanning = State()
    counting = State()
    done = Final()

    n: int = 0

    @start(to=scanning)
    @emit("cmd.page.scan")
    def begin(self, ask: Ask) -> list[Work]:
        self.n = ask.n
        return self._fan(self._write("begin", ask.token, n=ask.n), ask.n)

    @on("evt.page.scan.error", at=scanning)
    def torn(self, reply: Reply) -> None:
        self._write("torn", reply.token)

    @on("evt.page.scan.success", at=scanning, to=counting)
    @emit("cmd.page.count", "notif.step")
    def scanned(self, pages: list[Reply]) -> tuple[list[Work], Work]:
        work = self._write("scanned", *(page.token for page in pages), n=self.n)
        return self._fan(work, self.n), work

    @on("evt.page.count.success", "evt.page.count.error", at=counting, each=True)
    @emit("notif.step")
    def count(self, reply: Reply) -> Work:
        return self._write("count", reply.token)

    @on("evt.page.count.success", at=counting, to=done)
    @emit("notif.step")
    def counted(self) -> Work:
        return self._write("counted")


class Boss(Writing, name="sim.boss"):
    """Starts helpers, which are processes too, and waits for the answers of all."""

    @start
    @emit("cmd.help.give")
    def begin(self, ask: Ask) -> list[Work]:
        return self._fan(self._write("begin", ask.token, n=ask.n), ask.n)

    @on("evt.help.give.success", to=end)
    @emit("notif.step")
    def helped(self, replies: list[Reply]) -> Work:
        return self._write("helped", *(reply.token for reply in replies))


class Helper(Writing, name="sim.helper"):
    """Served by an orchestrator: a command in, an answer out."""

    command: str = ""

    @start("cmd.help.give")
    @emit("cmd.aid.do")
    def aid(self, work: Work) -> Work:
        self.command = self.event.get_id()
        return self._write("aid", self.command)

    @on("evt.aid.do.error", to=stay)
    @emit("cmd.aid.do")
    def again(self, reply: Reply) -> Work:
        return self._write("again", reply.token)

    @on("evt.aid.do.success", to=end)
    @emit("evt.help.give.success")
    def give(self, reply: Reply) -> Reply:
        step = self._write("give", reply.token).step
        return Given(self.command, 0, step)


class Given(Reply):
    """An answer that says which line of the log decided it."""

    step: int = 0


class First(Writing, name="sim.first"):
    """The first of two answers goes on; the other, heard in the next state, ends."""

    racing = State()
    resting = State()
    done = Final()

    @start(to=racing)
    @emit("cmd.near.do", "cmd.far.do")
    def begin(self, ask: Ask) -> tuple[Work, Work]:
        work = self._write("begin", ask.token)
        return work, work

    @on("evt.near.do.success", "evt.near.do.error", at=racing, to=resting, first=True)
    @emit("cmd.rest.do")
    def near(self, reply: Reply) -> Work:
        return self._write("near", reply.token)

    @on("evt.far.do.success", "evt.far.do.error", at=resting, to=done)
    @emit("notif.step")
    def far(self, reply: Reply) -> Work:
        return self._write("far", reply.token)


register(
    Model(
        "sim.pair",
        {
            "begin": Rule(("",), "asking", _asked),
            "again": Rule(("asking",), "asking", _asked),
            "slow": Rule(("asking",), "asking", _asked),
            "joined": Rule(("asking",), "closing", ("cmd.close.do",)),
            "close_again": Rule(("closing",), "closing", ("cmd.close.do",)),
            "close": Rule(("closing",), "done", ("evt.pair.run.success", "notif.step")),
        },
        timers={"asking": {"slow": 300}},
    ),
    Model(
        "sim.fan",
        {
            "begin": Rule(("",), "scanning", lambda v: ("cmd.page.scan",) * v["n"]),
            "torn": Rule(("scanning",)),
            "scanned": Rule(
                ("scanning",), "counting", lambda v: (*("cmd.page.count",) * v["n"], "notif.step")
            ),
            "count": Rule(("counting",), None, ("notif.step",)),
            "counted": Rule(("counting",), "done", ("notif.step",)),
        },
        wide=frozenset({"cmd.page.scan", "cmd.page.count"}),
    ),
    Model(
        "sim.boss",
        {
            "begin": Rule(("",), "begin", lambda v: ("cmd.help.give",) * v["n"]),
            "helped": Rule(("begin",), "helped", ("notif.step",)),
        },
        wide=frozenset({"cmd.help.give"}),
    ),
    Model(
        "sim.helper",
        {
            "aid": Rule(("",), "aid", ("cmd.aid.do",)),
            "again": Rule(("aid",), None, ("cmd.aid.do",)),
            "give": Rule(("aid",), "give", ("evt.help.give.success",)),
        },
    ),
    Model(
        "sim.first",
        {
            "begin": Rule(("",), "racing", ("cmd.near.do", "cmd.far.do")),
            "near": Rule(("racing",), "resting", ("cmd.rest.do",)),
            "far": Rule(("resting",), "done", ("notif.step",)),
        },
    ),
)
