"""What the README and the documentation show is what happens."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.docs.blocks import Block, blocks_of
from tests.docs.player import ROOT, Player, agrees

ELSEWHERE = {
    "docs/how-to/test-an-orchestrator.md",  # tests/unit/plugin/test_how_to.py
    "docs/how-to/write-a-service.md",  # tests/unit/fleet/test_page.py
    "docs/how-to/write-an-adapter.md",  # it includes files that are tested
}
NOT_RUN = 8  # of more than 300 blocks: what needs a cloud, or a store that is not here
"""How many blocks of all pages together are shown only."""


def sources(*below: str) -> str:
    """Give the code in some folders of the package, as one text."""
    folders = [ROOT / "xorca" / name for name in below]
    paths = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


CODES = set(re.findall(r'"([XF]\d\d)"', sources("dsl", "fleet")))
ERRORS = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
REASON = (
    r'(?:Verdict\("\w+", |Refusal\("\w+", |"(?:retry|foreign|dead)", |ignore\(draft, event, )'
    r'"([a-z-]{3,})"'
)
REASONS = {
    *re.findall(REASON, sources("engine", "runtime", "fleet", "handlers")),
    *re.findall(r'\breason="([a-z-]+)"', sources("engine", "runtime", "events")),
}


def name_of(path: Path) -> str:
    """Give the name of a page as one would type it."""
    return path.relative_to(ROOT).as_posix()


def all_pages() -> list[Path]:
    """Give the README and the documentation."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def has_code(path: Path) -> bool:
    """Tell whether there is something to be run on a page."""
    return any(block.runs for block in blocks_of(path))


PAGES = [path for path in all_pages() if has_code(path) and name_of(path) not in ELSEWHERE]


@pytest.fixture
def player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    """Give a reader in a directory with the examples beside it."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    module = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    before = set(sys.modules)
    reader = Player(tmp_path, module)
    yield reader
    reader.leave()
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_page_is_right(path: Path, player: Player) -> None:
    """Its Python runs, its commands print what it shows, its mistakes are refused."""
    player.play(blocks_of(path))


def test_every_console_block_shows_commands() -> None:
    """A block of commands without ``$`` would be run by nobody."""
    silent = [
        block.place
        for path in all_pages()
        for block in blocks_of(path)
        if block.language in ("console", "bash", "sh", "shell") and "$ " not in block.body
    ]

    assert silent == []


def test_few_blocks_are_only_shown() -> None:
    """What is not run is marked, and is little."""
    shown = [b for path in all_pages() for b in blocks_of(path) if b.kind == "not run"]

    assert len(shown) <= NOT_RUN, [block.place for block in shown]


def test_the_first_process_is_short() -> None:
    """The README's first program has at most 25 lines that are not blank."""
    first = next(block for block in blocks_of(ROOT / "README.md") if block.title == "welcome.py")

    assert len([line for line in first.body.splitlines() if line.strip()]) <= 25


@pytest.mark.parametrize("module", ["functions", "function_app"])
def test_the_functions_of_the_readme_can_be_loaded(tmp_path: Path, module: str) -> None:
    """A host that imports them needs no cloud for that."""
    for block in blocks_of(ROOT / "README.md"):
        if block.title:
            (tmp_path / block.title).write_text(block.body, encoding="utf-8")
    code = f"import {module} as it; print(sorted(name for name in vars(it) if name[0] != '_'))"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "bus" in done.stdout


def shape(value: object) -> object:
    """Give what stays of a record from run to run: its keys, and its texts that are not times."""
    if isinstance(value, dict):
        return {key: shape(found) for key, found in value.items() if key not in ("time", "seal")}
    if isinstance(value, list):
        return [shape(found) for found in value]
    return None if isinstance(value, float) else value


def test_the_record_is_the_one_shown(player: Player) -> None:
    """The page about the record shows what its program stores; only times differ."""
    blocks = blocks_of(ROOT / "docs" / "explanation" / "record.md")
    [shown] = [json.loads(block.body) for block in blocks if block.language == "json"]

    player.play(blocks)

    assert shape(vars(player.module)["record"]) == shape(shown)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_explained(code: str) -> None:
    """A definition error has a section on the page about errors."""
    assert f"\n### {code} " in ERRORS


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_is_explained(reason: str) -> None:
    """What an outcome or a dead letter may give as its reason is on the page about errors."""
    assert f"`{reason}`" in ERRORS


def page(tmp_path: Path, text: str) -> list[Block]:
    """Give the blocks of a page of this text."""
    path = tmp_path / "page.md"
    path.write_text(text, encoding="utf-8")
    return blocks_of(path)


@pytest.mark.parametrize(
    "text",
    [
        "```python\nassert False\n```\n",
        "```console\n$ exit 3\n```\n",
        "```console\n$ echo one\ntwo\n```\n",
        "<!-- exits: 1 -->\n```console\n$ true\n```\n",
        "<!-- raises: X01 -->\n```python\nfrom xorca import Orchestrator\n```\n",
    ],
)
def test_what_is_wrong_is_found(tmp_path: Path, player: Player, text: str) -> None:
    """A block that does not do what its page says fails the page."""
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        player.play(page(tmp_path, text))


@pytest.mark.parametrize(
    ("shown", "output", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a …", "a 12.3 s", True),
        ("…\nb", "x\ny\nb", True),
        ("a", "a\nb", False),
        ("a.b", "axb", False),
        ("b\na", "a\nb", False),
    ],
)
def test_outputs_are_compared(shown: str, output: str, *, same: bool) -> None:
    """``…`` stands for what differs from run to run, and nothing else does."""
    assert agrees(shown, output) is same
