"""``xorca sweep``: send what was left behind in a store."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from xorca.cli.alarms import alarm_of, alarm_option
from xorca.cli.buses import bus_of, bus_option
from xorca.cli.changers import NotDone, at_work, changer_of
from xorca.cli.failing import WrongUse
from xorca.cli.logs import errors_as_sentences
from xorca.cli.printing import plain
from xorca.cli.spans import read_span
from xorca.cli.stores import open_to_read, store_option

if TYPE_CHECKING:
    from xorca.providers.open import StoreRoom
    from xorca.runtime.swept import Swept


@click.command("sweep")
@store_option()
@bus_option()
@alarm_option()
@click.option(
    "--older-than",
    callback=read_span,
    default="2m",
    show_default=True,
    metavar="SPAN",
    help="Send only what nobody has touched for so long, such as 90s or 2m.",
)
@click.option("--name", default="", help="Only this orchestrator.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(
    *,
    url: str | None,
    bus_url: str | None,
    alarm_url: str | None,
    older_than: timedelta,
    name: str,
    as_json: bool,
) -> None:
    """Send what was committed and left unsent, and set wake-ups that were lost.

    It needs no classes, and may run beside workers, as often as you like. The exit code is 1
    if something could not be done; nothing of that is lost, and the next sweep tries again.

    \b
      xorca sweep --store sqlite:///./state.db
      xorca sweep --store s3://orders --bus eventbridge:default --alarm sqs:orders
    """  # noqa: D301
    room = open_to_read(url)
    with at_work(), errors_as_sentences():
        done = asyncio.run(_sweep(room, (bus_url, alarm_url), older_than, name))
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(done).decode())
    else:
        _print(done)
    if done.failures:
        raise NotDone("something could not be swept; nothing of it is lost, sweep again")


async def _sweep(
    room: StoreRoom, urls: tuple[str | None, str | None], older_than: timedelta, name: str
) -> Swept:
    from xorca.runtime.sweeping import sweep

    async with room, bus_of(room, urls[0]) as bus, alarm_of(room, urls[1]) as alarm:
        changer = changer_of(room, bus, alarm)
        if changer.bus is None:
            raise WrongUse(
                "this store has no channel to send to; say where events go with --bus, such as"
                " --bus sqs:queue"
            )
        return await sweep(changer, older_than=older_than, names=(name,) if name else ())


def _print(done: Swept) -> None:
    click.echo(
        f"looked at {_many(done.looked, 'process', 'processes')}:"
        f" sent {_many(done.published, 'event')}, set {_many(done.armed, 'wake-up')},"
        f" gave up {_many(done.expired, 'deferred event')},"
        f" removed {_many(done.sides, 'side object')}"
    )
    for fault in done.failed:
        where = click.style(plain(fault.subject), bold=True)
        click.echo(f"{where}  {plain(fault.cause)}", err=True)
    if done.failures > len(done.failed):
        click.echo(f"and {done.failures - len(done.failed)} more", err=True)


def _many(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or f'{one}s'}"
