"""The packages that serving over HTTP needs."""

from __future__ import annotations

from importlib.util import find_spec

from xorca.cli.failing import plain_errors
from xorca.errors import MissingExtra

_NEEDED = ("starlette", "uvicorn", "httpx")


def check_extra(what: str) -> None:
    """Find out that they are installed, before anything begins.

    Raises:
        WrongUse: one is not; it says the pip line.
    """
    for package in _NEEDED:
        if find_spec(package) is None:
            with plain_errors():
                raise MissingExtra(what, package, "http")
