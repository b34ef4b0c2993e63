"""Both type checkers refuse the statements that are marked ``# E``, and no others.

``XORCA_TYPING_EXTRA`` may name more files to judge, separated as in a search path.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.typing.checkers import Complaints, run_mypy, run_pyright
from tests.typing.statements import marked_lines, refused_lines

HERE = Path(__file__).resolve().parent
EXTRA = "XORCA_TYPING_EXTRA"


def programs() -> list[Path]:
    """Give the files to judge: ours, and those a stranger names."""
    ours = [HERE / "payloads.py", *sorted(HERE.glob("good_*.py")), *sorted(HERE.glob("bad_*.py"))]
    named = [name for name in os.environ.get(EXTRA, "").split(os.pathsep) if name]
    return [*ours, *(Path(name).resolve(strict=True) for name in named)]


@pytest.mark.parametrize("run", [run_mypy, run_pyright])
def test_exactly_the_marked_statements_are_refused(
    run: Callable[[list[Path], Path], Complaints], tmp_path: Path
) -> None:
    """A type checker complains about every marked statement, and about nothing else."""
    paths = programs()

    complaints = run(paths, tmp_path)

    refused = {path.name: sorted(refused_lines(path, complaints[path])) for path in paths}
    assert refused == {path.name: sorted(marked_lines(path)) for path in paths}


@pytest.mark.parametrize("path", sorted(HERE.glob("bad_*.py")), ids=lambda path: path.name)
def test_every_bad_file_has_a_mark(path: Path) -> None:
    """A file of wrong programs says what is wrong in it."""
    assert marked_lines(path)


@pytest.mark.parametrize("path", sorted(HERE.glob("good_*.py")), ids=lambda path: path.name)
def test_no_good_file_has_a_mark(path: Path) -> None:
    """A file of right programs expects no complaint."""
    assert not marked_lines(path)
