"""``xorca check``: definition errors all at once, then advice."""

from __future__ import annotations

from collections.abc import Iterable

import click

from xorca.cli.loading import load
from xorca.cli.places import shown_place
from xorca.dsl.advice import advise
from xorca.dsl.orchestrator import Orchestrator, check_unique, plan_of
from xorca.errors import DefinitionError, Problem


@click.command("check")
@click.argument("targets", metavar="MODULE[:Class]...", nargs=-1, required=True)
@click.option("--strict", is_flag=True, help="Take advice for errors.")
def command(targets: tuple[str, ...], strict: bool) -> None:
    """Check orchestrators and give advice.

    Every definition error is printed with code, cause, cure and place (exit code 1). Advice
    is what runs and yet deserves a second look (exit code 0, with --strict 1).

    \b
      xorca check shop.orders
      xorca check shop/orders.py:Order --strict
    """  # noqa: D301
    reports = [_check(target) for target in targets]
    wrong = sum(not sound for sound, _ in reports)
    advised = sum(count for _, count in reports)
    raise SystemExit(1 if wrong or (strict and advised) else 0)


def _check(target: str) -> tuple[bool, int]:
    """Report on one target; give whether it is sound, and how much advice there is."""
    try:
        classes = load(target).chosen()
        check_unique(classes)
    except DefinitionError as exc:
        title = str(exc).partition("\n")[0].rstrip(":")
        click.echo(f"{click.style('✗', fg='red', bold=True)} {title}")
        _print(exc.problems, "red")
        return False, 0
    return True, sum(_advise(cls) for cls in classes)


def _advise(cls: type[Orchestrator]) -> int:
    plan = plan_of(cls)
    found = advise(plan)
    waits = sum(not state.final for state in plan.states)
    about = ", ".join(
        f"{count} {noun}{'' if count == 1 else 's'}"
        for count, noun in (
            (waits, "state"),
            (len(plan.finals), "final"),
            (len(plan.edges), "edge"),
        )
    )
    name = click.style(cls.__name__, bold=True)
    click.echo(
        f"{click.style('✓', fg='green', bold=True)} {name}  {plan.name} {plan.version}: {about}"
    )
    _print(found, "yellow")
    return len(found)


def _print(problems: Iterable[Problem], colour: str) -> None:
    for problem in problems:
        click.echo(f"  {click.style(problem.code, fg=colour)} {problem.cause}.")
        click.echo(f"      {problem.cure}.")
        if problem.place:
            click.echo(click.style(f"      {shown_place(problem.place)}", dim=True))
