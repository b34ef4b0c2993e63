"""``xorca dev``: work on a durable store until stopped, and start anew when a file changes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xorca.cli.failing import WrongUse, plain_errors
from xorca.cli.stores import open_room, store_option

if TYPE_CHECKING:
    from xorca.providers.open import StoreRoom

PLACE = Path(".xorca")
URL = "sqlite:///./.xorca/dev.db"


@click.command("dev")
@click.argument("target", metavar="MODULE[:Class]")
@store_option(default=URL)
@click.option(
    "--http",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Serve over HTTP as well, on this port of 127.0.0.1; 0 takes a free one.",
)
def command(target: str, url: str, http: int | None) -> None:
    """Work on a store until stopped; start anew when a file changes.

    The orchestrators and fleets of the module work until Ctrl-C (or SIGTERM). Everything is
    kept: stop it, kill it, start it again, and processes go on where they were. A change of a
    file that was imported from below the current directory starts the worker anew; a mistake
    is shown, and the next change is waited for. Start a process from another terminal:

    \b
      xorca dev first
      xorca run first:Hello --data '{"name": "Ada"}' --store sqlite:///./.xorca/dev.db
    """  # noqa: D301
    from xorca.cli.dev_supervisor import stop_signals, supervise

    if http is not None:
        from xorca.cli.serve_extra import check_extra

        check_extra("xorca dev --http")
    if url == URL:
        _make_place()
    with plain_errors():
        asyncio.run(_probe(open_room(url), url))
    click.echo(f"{click.style('xorca dev', bold=True)} {target}  {url}")
    with stop_signals() as stop:
        supervise(target, url, stop, http=http)
    click.echo("stopped; the same command goes on where it was")


def _make_place() -> None:
    """Make the directory of the default store, one that Git does not see."""
    try:
        PLACE.mkdir(exist_ok=True)
        ignore = PLACE / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as exc:
        raise WrongUse(f"{PLACE} cannot be made here: {exc.strerror}; name a --store") from exc


async def _probe(room: StoreRoom, url: str) -> None:
    """Find out that the store can be used before anything begins."""
    from xorca.handlers.local import HasChannel

    if url.startswith("memory:"):
        raise WrongUse(f"a memory: store is gone with every change; name one that lasts: {URL}")
    async with room:
        if not isinstance(room, HasChannel):
            raise WrongUse(f"{url} has no channel of its own, and 'dev' needs one: {URL}")
        await room.channel.counts()
