"""What was sent to each process of the soak, kept beside it in as little room as it keeps."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import msgspec

from tests.stress.soak_machines import Report, add, mark_of

NEWEST = 96
"""So many ids of what a process has sent are known, to tell what it sends again."""


@dataclass(slots=True)
class Account:
    """One process: what is due to it, and what it has asked."""

    applied: int = 0
    total: int = 0
    asked: int = 0
    ticks: int = 0
    _newest: deque[int] = field(default_factory=lambda: deque[int](maxlen=NEWEST))

    def owes(self, token: str) -> None:
        """Note what the process has to apply, once."""
        self.applied, self.total = self.applied + 1, add(self.total, token)

    def is_new(self, event_id: str) -> bool:
        """Tell whether the process sends this for the first time, and note it."""
        mark = mark_of(event_id)
        if mark in self._newest:
            return False
        self._newest.append(mark)
        return True


@dataclass(slots=True)
class Books:
    """The accounts of the processes that live, and what was wrong with those that are over."""

    accounts: dict[str, Account] = field(default_factory=dict[str, Account])
    ended: int = 0
    asked: int = 0
    again: int = 0
    wrong: list[str] = field(default_factory=list[str])

    def asks(self, subject: str, event_id: str) -> None:
        """Note a command, or a deadline that is delivered, which leads to one event for the process."""
        account = self.accounts.get(subject)
        if account is None:
            self.again += 1  # it is over, and something of it is sent again
        elif account.is_new(event_id):
            account.owes(event_id)
        else:
            self.again += 1

    def commands(self, subject: str, event_id: str) -> None:
        """Note a command, which its process says that it asked."""
        before = self.again
        self.asks(subject, event_id)
        if self.again == before:
            self.accounts[subject].asked += 1
            self.asked += 1

    def closes(self, subject: str, data: bytes) -> bool:
        """Compare what a process did with what was due to it; False where it was told before."""
        account = self.accounts.pop(subject, None)
        if account is None:
            self.again += 1
            return False
        said = msgspec.json.decode(data, type=Report)
        due = Report(account.applied, account.total, account.asked)
        if said != due:
            self.wrong.append(f"{subject}: did {said}, and {due} was due")
        self.ended += 1
        return True
