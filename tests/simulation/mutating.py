"""Breaking the production code on purpose: a few words of a function are changed in place.

The function's own source is taken, edited and compiled in its module, and its code object is
exchanged, so whoever imported it runs the broken one. An edit that does not find its words
raises: a mutant that changes nothing would prove nothing.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

FUTURE = "from __future__ import annotations\n"


@dataclass(frozen=True, slots=True)
class Edit:
    """In the function ``name`` (``Class.method``) of a module, ``old`` becomes ``new``."""

    module: str
    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A deliberate breakage: what it is, and a schedule that is known to show it."""

    name: str
    what: str
    edits: tuple[Edit, ...]
    seed: int = 0


class Stale(Exception):
    """The words that a mutant changes are not in the code (any more)."""


@contextmanager
def mutated(mutant: Mutant) -> Generator[None]:
    """Run with the code broken."""
    functions: dict[tuple[str, str], list[Edit]] = {}
    for edit in mutant.edits:
        functions.setdefault((edit.module, edit.name), []).append(edit)
    with ExitStack() as stack:
        for (module, name), edits in functions.items():
            stack.enter_context(_exchanged(module, name, edits))
        yield


@contextmanager
def _exchanged(path: str, name: str, edits: list[Edit]) -> Generator[None]:
    module = importlib.import_module(path)
    function = _function(module, name)
    before, function.__code__ = function.__code__, _edited(module, name, edits)
    try:
        yield
    finally:
        function.__code__ = before


def _function(module: ModuleType, name: str) -> FunctionType:
    found: object = module
    for part in name.split("."):
        found = inspect.unwrap(getattr(found, part))
    assert isinstance(found, FunctionType), name
    return found


def _edited(module: ModuleType, name: str, edits: list[Edit]) -> CodeType:
    assert module.__file__ is not None  # it is a file of ours
    text = Path(module.__file__).read_text(encoding="utf-8")
    node: Any = ast.parse(text)
    for part in name.split("."):
        node = next(one for one in node.body if getattr(one, "name", None) == part)
    lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
    source = "\n".join(line[node.col_offset :] for line in lines) + "\n"
    for edit in edits:
        if source.count(edit.old) != 1:
            raise Stale(
                f"{module.__name__}.{name} has {source.count(edit.old)} times {edit.old!r}: write"
                " the mutant anew for what stands there now"
            )
        source = source.replace(edit.old, edit.new)
    made: dict[str, Any] = {}
    exec(compile(FUTURE + source, module.__name__, "exec"), vars(module), made)
    return made[node.name].__code__  # type: ignore[no-any-return]
