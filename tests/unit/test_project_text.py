"""The project's files speak of the project, and of no machine that it was written on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPPED = {"build", "dist", "site", "htmlcov", "__pycache__", "node_modules"}

# Each pattern is written so that it does not match its own text.
FORBIDDEN = {
    "a path of one machine": r"(?<![\w.~<>-])/(?:wor[k]|roo[t]|hom[e]/[\w.-]+|User[s]/[\w.-]+|tm[p])/",
    "the host of a package registry": r"\b(?:pyp[i]|npmj[s]|pythonhoste[d])\.(?:org|com)\b",
    "unfinished work": r"\b(?:TOD[O]|FIXM[E])\b",
}


def listed_by_git(root: Path) -> list[Path] | None:
    """Give the files that git tracks or would track, None where git cannot say."""
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return None
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if done.returncode != 0:
        return None
    return [root / name for name in done.stdout.decode().split("\0") if name]


def walked(root: Path) -> list[Path]:
    """Give the files of an unpacked archive: all but caches and what was built."""
    found: list[Path] = []
    for folder, below, names in os.walk(root):
        below[:] = [
            name for name in below if name == ".ci" or not (name[0] == "." or name in SKIPPED)
        ]
        found += [Path(folder, name) for name in names]
    return found


def findings(path: Path) -> Iterator[str]:
    """Say which line of a file holds what it should not; binary files hold nothing."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    for what, pattern in FORBIDDEN.items():
        for match in re.finditer(pattern, text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {match.group()!r} is {what}"


def test_no_file_holds_foreign_text() -> None:
    """No path of a machine, no registry host and no unfinished work is left in a file."""
    paths = [path for path in listed_by_git(ROOT) or walked(ROOT) if path.is_file()]

    wrong = [found for path in sorted(paths) for found in findings(path)]

    assert Path(__file__) in paths
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "open('/" + "work/state.db')",
        "cd /" + "root/x",
        "see /" + "home/somebody/notes",
        "sqlite:////" + "tmp/state.db",
        "https://" + "pypi" + ".org/simple",
        "registry." + "npmjs" + ".org",
        "# TO" + "DO: later",
        "FIX" + "ME",
    ],
)
def test_foreign_text_is_seen(tmp_path: Path, text: str) -> None:
    """Each kind of foreign text is found once."""
    path = tmp_path / "file.txt"
    path.write_text(f"first line\n{text}\n", encoding="utf-8")

    found = list(findings(path))

    assert len(found) == 1
    assert f"{path}:2:" in found[0]


@pytest.mark.parametrize(
    "text",
    ["framework/work/item", "https://example.org/work/", "tests/tmp/x", "the home/office", "todos"],
)
def test_ordinary_text_passes(tmp_path: Path, text: str) -> None:
    """A word that only looks like it is left alone."""
    path = tmp_path / "file.txt"
    path.write_text(text, encoding="utf-8")

    assert list(findings(path)) == []
