"""Modules on disk, and a way to call the command line in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from xorca.cli import main

HELLO = """
from dataclasses import dataclass

from xorca import Orchestrator, emit, end, on, start


@dataclass
class Name:
    name: str


@dataclass
class Greeting:
    text: str


class Hello(Orchestrator, name="hello"):
    @start
    @emit("cmd.greeting.write")
    def ask(self, who: Name) -> Name:
        return who

    @on("evt.greeting.write.success", to=end)
    @emit("notif.greeting.ready")
    def done(self, greeting: Greeting) -> Greeting:
        return greeting
"""

SERVED = (
    HELLO
    + """

from xorca.fleet import Fleet, Refusal

fleet = Fleet(source="/greetings")


@fleet.serves("cmd.greeting.write")
async def write(who: Name) -> Greeting:
    if not who.name:
        raise Refusal("nobody to greet")
    return Greeting(f"Hello, {who.name}!")
"""
)

Call = Callable[..., Result]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current directory; modules that were imported from it are forgotten."""
    known, path = set(sys.modules), list(sys.path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XORCA_STORE", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - known:
        if str(tmp_path) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


@pytest.fixture
def call() -> Call:
    """Call the command line; the result has the exit code, stdout and stderr."""

    def invoke(*arguments: str, **options: object) -> Result:
        return CliRunner().invoke(main, arguments, **options)  # type: ignore[arg-type]

    return invoke
