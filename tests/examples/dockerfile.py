"""Read a Dockerfile as its builder does, as far as ours goes."""

from __future__ import annotations

import fnmatch
import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its word, its flags (``--from=build``), and the rest as text."""

    word: str
    flags: tuple[str, ...]
    text: str

    def exec_form(self) -> list[str]:
        """Give the words of a JSON list; shell form runs under a shell that eats signals."""
        found = json.loads(self.text)
        assert isinstance(found, list)
        return [str(word) for word in found]

    def commands(self) -> list[list[str]]:
        """Give the commands that ``&&`` joins."""
        return [shlex.split(part) for part in self.text.split("&&")]


@dataclass(slots=True)
class Stage:
    """What follows one FROM."""

    image: str
    name: str
    instructions: list[Instruction] = field(default_factory=list[Instruction])

    def all(self, word: str) -> list[Instruction]:
        """Give the instructions of a word, in order."""
        return [each for each in self.instructions if each.word == word]

    def one(self, word: str) -> Instruction:
        """Give the only instruction of a word."""
        (found,) = self.all(word)
        return found

    def environment(self) -> dict[str, str]:
        """Give what ENV sets."""
        pairs = [pair for each in self.all("ENV") for pair in shlex.split(each.text)]
        return dict(pair.split("=", 1) for pair in pairs)


def stages_of(path: Path) -> list[Stage]:
    """Read a Dockerfile."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    stages: list[Stage] = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            image, _, name = rest.partition(" AS ")
            stages.append(Stage(image, name))
            continue
        flags, words = [], rest.split()
        while words and words[0].startswith("--"):
            flags.append(words.pop(0))
        text = rest.strip()
        for flag in flags:
            text = text.removeprefix(flag).strip()
        stages[-1].instructions.append(Instruction(word, tuple(flags), text))
    return stages


def is_sent(name: str, ignoring: str) -> bool:
    """Tell whether a file of the context reaches the builder, by its .dockerignore."""
    sent = True
    for line in ignoring.splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith("#"):
            keeps = pattern.startswith("!")
            if fnmatch.fnmatch(name, pattern.removeprefix("!")):
                sent = keeps
    return sent
