"""A server to be killed: ``python -m tests.unit.handlers.asgi.killable FILE SOCKET COMMITS``.

It kills itself right after so many commits, before anything was answered; 0: never.
"""

from __future__ import annotations

import os
import signal
import socket
import sys

import uvicorn

from tests.unit.handlers.asgi.shop import KEYS, Approval, Sale
from xorca.handlers.asgi import app
from xorca.ports import Summary
from xorca.providers.local import SqliteStore


class DeadlyStore(SqliteStore):
    """A store after whose last commit nothing is heard any more."""

    left = 0

    async def save(
        self, key: str, body: bytes, *, expect: str | None, summary: Summary | None = None
    ) -> str:
        """Save, and perhaps die."""
        tag = await super().save(key, body, expect=expect, summary=summary)
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return tag


def serve(path: str, descriptor: int, commits: int) -> None:
    """Serve on a socket that is open already."""
    store = DeadlyStore(path)
    store.left = commits
    served = app(Sale, Approval, store=store, tokens=KEYS)
    config = uvicorn.Config(served, log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
