"""``xorca ls``: the processes of a store."""

from __future__ import annotations

import asyncio
from time import time
from typing import TYPE_CHECKING

import click

from xorca.cli.durations import ago, left
from xorca.cli.failing import plain_errors
from xorca.cli.printing import plain, print_table
from xorca.cli.stores import open_to_read, store_option

if TYPE_CHECKING:
    from xorca.ports import Query, Summary
    from xorca.providers.open import StoreRoom


@click.command("ls")
@store_option()
@click.option("--name", default="", help="Only this orchestrator.")
@click.option(
    "--status",
    type=click.Choice(["active", "ended", "failed", "cancelled", "deleted"]),
    help="Only processes that are so.",
)
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="At most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(url: str | None, name: str, status: str | None, limit: int, as_json: bool) -> None:
    """List the processes of a store.

    NEXT is when somebody must look again: the earliest deadline, or when a process that is
    over may be pruned. What was deleted is listed by --status deleted alone.

    \b
      xorca ls --store sqlite:///./state.db --status active
    """  # noqa: D301
    from xorca.ports import Query

    room = open_to_read(url)
    found: list[Summary] = []
    is_whole = False
    try:
        with plain_errors():
            query = Query(name=name, status=status or "")
            asyncio.run(_collect(room, query, limit + 1, found))
        is_whole = True
    finally:  # one record that cannot be read hides no other
        if found or is_whole:
            _print(found, limit, as_json=as_json, narrowed=bool(name or status))


def _print(found: list[Summary], limit: int, *, as_json: bool, narrowed: bool) -> None:
    if as_json:
        _print_json(found[:limit])
    elif found:
        _print_rows(found[:limit])
    else:
        click.echo("no such process" if narrowed else "no process yet", err=True)
    if len(found) > limit:
        click.echo(f"there are more than {limit}: --limit shows more", err=True)


async def _collect(room: StoreRoom, query: Query, limit: int, found: list[Summary]) -> None:
    from xorca.runtime.reading import processes

    async with room:
        async for summary in processes(room, query):
            found.append(summary)
            if len(found) >= limit:
                break


def _print_json(found: list[Summary]) -> None:
    import msgspec

    for summary in found:
        click.echo(msgspec.json.encode(summary).decode())


def _print_rows(found: list[Summary]) -> None:
    now = time()
    rows = [
        (
            plain(summary.subject),
            summary.state,
            summary.status,
            str(summary.revision),
            ago(now - summary.updated),
            "" if summary.due is None else left(summary.due - now),
        )
        for summary in sorted(found, key=lambda summary: summary.subject)
    ]
    print_table(("SUBJECT", "STATE", "STATUS", "REV", "UPDATED", "NEXT"), rows, 2)
