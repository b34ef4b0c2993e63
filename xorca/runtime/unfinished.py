"""Saying what a process that lives waits for."""

from __future__ import annotations

from xorca.dsl.plan import Plan
from xorca.runtime.reading import Description, Pending

SHOWN = 5


def awaited_by(found: Description, plan: Plan | None) -> str:
    """Name the answers and deadlines that are open, and what else the state hears."""
    heard = [] if plan is None else _heard(plan, found.state)
    parts = [
        _listed("the answer to ", [_pending(each) for each in found.commands if each.open]),
        _listed("the deadline of ", [f"{each.due:%Y-%m-%d %H:%M:%S} UTC" for each in found.timers]),
        _listed("", [name for name in heard if "*" not in name]),
    ]
    known = " and ".join(part for part in parts if part)
    return known or _listed("", heard) or "nothing that is known here"


def _pending(each: Pending) -> str:
    return f"{each.command} ({each.open} of {each.count})" if each.count > 1 else each.command


def _heard(plan: Plan, state: str) -> list[str]:
    """Give what a state hears, but for the answers to commands of the class."""
    edges = [edge for edge in plan.edges if edge.kind == "on" and state in edge.sources]
    names = [name for edge in edges for name in (*edge.names, *(p.name for p in edge.parts))]
    return [name for name in dict.fromkeys(names) if plan.answers(name) is None]


def _listed(about: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return about + ", ".join(names[:SHOWN]) + more
