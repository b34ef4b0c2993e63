"""The addresses of processes: a subject in a path, and back."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request

from xorca.engine.ids import make_subject, parse_subject
from xorca.engine.routing import Registry
from xorca.handlers.asgi.problems import HttpProblem, not_found


def location_of(request: Request, prefix: str, subject: str) -> str:
    """Give the path of a process, as a Location header has it."""
    root = str(request.scope.get("root_path", ""))
    return f"{quote(root)}{prefix}/processes/{quote(subject, safe='/')}"


def subject_in(path: str) -> str | None:
    """Read a subject from a path that was percent-decoded; None if there is none in it.

    A process id whose own encoding was decoded with that of the path is understood as well.
    """
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
