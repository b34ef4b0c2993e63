"""The process that is raced for, and what one racing worker is told."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from xorca import Final, Orchestrator, State, emit, on, start
from xorca.events import Event

NAME = "race.count"


@dataclass
class Token:
    token: str


class Count(Orchestrator, name=NAME):
    """Counts tokens, writes each down, and tells of each."""

    count: int = 0
    tokens: list[str] = []

    counting = State()
    over = Final()

    @start(to=counting)
    @emit("notif.race.begun")
    def begin(self, token: Token) -> Token:
        return token

    @on("evt.race.token", at=counting)
    @emit("notif.race.counted")
    def counted(self, token: Token) -> Token:
        self.count += 1
        self.tokens += [token.token]
        return token

    @on("evt.race.over", at=counting, to=over)
    def finish(self) -> None:
        pass


def start_event(process: str = "hot") -> Event:
    """Give the event that starts a process."""
    return Event(
        id=f"start-{process}",
        source="/race",
        type=f"xorca.{NAME}.start",
        data=b'{"token":"start"}',
        extensions={"processid": process},
    )


def token_event(token: str, process: str = "hot") -> Event:
    """Give one event for a process; its id is its token."""
    return Event(
        id=token,
        source="/race",
        type="evt.race.token",
        subject=f"{NAME}/1.0.0/{process}",
        data=msgspec.json.encode({"token": token}),
    )


@dataclass(frozen=True)
class Job:
    """Which store to race on, by how many workers, and where to write down what was sent.

    ``lease`` names a table of leases at ``locks``; ``sabotage`` has saves ignore their
    condition, so that the check can be seen to find that out.
    """

    url: str
    name: str
    log: str
    workers: int
    events: int
    lease: str = ""
    locks: str = ""
    sabotage: bool = False

    def line(self) -> str:
        """Give it as a command line takes it."""
        return msgspec.json.encode(asdict(self)).decode()

    @classmethod
    def read(cls, line: str) -> Job:
        """Read what ``line`` gave."""
        words: dict[str, Any] = msgspec.json.decode(line)
        return cls(**words)
