"""A picture of a class: its Plan as a Mermaid ``stateDiagram-v2``.

The picture shows states and what moves between them, never how handlers are named, so that
the short and the explicit form of one machine give the same picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from xorca.dsl.plan import Edge, EmitPlan, Part, Plan

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_WORDS = """
accdescr acctitle as choice class classdef click constructor default direction end fork hide href
join note root scale state statediagram style
"""
_KEYWORDS = frozenset(_WORDS.split())
_BREAK = "<br/>"


def mermaid(plan: Plan) -> str:
    """Draw a plan as Mermaid text, closed with a line feed."""
    names = _state_ids(plan)
    lines = ["---", f'title: "{plan.name} {plan.version}"', "---", "stateDiagram-v2"]
    lines += [f'    state "{name}" as {alias}' for name, alias in names.items() if name != alias]
    lines += [f"    {line}" for edge in plan.edges for line in _arrows(edge, names)]
    lines += [f"    {names[state.name]} --> [*]" for state in plan.states if state.final]
    return "\n".join(lines) + "\n"


def _state_ids(plan: Plan) -> dict[str, str]:
    """Give each state an id that Mermaid cannot take for one of its own words."""
    taken = {state.name for state in plan.states}
    ids: dict[str, str] = {}
    for index, state in enumerate(plan.states):
        alias = state.name
        if not _is_safe(state.name):
            alias = f"s{index}"
            while alias in taken:
                alias += "x"
        ids[state.name] = alias
    return ids


def _is_safe(name: str) -> bool:
    """Tell whether a name may stand for itself in Mermaid text."""
    return bool(_PLAIN.fullmatch(name)) and name.lower() not in _KEYWORDS


def _arrows(edge: Edge, ids: dict[str, str]) -> Iterator[str]:
    label = _label(edge)
    sources = ["[*]"] if edge.kind == "start" else [ids[name] for name in edge.sources]
    for source in sources:
        target = source if edge.target is None else ids[edge.target]
        yield f"{source} --> {target} : {label}"


def _label(edge: Edge) -> str:
    lines = [_cause(edge)]
    if edge.guard is not None:
        lines.append(f"[{_guard_name(edge)}]")
    if edge.kind != "start" and edge.target is None:
        lines.append("(stays)")
    lines += [f"/ {_emit(emit)}" for emit in edge.emits]
    return _BREAK.join(lines)


def _cause(edge: Edge) -> str:
    if edge.delay is not None:
        return f"after {spell(edge.delay)}{' in all' if edge.whole_life else ''}"
    if edge.parts:
        return f" +{_BREAK}".join(map(_part, edge.parts))
    heard = f" |{_BREAK}".join(edge.names)
    return f"each {heard}" if edge.each else f"first {heard}" if edge.first else heard


def _part(part: Part) -> str:
    if part.kind in ("list", "count"):
        return f"every {part.name}"
    return f"{part.name} (if sent)" if part.kind == "optional" else part.name


def _emit(emit: EmitPlan) -> str:
    shown = {"one": "", "optional": " (perhaps)", "many": " (for each)"}
    return f"{emit.name}{shown[emit.kind]}"


def _guard_name(edge: Edge) -> str:
    name = getattr(edge.guard, "__name__", "guarded")
    return name if _PLAIN.fullmatch(name.lstrip("_")) else "guarded"


def spell(delay: timedelta) -> str:
    """Write a length of time as people do: ``1 d 12 h``, ``15 min``, ``2.5 s``."""
    seconds = delay.total_seconds()
    found: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        count, seconds = divmod(seconds, size)
        if count:
            found.append(f"{count:g} {unit}")
    if seconds or not found:
        found.append(f"{seconds:g} s")
    return " ".join(found)
