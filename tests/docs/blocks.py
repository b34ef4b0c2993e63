"""What a Markdown page shows as code: its fenced blocks, each with the mark above it.

A mark is an HTML comment on the line before the fence, which no reader of the page sees:

- ``<!-- not run: why -->``: the block is shown only;
- ``<!-- raises: X03 -->``: the block is refused with exactly these codes;
- ``<!-- exits: 1 -->``: the last command of the block has this exit code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<info>[^\n]*)\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_TITLE = re.compile(r'title="([^"]+)"')
_MARK = re.compile(r"(not run|raises|exits): (.+)")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; ``line`` is that of its first line of text."""

    path: Path
    line: int
    language: str
    title: str
    kind: str
    value: str
    body: str

    @property
    def place(self) -> str:
        """Give file:line."""
        return f"{self.path}:{self.line}"

    @property
    def runs(self) -> bool:
        """Tell whether a test is to run it."""
        return self.kind != "not run" and self.language in ("python", "console")


def blocks_of(path: Path) -> list[Block]:
    """Give the blocks of a page, in order."""
    text = path.read_text(encoding="utf-8")
    return [_block(path, text, found) for found in _FENCE.finditer(text)]


def _block(path: Path, text: str, found: re.Match[str]) -> Block:
    info, body = found["info"], found["body"]
    title, mark = _TITLE.search(info), _MARK.fullmatch(found["mark"] or "")
    language = info.split()[0] if info.split() else ""
    if not language and body.startswith("$ "):
        language = "console"
    return Block(
        path=path,
        line=text.count("\n", 0, found.start("body")) + 1,
        language=language,
        title=title[1] if title else "",
        kind=mark[1] if mark else "",
        value=mark[2] if mark else "",
        body=body,
    )
