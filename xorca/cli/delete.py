"""``xorca delete``: take a process out of a store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from xorca.cli.buses import bus_of, bus_option
from xorca.cli.changers import at_work, changer_of
from xorca.cli.printing import plain
from xorca.cli.stores import open_to_read, store_option

if TYPE_CHECKING:
    from xorca.providers.open import StoreRoom


@click.command("delete")
@click.argument("subject")
@click.option("--force", is_flag=True, help="Cancel it first if it is active.")
@store_option()
@bus_option()
def command(subject: str, force: bool, url: str | None, bus_url: str | None) -> None:
    """Delete a process that is over.

    What it decided and may not have been sent is sent first, to the bus or the store's channel.
    A tombstone stays for 14 days, so that nothing that comes late does anything.

    \b
      xorca delete order.place/1.0.0/1042 --store sqlite:///./state.db
    """  # noqa: D301
    room = open_to_read(url)
    with at_work():
        asyncio.run(_delete(room, bus_url, subject, force=force))
    click.echo(f"{plain(subject)}  deleted")


async def _delete(room: StoreRoom, bus_url: str | None, subject: str, *, force: bool) -> None:
    from xorca.runtime.removing import delete

    async with room, bus_of(room, bus_url) as bus:
        await delete(changer_of(room, bus), subject, force=force)
