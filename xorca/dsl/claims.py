"""Which orchestrators find the process of an event by its content; two of them cannot share it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product

import msgspec

from xorca.dsl.plan import Plan
from xorca.errors import Problem


class _Claim(msgspec.Struct, frozen=True):
    """A name or pattern of which an orchestrator takes every event without a subject of ours."""

    name: str
    owner: str
    handler: str
    place: str
    starts: bool


def check_claims(plans: Sequence[Plan]) -> Iterator[Problem]:
    """Find events that two orchestrators of different names would take by their content."""
    told: set[tuple[str, str, str, str]] = set()
    for one, other in combinations([c for plan in plans for c in _claims(plan)], 2):
        names = (one.owner, one.name, other.owner, other.name)
        both_start = one.starts and other.starts  # refused whether or not content tells
        if one.owner == other.owner or both_start or names in told:
            continue
        if overlap(one.name, other.name):
            told.add(names)
            yield _clash(one, other)


def overlap(one: str, other: str) -> bool:
    """Tell whether some name matches both; each is a name or a pattern."""
    a, b = one.split("."), other.split(".")
    ahead, seen = [(0, 0)], {(0, 0)}
    while ahead:
        i, j = ahead.pop()
        if i == len(a) and j == len(b):
            return True
        if i == len(a) or j == len(b) or not (a[i] == b[j] or "*" in (a[i], b[j])):
            continue
        # Both take one more segment of a common name; a star may go on taking.
        steps = product(
            (i, i + 1) if a[i] == "*" else (i + 1,), (j, j + 1) if b[j] == "*" else (j + 1,)
        )
        for step in steps:
            if step not in seen:
                seen.add(step)
                ahead.append(step)
    return False


def _claims(plan: Plan) -> Iterator[_Claim]:
    for edge in plan.edges:
        if edge.kind == "start":
            names = edge.names
        else:
            names = tuple(finder.name for finder in edge.finders)
        for name in dict.fromkeys(names):
            yield _Claim(name, plan.name, edge.handler, edge.place, edge.kind == "start")


def _clash(one: _Claim, other: _Claim) -> Problem:
    return Problem(
        "X29",
        f"{_shown(one)} ({one.place}), and {_shown(other)}: an event without a subject of ours"
        " would be for both",
        "Let one of them take it and tell the other, or give each a Runtime of its own",
        other.place,
    )


def _shown(claim: _Claim) -> str:
    if claim.starts:
        return f"{claim.owner!r} starts on {claim.name!r}"
    return f"{claim.owner!r} hears {claim.name!r} by its content"
