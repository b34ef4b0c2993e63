"""Start the worker of ``xorca dev``, and start it again, until somebody says stop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from types import FrameType

import click

from xorca.cli.dev_files import EVERY, Watch
from xorca.cli.dev_guard import FAILED, GRACE, RELOAD

_LOOK = 0.1
_PATIENCE = GRACE + 5.0
_HEALTHY = 3.0
_BOOT = (
    "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN);"
    " import json, sys; wish = json.loads(sys.argv[1]); sys.path[:] = wish['path'];"
    " from xorca.cli.dev_worker import main; main(wish['target'], wish['url'], wish['http'])"
)


class Stop:
    """How often somebody has asked for the end."""

    def __init__(self) -> None:
        self._times = 0

    def ask(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Take note; the second time nobody waits any more."""
        self._times += 1

    def asked(self) -> bool:
        """Tell whether somebody has."""
        return self._times > 0

    def at_once(self) -> bool:
        """Tell whether somebody has asked again."""
        return self._times > 1


@contextmanager
def stop_signals() -> Generator[Stop]:
    """Turn SIGINT and SIGTERM into a wish to stop, for the block."""
    stop = Stop()
    before = {number: signal.signal(number, stop.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def supervise(target: str, url: str, stop: Stop, *, http: int | None = None) -> None:
    """Keep a worker running until somebody asks for the end.

    A worker that cannot begin has said why; then a change of a file is waited for.
    """
    root = Path.cwd()
    while not stop.asked():
        watch, began = Watch(root), monotonic()
        code = _work(target, url, stop, http)
        if stop.asked() or code == RELOAD:
            continue
        if code != FAILED:
            click.echo(f"the worker ended by itself ({_shown(code)})", err=True)
            if monotonic() - began > _HEALTHY:
                continue
        click.echo("waiting for a change of a Python file; Ctrl-C ends", err=True)
        while not stop.asked() and not watch.anything(root):
            sleep(EVERY)


def _shown(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def _work(target: str, url: str, stop: Stop, http: int | None) -> int:
    """Run one worker to its end and give its exit code."""
    # The same path as here, and nothing that happens to lie in the current directory before it.
    wish = json.dumps({"path": sys.path, "target": target, "url": url, "http": http})
    command = [sys.executable, "-P", "-c", _BOOT, wish]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as worker:  # noqa: S603 - this very program
        while not stop.asked():
            try:
                return worker.wait(_LOOK)
            except subprocess.TimeoutExpired:
                continue
        return _end(worker, stop)


def _end(worker: subprocess.Popen[bytes], stop: Stop) -> int:
    fresh = "\n" if sys.stderr.isatty() else ""  # the terminal has written ^C
    click.echo(f"{fresh}stopping when what is in flight is done; Ctrl-C again: at once", err=True)
    assert worker.stdin is not None  # it was asked for
    worker.stdin.close()
    end = monotonic() + _PATIENCE
    while not stop.at_once() and monotonic() < end:
        try:
            return worker.wait(_LOOK)
        except subprocess.TimeoutExpired:
            continue
    worker.kill()
    return worker.wait()
