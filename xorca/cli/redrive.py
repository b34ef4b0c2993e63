"""``xorca redrive``: apply dead letters once more, after a fix."""

from __future__ import annotations

import asyncio

import click

from xorca.cli.alarms import alarm_option
from xorca.cli.buses import bus_option
from xorca.cli.changers import at_work
from xorca.cli.failing import WrongUse
from xorca.cli.loading import load_sound
from xorca.cli.logs import errors_as_sentences
from xorca.cli.stores import open_to_read, store_option


@click.command("redrive")
@click.argument("target", metavar="MODULE[:Class]")
@click.argument("process", metavar="[SUBJECT|PROCESS_ID]", default="")
@store_option()
@bus_option()
@alarm_option()
@click.option("--id", "event_id", metavar="EVENT", help="Only letters of the event of this id.")
@click.option("--list", "only_list", is_flag=True, help="Show the dead letters; redrive none.")
@click.option("--dry-run", is_flag=True, help="Say what would become of them; change nothing.")
def command(
    *,
    target: str,
    process: str,
    url: str | None,
    bus_url: str | None,
    alarm_url: str | None,
    event_id: str | None,
    only_list: bool,
    dry_run: bool,
) -> None:
    """Apply dead letters once more, after what was wrong is mended.

    Without a process, all of the orchestrators that MODULE names. What fails again is a dead
    letter again, with the new cause; the exit code is 1 then.

    \b
      xorca redrive shop/orders.py --store sqlite:///./state.db --list
      xorca redrive shop/orders.py 1042 --store sqlite:///./state.db --dry-run
    """  # noqa: D301
    loaded = load_sound(target)
    classes = loaded.chosen()
    if not classes:
        raise WrongUse(f"{loaded.named} has no orchestrator whose letters could be redriven")
    room = open_to_read(url)
    from xorca.cli.redriving import Wish, redrive_all

    urls = (bus_url, alarm_url)
    wish = Wish(classes, process, event_id, urls, only_list=only_list, dry_run=dry_run)
    with at_work(), errors_as_sentences():
        raise SystemExit(asyncio.run(redrive_all(room, wish)))
