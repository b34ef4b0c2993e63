"""``xorca run``: start a process, serve it with the fleets of its module, show what happens."""

from __future__ import annotations

import asyncio

import click

from xorca.cli.data import payload_for, read_data
from xorca.cli.failing import WrongUse, plain_errors
from xorca.cli.loading import load_sound
from xorca.cli.stores import open_room, store_option
from xorca.dsl.orchestrator import plan_of


@click.command("run")
@click.argument("target", metavar="MODULE[:Class]")
@click.option("--data", metavar="JSON|@FILE|-", help="What @start takes, as JSON.")
@store_option(default="memory:")
@click.option("--process-id", metavar="ID", help="Any text; by default one is derived.")
@click.option(
    "--timeout",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="How long to wait for the end.",
)
@click.option(
    "--only-start",
    is_flag=True,
    help="Send the start event and leave the work to others, such as 'xorca dev'.",
)
def command(
    target: str,
    data: str | None,
    url: str,
    process_id: str | None,
    timeout: float,
    only_start: bool,
) -> None:
    """Start a process, serve it, and show what happens.

    The orchestrators and fleets of the module work in this program until the process has
    ended. The exit code is 0 then, 1 if it did not end in time or an event of it became a
    dead letter, 2 for wrong use.

    \b
      xorca run first:Hello --data '{"name": "Ada"}'
      xorca run first:Hello --data @ada.json --store sqlite:///./state.db
      xorca run first --data @ada.json --store sqlite:///./.xorca/dev.db --only-start
    """  # noqa: D301
    if process_id == "":
        raise WrongUse("--process-id is empty; leave it out to have one derived")
    loaded = load_sound(target)
    wanted = loaded.one()
    payload = payload_for(plan_of(wanted), read_data(data))
    from xorca.cli.running import Wish, run_process, start_process
    from xorca.fleet import Fleet

    wish = Wish(
        wanted=wanted,
        classes=loaded.orchestrators,
        fleets=loaded.instances(Fleet),
        payload=payload,
        process_id=process_id,
        module=loaded.named,
        url=url,
        timeout=timeout,
    )
    room = open_room(url)
    work = start_process if only_start else run_process
    with plain_errors():
        raise SystemExit(asyncio.run(work(room, wish)))
