"""Run mypy and pyright over files, strictly, and give the lines they complain about."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
Complaints = dict[Path, set[int]]

_MYPY_LINE = re.compile(r"^(?P<path>.+?):(?P<line>\d+):(?:\d+:)? error: ")
# An unused import is untidy; the marks are about wrong programs.
_UNTIDY = ("reportUnusedImport", "reportUnusedVariable", "reportUnusedFunction")


def run_mypy(paths: list[Path], scratch: Path) -> Complaints:
    """Give what ``mypy --strict`` refuses, by file."""
    options = ["--strict", "--config-file=", f"--cache-dir={scratch / 'mypy'}", "--no-pretty"]
    environment = {"MYPYPATH": os.pathsep.join(_folders(paths))}
    done = _run(["mypy", *options, "--show-absolute-path", *map(str, paths)], environment)
    if done.returncode not in (0, 1):
        raise AssertionError(f"mypy could not run:\n{done.stdout}{done.stderr}")
    found = (match for line in done.stdout.splitlines() if (match := _MYPY_LINE.match(line)))
    return _by_file(paths, [(Path(match["path"]), int(match["line"])) for match in found])


def run_pyright(paths: list[Path], scratch: Path) -> Complaints:
    """Give what pyright refuses in its strict mode, by file."""
    project = scratch / "pyrightconfig.json"
    project.write_text(json.dumps(_pyright_project(paths, scratch)), "utf-8")
    options = ["--outputjson", "--pythonpath", sys.executable, "--project", str(project)]
    done = _run(["pyright", *options], {})
    if done.returncode not in (0, 1):
        raise AssertionError(f"pyright could not run:\n{done.stdout}{done.stderr}")
    report = json.loads(done.stdout)
    if report["summary"]["filesAnalyzed"] < len(paths):
        raise AssertionError(f"pyright missed some files:\n{done.stdout}")
    found = [entry for entry in report["generalDiagnostics"] if entry["severity"] == "error"]
    lines = [(Path(entry["file"]), entry["range"]["start"]["line"] + 1) for entry in found]
    return _by_file(paths, lines)


def _pyright_project(paths: list[Path], scratch: Path) -> dict[str, object]:
    return {
        # Absolute paths are passed over in silence.
        "include": [os.path.relpath(path, scratch.resolve()) for path in paths],
        "extraPaths": _folders(paths),
        "typeCheckingMode": "strict",
        **dict.fromkeys(_UNTIDY, False),
    }


def _folders(paths: list[Path]) -> list[str]:
    """Give where imports are looked for: xorca's folder, and those of the files."""
    return [str(folder) for folder in dict.fromkeys([ROOT, *(path.parent for path in paths)])]


def _run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
        cwd=ROOT,
        timeout=600,
    )


def _by_file(paths: list[Path], found: list[tuple[Path, int]]) -> Complaints:
    result: Complaints = {path: set() for path in paths}
    for path, line in found:
        if path.resolve() in result:
            result[path.resolve()].add(line)
    return result
