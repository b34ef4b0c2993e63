"""Several workers on one socket: started, started again, and stopped together."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from time import monotonic, sleep

import click
import msgspec

from xorca.cli.dev_guard import FAILED
from xorca.cli.dev_supervisor import Stop, stop_signals
from xorca.cli.failing import plain_errors
from xorca.cli.loading import load_sound
from xorca.cli.serve_server import say_ready
from xorca.cli.serve_site import try_site
from xorca.cli.serve_wish import ServeWish

_LOOK = 0.1
_HEALTHY = 3.0
_MOST_DEATHS = 5
_LAST_WORD = 5.0
_BOOT = (
    "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN);"
    " import json, sys; path, wish, fd = json.loads(sys.argv[1]); sys.path[:] = path;"
    " from xorca.cli.serve_worker import main; main(wish, fd)"
)


class _Workers:
    """Programs that serve; one that dies is started anew, unless none of them lives."""

    def __init__(self, wish: ServeWish, listening: socket.socket) -> None:
        self._wish, self._fd, self._deaths = wish, listening.fileno(), 0
        self._programs = [self._start() for _ in range(wish.workers)]
        self._began = monotonic()

    def look(self) -> int | None:
        """Start anew what has died; give an exit code where that is of no use."""
        for place, program in enumerate(self._programs):
            code = program.poll()
            if code is None:
                continue
            if code == FAILED:  # it has said why
                return 2
            click.echo(f"a worker ended by itself ({_shown(code)}): starting another", err=True)
            self._deaths = 0 if monotonic() - self._began > _HEALTHY else self._deaths + 1
            if self._deaths >= _MOST_DEATHS:
                click.echo("workers end as soon as they are started: giving up", err=True)
                return 1
            self._began, self._programs[place] = monotonic(), self._start()
        return None

    def end(self, stop: Stop) -> None:
        """Let every worker answer what is under way; kill what takes too long."""
        for program in self._programs:
            assert program.stdin is not None  # it was asked for
            program.stdin.close()
        end = monotonic() + self._wish.grace + _LAST_WORD
        while not stop.at_once() and monotonic() < end:
            if all(program.poll() is not None for program in self._programs):
                return
            sleep(_LOOK)
        for program in self._programs:
            program.kill()
            program.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        wish = msgspec.json.encode(self._wish).decode()
        text = msgspec.json.encode([sys.path, wish, self._fd]).decode()
        command = [sys.executable, "-P", "-c", _BOOT, text]
        return subprocess.Popen(  # noqa: S603 - this very program
            command, stdin=subprocess.PIPE, pass_fds=(self._fd,)
        )


def supervise(wish: ServeWish, listening: socket.socket, where: str) -> int:
    """Keep workers until somebody asks for the end; give the exit code."""
    with stop_signals() as stop:
        with plain_errors():  # what cannot be served is said once, not by every worker
            asyncio.run(try_site(wish, load_sound(wish.target)))
        workers = _Workers(wish, listening)
        say_ready((f"{wish.workers} workers",), wish, where)
        code = None
        while code is None and not stop.asked():
            sleep(_LOOK)
            code = workers.look()
        workers.end(stop)
    return code or 0


def _shown(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
