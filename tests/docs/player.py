"""Play a page: run its blocks in order, in one directory and one module, as a reader would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from tests.docs.blocks import Block
from xorca.errors import DefinitionError

ROOT = Path(__file__).parents[2]
LONGEST = 60.0
_ANYTHING = "…"


class Command(NamedTuple):
    """A line that is typed, and the output that the page shows for it."""

    line: str
    shown: str


class Player:
    """One reader of one page, in a directory of their own."""

    def __init__(self, place: Path, module: ModuleType) -> None:
        self.place, self.module = place, module
        self.message = ""
        self._shells: list[int] = []
        self._environment = _environment(place)

    def play(self, blocks: list[Block]) -> None:
        """Run every block; the first that does not do what the page says fails."""
        for block in blocks:
            refused, self.message = self.message, ""
            if block.kind == "not run":
                continue
            if block.language == "console":
                self._type(block)
            elif block.title:
                (self.place / block.title).write_text(block.body, encoding="utf-8")
            elif block.kind == "raises":
                self._refused(block)
            elif block.language == "python":
                self._run(block)
            elif block.language == "text" and refused:
                said = agrees(_in_one_line(block.body), _in_one_line(refused))
                assert said, f"{block.place}: it says\n{refused}"

    def _run(self, block: Block) -> None:
        padded = "\n" * (block.line - 1) + block.body
        exec(compile(padded, block.path, "exec"), vars(self.module))

    def _refused(self, block: Block) -> None:
        with pytest.raises(DefinitionError) as caught:
            self._run(block)
        codes = sorted({problem.code for problem in caught.value.problems})
        assert codes == sorted(block.value.split()), f"{block.place}: {caught.value}"
        self.message = "\n".join(f"{p.code} {p.cause}. {p.cure}" for p in caught.value.problems)

    def _type(self, block: Block) -> None:
        commands = commands_of(block.body)
        for number, command in enumerate(commands, start=1):
            code, output = self._shell(command.line)
            last = number == len(commands) and block.kind == "exits"
            told = f"{block.place}: `{command.line}` gave {code} and\n{output}"
            assert code == (int(block.value) if last else 0), told
            assert not command.shown or agrees(command.shown, output), told
            export = re.fullmatch(r"export (\w+)=(\S+)", command.line)
            if export is not None:  # each line has a shell of its own
                self._environment[export[1]] = export[2]

    def _shell(self, line: str) -> tuple[int, str]:
        """Run a line in a shell of its own; give its exit code and all that it printed."""
        shell = subprocess.Popen(
            line,
            cwd=self.place,
            shell=True,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )
        self._shells.append(shell.pid)
        output, _ = shell.communicate(timeout=LONGEST)
        # A shell gives 128 + the signal for a command that was killed; Python gives -signal.
        return shell.returncode if shell.returncode >= 0 else 128 - shell.returncode, output

    def leave(self) -> None:
        """End what was left running in the background, by the sessions that were begun here."""
        for session in self._shells:
            with suppress(ProcessLookupError):
                os.killpg(session, signal.SIGKILL)


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def commands_of(text: str) -> list[Command]:
    """Take a block apart into what is typed after ``$`` and what is shown below it."""
    commands: list[Command] = []
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        typed = re.match(r"(?:[^\n]*\\\n)*[^\n]*\n", part)
        assert typed is not None, part
        commands.append(Command(typed[0].strip(), part[typed.end() :]))
    return commands


def agrees(shown: str, output: str) -> bool:
    """Tell whether an output is as shown; ``…`` stands for anything, alone for any lines."""
    have = "".join(f"{line.rstrip()}\n" for line in output.strip().splitlines())
    pattern = ""
    for line in shown.strip().splitlines():
        if line.strip() == _ANYTHING:
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += re.escape(line.rstrip()).replace(_ANYTHING, r"[^\n]*") + r"\n"
    return re.fullmatch(pattern, have) is not None


def _environment(place: Path) -> dict[str, str]:
    """Give an environment in which ``xorca`` and ``python`` are those that run the tests."""
    tools = place / ".tools"
    tools.mkdir()
    for name, line in (("python", '"$@"'), ("xorca", '-m xorca "$@"')):
        tool = tools / name
        tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" {line}\n', encoding="utf-8")
        tool.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("XORCA_")}
    return kept | {
        "COLUMNS": "100",
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTEST_ADDOPTS": "-p xorca_contrib.pytest_plugin -p no:cacheprovider",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "contrib")]),
    }
