"""What all simulated orchestrators share: payloads, and the log of what was applied."""

from __future__ import annotations

import msgspec

from xorca import Orchestrator


class Ask(msgspec.Struct):
    """What somebody outside says; the token is the id of the event."""

    token: str = ""
    n: int = 0


class Work(msgspec.Struct):
    """What is sent: which line of the log decided it, and its place in a fan-out."""

    step: int
    item: int = 0


class Reply(msgspec.Struct):
    """What a service answers; the token is the id of the command."""

    token: str
    n: int = 0


class Writing(Orchestrator):
    """Writes a line for everything that it applies, so that applying it twice shows."""

    log: list[str] = []

    def _write(self, handler: str, *tokens: str, **values: int) -> Work:
        words = [handler, *tokens, *(f"{name}={value}" for name, value in values.items())]
        self.log.append(" ".join(words))
        return Work(len(self.log) - 1)

    def _fan(self, work: Work, count: int) -> list[Work]:
        return [Work(work.step, at) for at in range(count)]

    def _wake(self) -> str:
        return self.event.get_id()
