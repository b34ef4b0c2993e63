"""``xorca graph``: the picture of a class."""

from __future__ import annotations

from pathlib import Path

import click

from xorca.cli.failing import WrongUse
from xorca.cli.loading import load_sound
from xorca.diagram import mermaid
from xorca.dsl.orchestrator import plan_of


@click.command("graph")
@click.argument("target", metavar="MODULE[:Class]")
@click.option("-o", "--output", type=Path, metavar="FILE", help="Write to a file.")
def command(target: str, output: Path | None) -> None:
    """Draw an orchestrator as a Mermaid diagram.

    Arrows carry what is heard, [guards] and / what is emitted. Put the text between
    ```mermaid fences in Markdown, or into any Mermaid viewer.

    \b
      xorca graph shop.orders:Order -o order.mmd
    """  # noqa: D301
    text = mermaid(plan_of(load_sound(target).one()))
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise WrongUse(f"{output} cannot be written: {exc.strerror}") from exc
    click.echo(f"wrote {output}", err=True)
