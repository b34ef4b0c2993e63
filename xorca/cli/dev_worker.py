"""The worker of ``xorca dev``: a program of its own, started anew when a file changes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from xorca.cli.app import print_whatever_comes
from xorca.cli.dev_guard import FAILED, GRACE, RELOAD, STOPPED, Guard
from xorca.cli.dev_http import http_beside
from xorca.cli.dev_lines import Lines
from xorca.cli.failing import WrongUse, plain_errors
from xorca.cli.loading import Loaded, load_sound
from xorca.cli.places import shown_place
from xorca.cli.printing import plain
from xorca.cli.stores import open_room, token_keys
from xorca.dsl.orchestrator import Orchestrator, plan_of
from xorca.errors import XorcaError
from xorca.fleet import Fleet
from xorca.handlers.local import LocalWorker
from xorca.ports import Query
from xorca.providers.open import StoreRoom
from xorca.runtime import Runtime
from xorca.runtime.reading import processes
from xorca.telemetry.lines import say

_MANY = 1000


def main(target: str, url: str, port: int | None = None) -> NoReturn:
    """Work until the parent is gone or a file has changed; the exit code says which."""
    guard = Guard(Path.cwd(), _take_stdin())
    guard.start()
    signal.signal(signal.SIGINT, _leave_it)
    sys.dont_write_bytecode = True  # caches know seconds, and files are saved twice in one
    context = click.Context(click.Command("dev"))
    context.color = False if os.environ.get("NO_COLOR") else None
    with context.scope():
        print_whatever_comes()
        code = _run(target, url, guard, port)
    sys.stdout.flush()
    raise SystemExit(code)


def _leave_it(number: int, frame: FrameType | None) -> None:
    """Go on: the parent hears Ctrl-C too, and says when it is time."""


def _take_stdin() -> int:
    """Keep the pipe from the parent, and leave nothing for others to read."""
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return pipe


def _run(target: str, url: str, guard: Guard, port: int | None) -> int:
    _log_in_sentences()
    try:
        loaded = _load(target)
        with plain_errors():
            asyncio.run(_work(loaded, open_room(url), guard, port))
    except WrongUse as exc:
        exc.show()
        return FAILED
    return STOPPED if guard.code is None else guard.code


def _load(target: str) -> Loaded:
    loaded = load_sound(target)
    if not loaded.chosen_or_none() and not loaded.instances(Fleet):
        raise WrongUse(f"{loaded.named} has no orchestrator and no Fleet: there is nothing to run")
    return loaded


class _Sentences(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        why = f": {type(error).__name__}: {error}" if error is not None else ""
        mark = click.style("xorca:", fg="red", bold=True)
        click.echo(f"{mark} {plain(record.getMessage() + why)}", err=True)


def _log_in_sentences() -> None:
    logging.getLogger("xorca").addHandler(_Sentences(logging.ERROR))


async def _work(loaded: Loaded, room: StoreRoom, guard: Guard, port: int | None) -> None:
    classes, fleets = loaded.chosen_or_none(), loaded.instances(Fleet)
    async with room:
        living = await _living(room, {plan_of(cls).name for cls in classes})
        worker = LocalWorker(room, classes, fleets=fleets, tokens=token_keys())
        lines = Lines(room, classes, fleets)
        worker.on_outcome(lines.see)
        _greet(classes, fleets, living)
        printing = asyncio.create_task(lines.print_on())
        sweeping = asyncio.create_task(sweep_on(worker.runtime))
        await worker.start()
        async with http_beside(worker, port):
            click.echo(click.style("ready", fg="green"))
            await guard.attach().wait()
            _part(guard)
        sweeping.cancel()
        await _leave(worker)
        await lines.rest()
        printing.cancel()


async def sweep_on(runtime: Runtime | None, *, pause: float = 60.0) -> None:
    """Send what others left behind, every ``pause`` seconds."""
    while runtime is not None:
        await asyncio.sleep(pause)
        try:
            await runtime.sweep()
        except XorcaError as exc:
            say(logging.ERROR, "sweep.failed", "cannot sweep", error=exc)


async def _living(room: StoreRoom, names: set[str]) -> int:
    """Count the processes that go on, as far as the number matters."""
    found = 0
    for name in sorted(names):
        async for _ in processes(room, Query(name=name, status="active")):
            found += 1
            if found >= _MANY:
                return found
    return found


def _greet(classes: Sequence[type[Orchestrator]], fleets: Sequence[Fleet], living: int) -> None:
    for cls in classes:
        plan = plan_of(cls)
        starts = ", ".join(plan.starts)
        click.echo(f"  {click.style(plan.name, bold=True)} {plan.version} starts on {starts}")
    for fleet in fleets:
        heard = ", ".join(fleet.patterns) or "nothing"
        click.echo(f"  {click.style(fleet.source, bold=True)} takes {heard}")
    if living:
        many = f"at least {living} processes" if living >= _MANY else f"{living} processes"
        click.echo(f"  {'1 process' if living == 1 else many} from before: going on")


def _part(guard: Guard) -> None:
    if guard.code == RELOAD:
        names = ", ".join(shown_place(f"{path}:")[:-1] for path in guard.changed)
        click.echo(click.style(f"{names} changed: starting again", fg="yellow"))


async def _leave(worker: LocalWorker) -> None:
    """Finish what is in flight; give back what takes too long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(GRACE):
            await worker.stop()
            return
    click.echo("what took too long was given back; it is begun anew", err=True)
