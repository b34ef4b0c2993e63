"""``xorca show``: everything that is stored of one process."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from xorca.cli.durations import ago, left
from xorca.cli.failing import WrongUse, plain_errors
from xorca.cli.printing import plain, print_fields, status_colour
from xorca.cli.stores import open_to_read, store_option

if TYPE_CHECKING:
    from xorca.providers.open import StoreRoom
    from xorca.runtime.reading import Description, Letter


@click.command("show")
@click.argument("process", metavar="SUBJECT|PROCESS_ID")
@store_option()
@click.option("--json", "as_json", is_flag=True, help="As JSON, complete.")
def command(process: str, url: str | None, as_json: bool) -> None:
    """Show everything that is stored of one process.

    A process id will do in place of the whole subject; so will its beginning, if no other
    process has the same.

    \b
      xorca show order.place/1.0.0/1042 --store sqlite:///./state.db
    """  # noqa: D301
    if not process:
        raise WrongUse("the process id is empty; 'xorca ls' lists those that there are")
    room = open_to_read(url)
    with plain_errors():
        found = asyncio.run(_find(room, process))
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))
    else:
        _print(found)


async def _find(room: StoreRoom, text: str) -> Description:
    from xorca.runtime.reading import describe

    async with room:
        found = await describe(room, text)
        if found is None:
            subject = await _subject_of(room, text)
            found = await describe(room, subject)
    if found is None:
        raise WrongUse(f"{text!r} was deleted while it was looked for")
    return found


async def _subject_of(room: StoreRoom, text: str) -> str:
    """Give the subject of the one process whose id is, or begins with, a text."""
    from xorca.engine.ids import parse_subject
    from xorca.runtime.reading import processes

    same: list[str] = []
    similar: list[str] = []
    async for summary in processes(room):
        parts = parse_subject(summary.subject)
        process_id = parts.process_id if parts is not None else ""
        if process_id == text:
            same.append(summary.subject)
        elif process_id.startswith(text):
            similar.append(summary.subject)
    found = same or similar
    if len(found) == 1:
        return found[0]
    if not found:
        raise WrongUse(f"no process {text!r} is stored here; 'xorca ls' lists those that are")
    listed = ", ".join(sorted(found)[:5]) + (", …" if len(found) > 5 else "")
    raise WrongUse(f"{text!r} may be any of {len(found)} processes: {listed}")


def _print(found: Description) -> None:
    now = datetime.now(UTC)
    width = shutil.get_terminal_size((100, 24)).columns
    _print_head(found, now)
    _section("memory", bool(found.memory))
    print_fields(found.memory, limit=width - 4)
    _print_timeline(found)
    _section("waits for", bool(found.commands))
    for pending in found.commands:
        items = f"  {pending.open} of {pending.count} open" if pending.count > 1 else ""
        click.echo(f"  {pending.command}{items}  {pending.ids[0] if pending.ids else ''}".rstrip())
    _print_times(found, now)
    _section("outbox (the next save drops what is known to be out)", bool(found.outbox))
    for unsent in found.outbox:
        click.echo(f"  {unsent.type}  {unsent.id}")
    _section("dead letters", bool(found.dead), fg="red")
    for letter in found.dead:
        _print_letter(letter)


def _print_head(found: Description, now: datetime) -> None:
    status = click.style(found.status, fg=status_colour(found.status))
    click.echo(click.style(plain(found.subject), bold=True))
    click.echo(f"  {status} in {click.style(found.state or '(no state)', bold=True)}", nl=False)
    click.echo(f", revision {found.revision}", nl=False)
    click.echo(f", started {_ago(found.started, now)}, updated {_ago(found.updated, now)}")
    if found.reason:
        click.echo(f"  because: {plain(found.reason)}")
    if found.keep_until is not None:
        click.echo(f"  may be pruned {_left(found.keep_until, now)}")


def _print_timeline(found: Description) -> None:
    lines = found.timeline
    earlier = bool(lines) and lines[0].revision > 1
    _section(f"timeline{' (its end)' if earlier else ''}", bool(lines))
    width = max((len(plain(line.event)) for line in lines), default=0)
    for line in lines:
        at = line.at.astimezone().strftime("%H:%M:%S.%f")[:-3]
        event = plain(line.event).ljust(width)
        click.echo(f"  {line.revision:>3}  {click.style(at, dim=True)}  {event}  → {line.state}")


def _print_times(found: Description, now: datetime) -> None:
    _section("gathered for a join", bool(found.gathered))
    for name, count in found.gathered.items():
        click.echo(f"  {count} x {name}")
    _section("timers", bool(found.timers))
    for timer in found.timers:
        kind, _, handler = timer.name.partition(":")
        name = handler.rpartition(":")[0] or timer.name
        armed = "" if timer.armed else "  (its wake-up is not known to be set)"
        click.echo(f"  {name if kind == 'after' else timer.name}  {_left(timer.due, now)}{armed}")
    _section("came early", bool(found.deferred))
    for early in found.deferred:
        click.echo(f"  {plain(early.type)}  {early.id}  expires {_left(early.expires, now)}")


def _print_letter(letter: Letter) -> None:
    kept = "" if letter.kept else "  (too large to be kept)"
    click.echo(f"  {plain(letter.type)}  {click.style(letter.reason, fg='red')}{kept}")
    click.echo(f"      {plain(letter.cause)}")
    click.echo(click.style(f"      {plain(letter.source)}  {plain(letter.id)}", dim=True))


def _section(title: str, shown: bool, *, fg: str | None = None) -> None:
    if shown:
        click.echo(click.style(title, fg=fg, bold=fg is not None, underline=fg is None))


def _ago(at: datetime, now: datetime) -> str:
    return ago((now - at).total_seconds())


def _left(due: datetime, now: datetime) -> str:
    return left((due - now).total_seconds())
