"""The group of commands."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module

import click

_COMMANDS = {
    "check": "Check orchestrators and give advice.",
    "graph": "Draw an orchestrator as a Mermaid diagram.",
    "run": "Start a process, serve it, and show what happens.",
    "dev": "Work on a store until stopped; start anew when a file changes.",
    "serve": "Serve a module over HTTP until stopped.",
    "new": "Make a project that runs and passes its own test.",
    "ls": "List the processes of a store.",
    "show": "Show everything that is stored of one process.",
    "cancel": "Cancel a process.",
    "delete": "Delete a process that is over.",
    "prune": "Delete the processes whose time is over.",
    "redrive": "Apply dead letters once more, after a fix.",
    "sweep": "Send what was left behind in a store.",
}


class Commands(click.Group):
    """Commands that are imported when they are used; the help of the group needs none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order in which one needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"xorca.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"xorca {version('xorca')}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Durable, event-driven orchestrators on serverless.

    MODULE is a dotted name or a file: 'shop.orders' or 'shop/orders.py'; the current
    directory is on the path. 'xorca COMMAND --help' says more.
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    print_whatever_comes()


def print_whatever_comes() -> None:
    """Let no character that a terminal cannot show end the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
