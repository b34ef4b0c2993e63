"""Where the services work: how long they take, and the log of what they did.

Both are off unless the environment asks for them: BOOK_SUMMARY_PACE is the time that a
service takes in seconds, BOOK_SUMMARY_LOG a file to which each line is appended as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from xorca.fleet import Call

LONGEST = timedelta(seconds=3)
"""How long a service may take; a killed one's commands come again five seconds later."""

PACE = "BOOK_SUMMARY_PACE"
LOG = "BOOK_SUMMARY_LOG"


@dataclass(frozen=True)
class Entry:
    """One line of the log: what was done with an event, and by which process of the machine."""

    what: str
    event: str
    type: str
    subject: str
    worker: int
    detail: str = ""


def note(call: Call, what: str, *, detail: str = "") -> None:
    """Append a line to the log, in one write so that processes do not mix theirs."""
    path = os.environ.get(LOG)
    if not path:
        return
    event = call.command
    subject = event.get_subject() or ""
    entry = Entry(what, event.get_id(), event.get_type(), subject, os.getpid(), detail)
    line = json.dumps(asdict(entry)) + "\n"
    file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


def read_log(path: Path) -> list[Entry]:
    """Read the log; a file that is not there yet is an empty one."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [Entry(**json.loads(line)) for line in text.splitlines()]


@asynccontextmanager
async def at_work(call: Call) -> AsyncGenerator[None]:
    """Work on a command: log that it was begun, take the time, and log that it was done."""
    note(call, "begun")
    await asyncio.sleep(float(os.environ.get(PACE) or 0))
    yield
    note(call, "done")
