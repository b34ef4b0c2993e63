"""Finding dead letters and redriving them, with a line for each."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from xorca.cli.alarms import alarm_of
from xorca.cli.buses import bus_of
from xorca.cli.causes import cause_of
from xorca.cli.durations import ago
from xorca.cli.failing import WrongUse
from xorca.cli.places import shown_place
from xorca.cli.printing import plain
from xorca.cli.stores import token_keys
from xorca.dsl.orchestrator import Orchestrator, plan_of
from xorca.engine.ids import storage_key
from xorca.engine.record import DELETED, unseal
from xorca.errors import LetterNotFound, RecordError
from xorca.ports import Alarm, Bus
from xorca.providers.memory import MemoryStore
from xorca.providers.open import StoreRoom
from xorca.runtime import Outcome, Runtime
from xorca.runtime.letters import DeadLetter, dead_letters

_PLACE = re.compile(r"\(([^()\n]+:\d+)\)$")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for; without a process, all of the classes.

    ``urls`` are those of the bus and of the alarm.
    """

    classes: tuple[type[Orchestrator], ...]
    process: str
    event_id: str | None
    urls: tuple[str | None, str | None]
    only_list: bool
    dry_run: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes, each once."""
        return tuple(dict.fromkeys(plan_of(cls).name for cls in self.classes))


async def redrive_all(room: StoreRoom, wish: Wish) -> int:
    """List or redrive what was asked for; give the exit code."""
    bus_url, alarm_url = wish.urls
    async with room, bus_of(room, bus_url) as bus, alarm_of(room, alarm_url) as alarm:
        runtime = None if wish.only_list else _runtime(room, bus, alarm, wish)
        speaker = _Speaker()
        subject = await _subject_of(room, wish) if wish.process else ""
        async for group in _by_subject(_letters(room, wish, subject, speaker)):
            if runtime is None:
                speaker.show(group)
            else:
                await _redrive(runtime, wish, group, speaker)
        if not speaker.spoke:
            await _nothing(runtime, wish, subject)
    return speaker.code


def _runtime(room: StoreRoom, bus: Bus | None, alarm: Alarm | None, wish: Wish) -> Runtime:
    if wish.dry_run:
        return _rehearsing(room, wish)
    if bus is None:
        raise WrongUse(
            "this store has no channel to send to; say where events go with --bus, such as"
            " --bus sqs:queue"
        )
    if alarm is None and any(plan_of(cls).has_deadlines for cls in wish.classes):
        raise WrongUse(
            "there are deadlines, and this store has no alarm to set for them; say which queue the"
            " orchestrator reads with --alarm, such as --alarm sqs:queue"
        )
    return Runtime(wish.classes, store=room, bus=bus, alarm=alarm, tokens=token_keys())


def _rehearsing(room: StoreRoom, wish: Wish) -> Runtime:
    """Give a Runtime that is to change nothing; what it has to send to is never asked."""
    spare = MemoryStore()
    return Runtime(
        wish.classes, store=room, bus=spare.channel, alarm=spare.alarm, tokens=token_keys()
    )


async def _letters(
    room: StoreRoom, wish: Wish, subject: str, speaker: _Speaker
) -> AsyncIterator[DeadLetter]:
    for name in ("",) if subject else wish.names:
        async for letter in dead_letters(room, name=name, subject=subject, tell=speaker.fail):
            if wish.event_id in (None, letter.id):
                yield letter


async def _by_subject(letters: AsyncIterator[DeadLetter]) -> AsyncIterator[list[DeadLetter]]:
    """Gather letters that follow one another and are of one process."""
    group: list[DeadLetter] = []
    async for letter in letters:
        if group and group[0].subject != letter.subject:
            yield group
            group = []
        group.append(letter)
    if group:
        yield group


async def _subject_of(room: StoreRoom, wish: Wish) -> str:
    """Give the subject that was named, be it by its process id."""
    if wish.process.count("/") == 2:
        return wish.process
    found: list[str] = []
    for name in wish.names:
        key = storage_key(name, wish.process)
        stored = await room.load(key)
        record = None if stored is None else unseal(stored.body, where=key)
        if record is not None and record.status != DELETED:
            found.append(record.subject)
    if len(found) == 1:
        return found[0]
    if found:
        raise WrongUse(f"{wish.process!r} may be any of: {', '.join(found)}")
    listed = ", ".join(wish.names)
    raise WrongUse(f"no process {wish.process!r} of {listed} is stored here; see 'xorca ls'")


async def _redrive(
    runtime: Runtime, wish: Wish, group: list[DeadLetter], speaker: _Speaker
) -> None:
    subject = group[0].subject
    try:
        outcomes = await runtime.redrive(subject, wish.event_id, dry_run=wish.dry_run)
    except (LetterNotFound, RecordError) as exc:
        speaker.fail(subject, exc)
        return
    speaker.tell(subject, outcomes, dry_run=wish.dry_run)


async def _nothing(runtime: Runtime | None, wish: Wish, subject: str) -> None:
    """Say that there is no letter; a redrive that was cut off is finished all the same."""
    if subject and runtime is not None and not wish.dry_run:
        await runtime.redrive(subject)
    if wish.event_id is not None:
        raise WrongUse(f"no dead letter of an event {wish.event_id!r} is there; see --list")
    click.echo("no dead letter", err=True)


class _Speaker:
    """Print what there is and what became of it; the exit code follows from that."""

    def __init__(self) -> None:
        self.code = 0
        self.spoke = False

    def fail(self, where: str, error: Exception) -> None:
        """Say that a record could not be read, or was not redriven."""
        self.spoke, self.code = True, 1
        click.echo(f"{click.style(plain(where), bold=True)}  {plain(str(error))}", err=True)

    def show(self, group: list[DeadLetter]) -> None:
        """Print the letters of a process."""
        self.spoke = True
        now = datetime.now(UTC)
        click.echo(click.style(plain(group[0].subject), bold=True))
        for letter in group:
            when = ago((now - letter.at).total_seconds())
            kept = "" if letter.kept else "  (too large to be kept: it cannot be redriven)"
            click.echo(f"  {plain(letter.type)}  {_red(letter.reason)}  {when}{kept}")
            click.echo(f"      {_readable(letter.cause)}")
            click.echo(click.style(f"      {plain(letter.source)}  {plain(letter.id)}", dim=True))

    def tell(self, subject: str, outcomes: list[Outcome], *, dry_run: bool) -> None:
        """Print what became, or would become, of the letters of a process."""
        self.spoke = True
        shown = f"{click.style(plain(subject), bold=True)}"
        click.echo(f"{shown}  (nothing is changed)" if dry_run else shown)
        for outcome in outcomes:
            event = outcome.raw.type if outcome.raw is not None else "an event"
            if outcome.status in ("dead", "retry"):
                self.code = 1
                click.echo(f"  {plain(event)}  {_red(f'{outcome.status} ({outcome.reason})')}")
                click.echo(f"      {cause_of(outcome)}")
            else:
                reached = f" → {outcome.state}" if outcome.status == "applied" else ""
                said = f"{outcome.status} ({outcome.reason}){reached}"
                click.echo(f"  {plain(event)}  {click.style(said, fg='green')}")


def _readable(cause: str) -> str:
    """Give a cause with its place as seen from here."""
    found = _PLACE.search(cause)
    place = "" if found is None else shown_place(found[1])
    return plain(cause if found is None else f"{cause[: found.start()]}({place})")


def _red(text: str) -> str:
    return click.style(text, fg="red")
