"""The processes that the tests of Blob storage run."""

from __future__ import annotations

from dataclasses import dataclass

from xorca import Orchestrator, emit, end, on, start, stay


@dataclass
class Opened:
    number: int = 0


@dataclass
class Tick:
    token: str


@dataclass
class Done:
    token: str


class Tally(Orchestrator, name="tally", version="1.0.0"):
    """Count ticks, write each down, and ask for one piece of work a tick."""

    count: int = 0
    tokens: list[str]

    @start
    @emit("cmd.tally.open")
    def begin(self, opened: Opened) -> Opened:
        self.tokens = []
        return opened

    @on("evt.tally.tick", at=begin, to=stay)
    @emit("cmd.tally.work")
    def tick(self, tick: Tick) -> Done:
        self.count += 1
        self.tokens.append(tick.token)
        return Done(tick.token)

    @on("evt.tally.close", at=begin, to=end)
    @emit("notif.tally.closed")
    def close(self, tick: Tick) -> Done:
        return Done(tick.token)
