"""Small files with one purpose, short functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("xorca", "contrib/xorca_contrib")
FILE_LIMIT = 350
FUNCTION_LIMIT = 40


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function's body, its docstring left out."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def oversized(path: Path) -> Iterator[str]:
    """Say what in a file is longer than it may be."""
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    if lines > FILE_LIMIT:
        yield f"{path}: {lines} lines, and {FILE_LIMIT} are the most: split it by purpose"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = body_lines(node)
            if length > FUNCTION_LIMIT:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines of body"


def test_files_and_functions_are_small() -> None:
    """No file is over 350 lines and no function body over 40."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]

    wrong = [sentence for path in paths for sentence in oversized(path)]

    assert paths
    assert not wrong, "\n".join(wrong)


def test_a_long_file_is_seen(tmp_path: Path) -> None:
    """One line over the limit is too long; the limit itself is not."""
    fits, over = tmp_path / "fits.py", tmp_path / "over.py"
    fits.write_text("pass\n" * FILE_LIMIT, encoding="utf-8")
    over.write_text("pass\n" * (FILE_LIMIT + 1), encoding="utf-8")

    assert [len(list(oversized(path))) for path in (fits, over)] == [0, 1]


def test_a_long_function_is_seen(tmp_path: Path) -> None:
    """The body counts, wherever the function stands; the docstring does not."""
    head = 'class A:\n    async def f(self):\n        """One.\n\n        Two."""\n'
    fits, over = tmp_path / "fits.py", tmp_path / "over.py"
    fits.write_text(head + "        pass\n" * FUNCTION_LIMIT, encoding="utf-8")
    over.write_text(head + "        pass\n" * (FUNCTION_LIMIT + 1), encoding="utf-8")

    assert [len(list(oversized(path))) for path in (fits, over)] == [0, 1]
