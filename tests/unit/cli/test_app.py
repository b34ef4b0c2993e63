"""The group of commands: its help, and how little it imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.unit.cli.conftest import HELLO, Call
from xorca.cli.app import main

ROOT = Path(__file__).parents[3]


def test_help_imports_neither_runtime_nor_providers() -> None:
    """The help of the group comes without what only commands need."""
    script = (
        "import sys\n"
        "from xorca.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "late = ('xorca.runtime', 'xorca.providers', 'xorca.fleet', 'xorca.handlers')\n"
        "found = [name for name in sys.modules if name.startswith(late)]\n"
        "assert not found, found\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "Commands:" in done.stdout


def test_it_runs_as_a_module() -> None:
    """``python -m xorca`` is the same program."""
    command = [sys.executable, "-m", "xorca", "--help"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "Usage: python -m xorca" in done.stdout


@pytest.mark.parametrize("name", sorted(main.list_commands(None)))  # type: ignore[arg-type]
def test_every_command_has_help(call: Call, name: str) -> None:
    """Each command explains itself, with its summary in the first line."""
    result = call(name, "--help")

    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_a_terminal_without_the_characters_ends_nothing(here: Path) -> None:
    """Where the output is Latin-1, other characters are spelled out."""
    (here / "first.py").write_text(HELLO)
    command = [sys.executable, "-m", "xorca", "check", "first"]
    place = {**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONPATH": str(ROOT)}

    done = subprocess.run(command, env=place, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("\\u2713 Hello")


def test_an_unknown_command_is_wrong_use(call: Call) -> None:
    """A typo ends with exit code 2."""
    result = call("chekc")

    assert result.exit_code == 2
    assert "chekc" in result.stderr


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color_is_respected(
    here: Path, call: Call, variables: dict[str, str], coloured: bool
) -> None:
    """Colours are for terminals, and NO_COLOR forbids them there too."""
    result = call("check", "nowhere", env=variables, color=True)

    assert ("\x1b[" in result.stderr) is coloured


def test_the_help_of_a_command_has_its_examples_on_lines_of_their_own(call: Call) -> None:
    """As they are typed, and without the marks that keep them so."""
    found = {name: call(name, "--help").stdout for name in main.list_commands(click.Context(main))}

    assert not [name for name, text in found.items() if "\\b" in text]
    assert '\n    xorca run first:Hello --data \'{"name": "Ada"}\'\n' in found["run"]
