"""The addresses of processes: a subject in a path, and back."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.requests import Request

from xorca.engine.ids import make_subject, parse_subject
from xorca.engine.routing import Registry
from xorca.handlers.asgi.problems import HttpProblem, not_found

_DOTS: Final = {".": "%2E", "..": "%2E%2E"}
"""Ids that clients take out of a path, and as what they stand in it."""
_DOTTED: Final = {shown: dots for dots, shown in _DOTS.items()}


def location_of(request: Request, prefix: str, subject: str) -> str:
    """Give the path of a process, as a Location header has it."""
    root = str(request.scope.get("root_path", ""))
    above, _, process_id = subject.rpartition("/")
    path = f"{above}/{_DOTS.get(process_id, process_id)}"
    return f"{quote(root)}{prefix}/processes/{quote(path, safe='/')}"


def subject_in(path: str) -> str | None:
    """Read a subject from a path that was percent-decoded; None if there is none in it.

    A process id whose own encoding was decoded with that of the path is understood as well.
    """
    above, _, process_id = path.rpartition("/")
    path = f"{above}/{_DOTTED[process_id]}" if process_id in _DOTTED else path
    if parse_subject(path) is not None:
        return path
    parts = path.split("/", 2)
    return make_subject(*parts) if len(parts) == 3 and all(parts) else None


def registered(registry: Registry, path: str) -> str:
    """Give the subject in a path, if it is of an orchestrator that is here.

    Raises:
        HttpProblem: 404; nothing was read.
    """
    subject = subject_in(path)
    if subject is None or not registry.versions(subject.partition("/")[0]):
        raise unknown()
    return subject


def unknown() -> HttpProblem:
    """Give the problem of a process that is not there."""
    return not_found("No such process is stored here; write /processes/<name>/<version>/<id>.")
