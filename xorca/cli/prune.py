"""``xorca prune``: delete the processes whose time is over."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from xorca.cli.buses import bus_of, bus_option
from xorca.cli.changers import NotDone, at_work, changer_of
from xorca.cli.printing import plain
from xorca.cli.spans import read_span
from xorca.cli.stores import open_to_read, store_option

if TYPE_CHECKING:
    from xorca.providers.open import StoreRoom
    from xorca.runtime.pruning import Pruned


@click.command("prune")
@click.option(
    "--older-than",
    callback=read_span,
    metavar="SPAN",
    help="Also what ended longer ago than this, such as 30d or 12h.",
)
@click.option("--name", default="", help="Only this orchestrator.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@store_option()
@bus_option()
def command(
    older_than: timedelta | None, name: str, dry_run: bool, url: str | None, bus_url: str | None
) -> None:
    """Delete the processes whose time is over, and remove old tombstones for good.

    The time of a process is over when its class says so by retain=..., or when it ended
    longer ago than --older-than. Active processes are never touched. It may run beside
    workers.

    \b
      xorca prune --older-than 30d --store sqlite:///./state.db
    """  # noqa: D301
    room = open_to_read(url)
    with at_work():
        found = asyncio.run(_prune(room, bus_url, older_than, name, dry_run=dry_run))
    verb = "would delete" if dry_run else "deleted"
    click.echo(
        f"{verb} {found.processes} process(es), {found.tombstones} tombstone(s) and"
        f" {found.memories} remembered answer(s)"
    )
    for what, cause in found.failed.items():
        click.echo(f"  {plain(what)}: {plain(cause)}", err=True)
    if found.failed:
        raise NotDone("something that is over could not be deleted, and stays")


async def _prune(
    room: StoreRoom, bus_url: str | None, older_than: timedelta | None, name: str, *, dry_run: bool
) -> Pruned:
    from xorca.runtime.pruning import Pruner

    async with room, bus_of(room, bus_url) as bus:
        pruner = Pruner(changer_of(room, bus), older_than=older_than, name=name)
        if not dry_run:
            return await pruner.run()
        async for found in pruner.look():
            click.echo(f"{found.kind}  {plain(found.subject or found.key)}")
        return pruner.report()
