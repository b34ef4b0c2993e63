"""Which files ``xorca dev`` looks at, and what it takes for a change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xorca.cli.dev_files import Watch, imported, sources
from xorca.cli.loading import load


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_sources_are_the_files_that_people_write(tmp_path: Path) -> None:
    """Hidden directories, virtual environments and caches are not looked into."""
    ours = {write(tmp_path / "a.py"), write(tmp_path / "shop" / "b.py")}
    write(tmp_path / "env" / "pyvenv.cfg")
    for other in ("env/c.py", ".git/d.py", "node_modules/e.py", "shop/__pycache__/f.py", "g.txt"):
        write(tmp_path / other)

    assert sources(tmp_path) == ours


def test_imported_files_are_those_of_this_program(here: Path) -> None:
    """A file below the directory that nobody imported is not among them."""
    used = write(here / "shop_used.py", "import shop_inner.deep\n")
    deep = write(here / "shop_inner" / "deep.py")
    write(here / "shop_unused.py")

    load("shop_used")

    assert imported(here) == {used, deep}


def test_nothing_has_changed_at_first(tmp_path: Path) -> None:
    """Files that are as they were are not named."""
    path = write(tmp_path / "a.py")

    assert Watch(tmp_path).changed([path]) == []


@pytest.mark.parametrize("text", ["longer", "1"])
def test_an_edit_is_a_change(tmp_path: Path, text: str) -> None:
    """Another text is noticed, even of the same length."""
    path = write(tmp_path / "a.py", "0")
    watch = Watch(tmp_path)
    path.write_text(text)
    os.utime(path, ns=(1, 1))

    assert watch.changed([path]) == [path]


def test_a_file_that_vanishes_is_a_change(tmp_path: Path) -> None:
    """What was imported and is gone cannot be imported again."""
    path = write(tmp_path / "a.py")
    watch = Watch(tmp_path)
    path.unlink()

    assert watch.changed([path]) == [path]


def test_a_file_that_is_met_later_is_known_from_then_on(tmp_path: Path) -> None:
    """A module that is imported late was not changed by being imported."""
    watch = Watch(tmp_path)
    late = write(tmp_path / "late.py", "0")

    first, second = watch.changed([late]), watch.changed([late])

    assert (first, second) == ([], [])


def test_a_new_file_counts_where_anything_does(tmp_path: Path) -> None:
    """A module that was missing may be what is waited for."""
    write(tmp_path / "a.py")
    watch = Watch(tmp_path)
    new = write(tmp_path / "b.py")

    assert watch.anything(tmp_path) == [new]
