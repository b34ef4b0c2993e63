"""Which statements of a file are marked as wrong, and which of them a complaint is about.

``# E`` at the end of a line says that a checker must complain about this line. Checkers
complain about a decorator where it stands, so a mark on the ``def`` line of a decorated
function counts for its whole head, from the first decorator to the colon.
"""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

Head = tuple[int, int, int]


def marked_lines(path: Path) -> set[int]:
    """Give the numbers of the lines that carry a mark."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline)
    comments = (token for token in tokens if token.type == tokenize.COMMENT)
    return {token.start[0] for token in comments if _is_mark(token.string)}


def refused_lines(path: Path, complaints: set[int]) -> set[int]:
    """Give the complaints, each moved to the mark that stands for its statement."""
    heads, marks = _heads(path), marked_lines(path)
    return {_settled(line, heads, marks) for line in complaints}


def _is_mark(comment: str) -> bool:
    return comment == "# E" or comment.startswith(("# E:", "# E "))


def _heads(path: Path) -> list[Head]:
    tree = ast.parse(path.read_text("utf-8"))
    return [
        (node.decorator_list[0].lineno, node.lineno, max(node.lineno, node.body[0].lineno - 1))
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.decorator_list
    ]


def _settled(line: int, heads: list[Head], marks: set[int]) -> int:
    if line in marks:
        return line
    for first, definition, last in heads:
        if first <= line <= last and definition in marks:
            return definition
    return line
