"""One process from its start event to its end, or to what keeps it from ending."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import click

from xorca.cli.beside import Progress, progress_of
from xorca.cli.causes import cause_of
from xorca.cli.failing import WrongUse
from xorca.cli.live import Live
from xorca.cli.printing import plain
from xorca.cli.stores import token_keys
from xorca.dsl.orchestrator import Orchestrator, plan_of
from xorca.engine.routing import Refusal, Registry
from xorca.events import Event, from_cloudevent
from xorca.fleet import Fleet
from xorca.handlers.local import LocalWorker
from xorca.providers.open import StoreRoom
from xorca.runtime import Outcome
from xorca.runtime.reading import Description, describe

log = logging.getLogger("xorca")

_LOOK = 0.2


class _Sentences(logging.Handler):
    """Print what goes wrong on the way as one line each, without a traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a line on stderr."""
        _say(plain(record.getMessage()))


@contextmanager
def _logging_in_sentences() -> Generator[None]:
    handler = _Sentences(logging.ERROR)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for. ``Any`` is what the class's ``@start`` takes."""

    wanted: type[Orchestrator]
    classes: tuple[type[Orchestrator], ...]
    fleets: tuple[Fleet, ...]
    payload: Any
    process_id: str | None
    module: str
    url: str
    timeout: float

    @property
    def lasting(self) -> bool:
        """Whether the store outlives this program, and others may work on it too."""
        return not self.url.startswith("memory:")

    @property
    def served(self) -> set[str]:
        """The commands that somebody here takes."""
        commands = {command for fleet in self.fleets for command in fleet.commands}
        starts = {name for cls in self.classes for name in plan_of(cls).starts}
        return commands | {name for name in starts if name.startswith("cmd.")}

    def start_event(self) -> Event:
        """Make the event that starts the process, on the version of the class named."""
        event = self.wanted.start_event(
            self.payload,
            process_id=self.process_id,
            version=plan_of(self.wanted).version,
            source="/xorca/cli",
        )
        return from_cloudevent(event)


@dataclass(frozen=True, slots=True)
class _Failure:
    """Which event came to nothing, and why."""

    event: str
    reason: str
    cause: str

    @classmethod
    def of(cls, outcome: Outcome) -> _Failure:
        """Say what an outcome says."""
        event = outcome.raw.type if outcome.raw is not None else "an event"
        return cls(event, outcome.reason, cause_of(outcome))


class _Watch:
    """What outcomes and store say of the one process that matters."""

    def __init__(self, wish: Wish, start: Event) -> None:
        self.subject = _subject_of(wish, start)
        self.ended = False
        self.failure: _Failure | None = None
        self.start, self._finals = start, plan_of(wish.wanted).finals

    def see(self, outcome: Outcome) -> None:
        """Take note of an outcome."""
        started = outcome.raw is not None and outcome.raw.key == self.start.key
        if outcome.subject != self.subject and not started:
            return
        if outcome.status == "dead" or outcome.reason == "process-exists":
            self.failure = self.failure or _Failure.of(outcome)
        elif outcome.state in self._finals:
            self.ended = True

    def read(self, found: Progress) -> None:
        """Take note of what is stored: another worker may have seen what was not seen here."""
        if not found.ours:
            if not found.failed:  # a start that failed may be repeated
                self.failure = _Failure(self.start.type, "process-exists", "")
        elif found.dead is not None:
            self.failure = _Failure(*map(plain, found.dead))
        elif found.state in self._finals:
            self.ended = True

    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.ended or self.failure is not None


def _subject_of(wish: Wish, start: Event) -> str:
    """Give the subject of the process that an event starts, by its content where that tells."""
    found = Registry(wish.classes).route(start)
    if isinstance(found, Refusal):
        raise WrongUse(f"{start.type!r} starts no process: {found.cause}")
    return found.subject


async def start_process(room: StoreRoom, wish: Wish) -> int:
    """Send the start event, print the subject, and leave the rest to other workers."""
    if not wish.lasting:
        raise WrongUse("nobody else works on a memory: store; name the one that others work on")
    start = wish.start_event()
    subject = _subject_of(wish, start)
    async with room:
        await LocalWorker(room).send(start.to_json())  # it runs nothing; it only sends
    click.echo(subject)
    return 0


async def run_process(room: StoreRoom, wish: Wish) -> int:
    """Start the process, work until it is over, and give the exit code."""
    with _logging_in_sentences():
        return await _run(room, wish)


async def _run(room: StoreRoom, wish: Wish) -> int:
    start = wish.start_event()
    watch = _Watch(wish, start)
    hide = not wish.lasting and wish.process_id is None
    live = Live(wish.classes, served=wish.served, hide_ids=hide, others=wish.lasting)
    async with room:
        tokens = token_keys()
        async with LocalWorker(room, wish.classes, fleets=wish.fleets, tokens=tokens) as worker:
            worker.on_outcome(live.see)
            worker.on_outcome(watch.see)
            await worker.channel.publish([start])
            await _work(worker, watch, wish)
        found = await progress_of(room, watch.subject, start) if wish.lasting else None
        if found is not None and found.ours:
            live.catch_up(watch.subject, found.states)
        live.close_line()
        if watch.ended:
            return 0
        _say(_failure(watch, wish) or await _waiting(room, watch, wish, live))
    return 1


async def _work(worker: LocalWorker, watch: _Watch, wish: Wish) -> None:
    end = monotonic() + wish.timeout
    while (left := end - monotonic()) > 0:
        if await worker.run_until(watch.is_over, timeout=min(left, _LOOK)):
            return
        if wish.lasting:
            await _look_around(worker, watch)
        elif await _is_stuck(worker):
            return


async def _look_around(worker: LocalWorker, watch: _Watch) -> None:
    """Read how far others have brought the process."""
    assert worker.runtime is not None  # it runs the class that was asked for
    found = await progress_of(worker.runtime.store, watch.subject, watch.start)
    if found is not None and not watch.is_over():
        watch.read(found)


async def _is_stuck(worker: LocalWorker) -> bool:
    """Tell whether nothing can happen any more: nobody else works on this store."""
    idle = await worker.run_until_idle(timeout=_LOOK)
    return idle and (await worker.channel.counts()).timers == 0


def _failure(watch: _Watch, wish: Wish) -> str | None:
    found = watch.failure
    if found is None:
        return None
    if found.reason == "process-exists":
        look = shlex.join(("xorca", "show", watch.subject, "--store", wish.url))
        go_on = shlex.join(("xorca", "dev", wish.module, "--store", wish.url))
        return (
            f"the process {watch.subject} exists since another start; look: {look}; if it was"
            f" cut off, go on with it: {go_on}"
        )
    return f"{found.event} became a dead letter ({found.reason}): {found.cause}"


async def _waiting(room: StoreRoom, watch: _Watch, wish: Wish, live: Live) -> str:
    found = await describe(room, watch.subject)
    if found is None:
        return f"nothing came of the start event in {wish.timeout:g} s"
    missing = [c.command for c in found.commands if c.command in live.unserved]
    if missing:
        served = ", ".join(sorted(wish.served)) or "nothing"
        none = f"no Fleet in {wish.module} serves it (served there: {served})"
        return f"{found.state!r} waits for {', '.join(missing)}, and {none}"
    return f"{_still(found)}{f' after {wish.timeout:g} s' if wish.lasting or found.timers else ''}"


def _still(found: Description) -> str:
    commands = ", ".join(pending.command for pending in found.commands)
    awaited = f"an answer to {commands}" if commands else "an event that nobody here sends"
    timers = ", ".join(f"{timer.due.astimezone():%H:%M:%S}" for timer in found.timers)
    return f"it still waits in {found.state!r} for {awaited}" + (
        f", with a deadline at {timers}" if timers else ""
    )


def _say(text: str) -> None:
    click.echo(f"{click.style('xorca:', fg='red', bold=True)} {text}", err=True)
