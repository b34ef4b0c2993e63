"""``xorca cancel``: end a process from outside."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from xorca.cli.buses import bus_of, bus_option
from xorca.cli.changers import at_work, changer_of
from xorca.cli.printing import plain, status_colour
from xorca.cli.stores import open_to_read, store_option

if TYPE_CHECKING:
    from xorca.providers.open import StoreRoom


@click.command("cancel")
@click.argument("subject")
@click.option(
    "--reason",
    default="cancelled on the command line",
    show_default=True,
    help="Why; it is stored, and told to whoever started the process by a command.",
)
@store_option()
@bus_option()
def command(subject: str, reason: str, url: str | None, bus_url: str | None) -> None:
    """Cancel a process, and print the status that it has then.

    No module is needed. What follows from it goes to the bus, or to the channel of the
    store if it has one. A process that is over is left as it is.

    \b
      xorca cancel order.place/1.0.0/1042 --reason "bought elsewhere" \
          --store sqlite:///./state.db
    """  # noqa: D301
    room = open_to_read(url)
    with at_work():
        status = asyncio.run(_cancel(room, bus_url, subject, reason))
    click.echo(f"{plain(subject)}  {click.style(status, fg=status_colour(status))}")


async def _cancel(room: StoreRoom, bus_url: str | None, subject: str, reason: str) -> str:
    from xorca.runtime.cancelling import cancel

    async with room, bus_of(room, bus_url) as bus:
        return await cancel(changer_of(room, bus), subject, reason)
