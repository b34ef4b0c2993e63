"""The reference: what each simulated class may do, as small tables that know no engine.

A class writes a line for everything that it applies: ``handler token token n=3``. Tokens
are identities, used once; ``n=3`` are values that the decision depends on. A walk follows
the lines and says what each of them must send.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Values = dict[str, int]
Owed = tuple[str, int, int]
"""A decided event: its type, the line that decided it, and its place in a fan-out."""

Emits = tuple[str, ...] | Callable[[Values], tuple[str, ...]]


class Illegal(Exception):
    """A line that the model does not allow here."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a handler may run, where it leads (None: it stays), what it sends.

    ``counts`` is how often in a row it may stay where ``upto`` says so: a handler that runs
    ``upto`` times has to be followed by another.
    """

    at: tuple[str, ...]
    to: str | None = None
    emits: Emits = ()


@dataclass(frozen=True, slots=True)
class Model:
    """A class: its rules by handler; ``wide`` are fan-outs, which may leave in parts.

    ``timers`` are the deadlines of a state, ``lifetime`` those of the whole process, each with
    its seconds.
    """

    name: str
    rules: dict[str, Rule]
    version: str = "1.0.0"
    wide: frozenset[str] = frozenset()
    timers: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    lifetime: dict[str, float] = field(default_factory=dict[str, float])
    check: Callable[[list[str]], str] = field(default=lambda _: "")

    def walk(self) -> Walk:
        """Begin before the start."""
        return Walk(self)


class Walk:
    """The way of one process through its model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.state = ""
        self.lines: list[str] = []

    def advance(self, line: str) -> tuple[int, list[str], list[Owed]]:
        """Take a line; give its number, its tokens and what it decided to send.

        Raises:
            Illegal: the model does not allow it.
        """
        handler, *words = line.split()
        rule = self.model.rules.get(handler)
        if rule is None or self.state not in rule.at:
            raise Illegal(f"{handler!r} ran in {self.state!r}")
        step = len(self.lines)
        self.lines.append(line)
        complaint = self.model.check(self.lines)
        if complaint:
            raise Illegal(complaint)
        values = {w.partition("=")[0]: int(w.partition("=")[2]) for w in words if "=" in w}
        types = rule.emits(values) if callable(rule.emits) else rule.emits
        items: dict[str, int] = {}
        owed: list[Owed] = []
        for name in types:
            owed.append((name, step, items.get(name, 0)))
            items[name] = items.get(name, 0) + 1
        self.state = rule.to or self.state
        return step, [word for word in words if "=" not in word], owed


MODELS: dict[tuple[str, str], Model] = {}


def register(*models: Model) -> None:
    """Make models known."""
    for model in models:
        MODELS[model.name, model.version] = model
