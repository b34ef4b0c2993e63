"""``xorca new``: a project that runs and passes its own test."""

from __future__ import annotations

from pathlib import Path

import click

from xorca.cli.failing import WrongUse


@click.command("new")
@click.argument("name")
@click.option("--aws", "cloud", flag_value="AWS", help="With what AWS needs (a later version).")
@click.option("--azure", "cloud", flag_value="Azure", help="With what Azure needs (likewise).")
def command(name: str, cloud: str | None) -> None:
    """Make a project that runs and passes its own test.

    NAME is the directory that is made here: lower-case letters, digits, - and _. Nothing that
    exists is written over.

    \b
      xorca new shop
      cd shop
      make test
    """  # noqa: D301
    from xorca.cli.new_name import check_name, package_of
    from xorca.cli.new_project import write_project

    if cloud is not None:
        raise WrongUse(
            f"projects for {cloud} come with a later version of xorca; without --{cloud.lower()},"
            " 'xorca new' makes one that runs on this machine"
        )
    check_name(name)
    package, place = package_of(name), Path(name)
    written = write_project(place, name=name, package=package)
    for path in written:
        click.echo(f"  {path}", err=True)
    click.echo(f"made {name}. Next: cd {name}, then 'make test', 'make run' and 'make dev'")
