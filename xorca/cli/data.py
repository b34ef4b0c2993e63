"""What ``--data`` holds: JSON given directly, in a file, or on standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from xorca.cli.failing import WrongUse
from xorca.codec import type_name
from xorca.dsl.plan import Edge, Plan
from xorca.errors import PayloadError


def read_data(given: str | None) -> bytes | None:
    """Give the JSON text that ``--data`` names; None where it was not given."""
    if given is None:
        return None
    where, data = _text(given)
    try:
        json.loads(data, parse_constant=_refuse)
    except UnicodeDecodeError as exc:
        raise WrongUse(f"{where} is not UTF-8: byte {exc.start} is {data[exc.start]:#04x}") from exc
    except json.JSONDecodeError as exc:
        place = f"line {exc.lineno}, column {exc.colno}"
        raise WrongUse(f"{where} is no JSON: {_first_lower(exc.msg)} at {place}") from exc
    except (ValueError, RecursionError) as exc:
        raise WrongUse(f"{where} is no JSON: {exc}") from exc
    return data


def _text(given: str) -> tuple[str, bytes]:
    if given == "-":
        return "standard input", sys.stdin.buffer.read()
    if not given.startswith("@"):
        return "--data", given.encode("utf-8", "surrogateescape")
    try:
        return given[1:], Path(given[1:]).read_bytes()
    except OSError as exc:
        raise WrongUse(f"--data {given}: {exc.strerror or exc}") from exc


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _first_lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def payload_for(plan: Plan, data: bytes | None) -> Any:
    """Read the data as what some ``@start`` of the class takes.

    ``Any`` is that type: it is known when the class is.
    """
    reasons: list[str] = []
    for name, edge in plan.starts.items():
        if not edge.arms:
            if data is None:
                return None
            reasons.append(f"@start of {name!r} takes no payload; leave --data out")
        for codec in edge.arms:
            try:
                return codec.decode(b"{}" if data is None else data)
            except PayloadError as exc:
                reasons.append(str(exc))
    if data is None:
        raise WrongUse(f"{plan.name} takes {_wanted(plan)}: say --data '{{...}}' ({reasons[0]})")
    raise WrongUse(f"--data does not start {plan.name}: {'; '.join(reasons)}")


def _wanted(plan: Plan) -> str:
    edges: list[Edge] = list(plan.starts.values())
    return " or ".join(dict.fromkeys(type_name(c.annotation) for e in edges for c in e.arms))
