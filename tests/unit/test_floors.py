"""The house has floors: imports go down, never up."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = tomllib.loads((Path(__file__).parent / "floors.toml").read_text(encoding="utf-8"))
FLOORS: dict[str, int] = TABLE["floors"]
RESERVED: dict[str, str] = TABLE["reserved"]


@dataclass(frozen=True, slots=True)
class Import:
    """One module that another imports; ``lazy`` is inside a function."""

    target: str
    line: int
    lazy: bool


def floor_of(module: str) -> int | None:
    """Give the floor of a module by the longest entry that fits, None if none does."""
    if module in FLOORS:
        return FLOORS[module]
    parts = module.split(".")
    heads = (".".join(parts[:size]) + ".*" for size in range(len(parts), 0, -1))
    return next((FLOORS[head] for head in heads if head in FLOORS), None)


def modules_of(base: Path, package: str) -> dict[str, Path]:
    """Give every module of a package by its dotted name."""
    found: dict[str, Path] = {}
    for path in sorted((base / package).rglob("*.py")):
        parts = path.relative_to(base).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def targets_of(
    node: ast.Import | ast.ImportFrom, importer: str, *, is_package: bool, known: set[str]
) -> list[str]:
    """Give the modules that one statement imports: submodules where they are such."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        up = node.level - 1 if is_package else node.level
        parts = importer.split(".")
        base = ".".join([*parts[: len(parts) - up], *([base] if base else [])])
    names = (f"{base}.{alias.name}" for alias in node.names)
    return [name if name in known else base for name in names]


def imports_of(module: str, path: Path, known: set[str]) -> Iterator[Import]:
    """Give every import of a file, those under ``TYPE_CHECKING`` and in functions too."""

    def walk(node: ast.AST, lazy: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            package = path.name == "__init__.py"
            for target in targets_of(node, module, is_package=package, known=known):
                yield Import(target, node.lineno, lazy)
        inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, inside)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), False)


def homeless(base: Path) -> list[str]:
    """Name the modules of xorca that have no floor."""
    return [
        f"{module} has no floor: give it one in tests/unit/floors.toml"
        for module in modules_of(base, "xorca")
        if floor_of(module) is None
    ]


def complaint(module: str, found: Import) -> str | None:
    """Say what is wrong with an import, None if it may be."""
    top = found.target.split(".")[0]
    if top == "xorca_contrib":
        if module.startswith("xorca.cli") and found.lazy:
            return None
        return "xorca never imports xorca_contrib; only xorca.cli may, inside a function"
    if RESERVED.get(top, module) != module:
        return f"only {RESERVED[top]} may import {top}"
    here, there = floor_of(module), floor_of(found.target)
    if top != "xorca" or here is None or there is None or there <= here:
        return None
    return f"floor {here} may not import {found.target}, which is on floor {there}"


def breaches(base: Path) -> list[str]:
    """Name every import that goes up, or to a package that is not for everyone."""
    modules = modules_of(base, "xorca")
    return [
        f"{path.relative_to(base)}:{found.line}: {wrong}"
        for module, path in modules.items()
        if module != "xorca"
        for found in imports_of(module, path, set(modules))
        if (wrong := complaint(module, found))
    ]


def test_every_module_has_a_floor() -> None:
    """A module that nobody gave a floor is not part of the house."""
    wrong = homeless(ROOT)

    assert not wrong, "\n".join(wrong)


def test_imports_go_down() -> None:
    """No module imports from a floor above its own, at no time and for no reason."""
    wrong = breaches(ROOT)

    assert not wrong, "\n".join(wrong)


def write(base: Path, name: str, text: str) -> None:
    path = base / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "import xorca.runtime",
        "from xorca.engine.step import step",
        "from xorca import runtime",
        "from xorca import Runtime",
        "from . import runtime",
        "if TYPE_CHECKING:\n    from xorca.runtime import Runtime",
        "def late():\n    from xorca.runtime import Runtime",
        "import transitions.core",
        "import xorca_contrib",
        "def late():\n    import xorca_contrib.asl",
    ],
)
def test_a_breach_is_seen(tmp_path: Path, text: str) -> None:
    """An import upwards is found in whatever way it is written."""
    write(tmp_path, "xorca/runtime.py", "")
    write(tmp_path, "xorca/engine/step.py", "")
    write(tmp_path, "xorca/ports.py", text)

    found = breaches(tmp_path)

    assert len(found) == 1
    assert found[0].startswith("xorca/ports.py:")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ports.py", "from xorca.events import Event"),
        ("ports.py", "from xorca.dsl import plan"),
        ("dsl/machine.py", "from transitions import Machine"),
        ("cli/asl.py", "def run():\n    import xorca_contrib.asl"),
        ("__init__.py", "from xorca.runtime import Runtime"),
    ],
)
def test_what_is_allowed_passes(tmp_path: Path, name: str, text: str) -> None:
    """Down, sideways, and the named exceptions are no breach."""
    write(tmp_path, "xorca/dsl/plan.py", "")
    write(tmp_path, f"xorca/{name}", text)

    assert breaches(tmp_path) == []


def test_a_module_without_a_floor_is_named(tmp_path: Path) -> None:
    """The sentence says which module, and where its floor is written."""
    write(tmp_path, "xorca/attic.py", "")

    assert homeless(tmp_path) == ["xorca.attic has no floor: give it one in tests/unit/floors.toml"]
