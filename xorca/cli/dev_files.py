"""Which files a program was made of, and whether one of them has changed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

EVERY = 0.5
"""How often files are looked at, in seconds."""

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})

Stamp = tuple[int, int, int] | None


def sources(root: Path) -> set[Path]:
    """Give every Python file below a directory, but for hidden ones and virtual environments."""
    found: set[Path] = set()
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if not _is_skipped(Path(folder, name))]
        found.update(Path(folder, name) for name in names if name.endswith(".py"))
    return found


def _is_skipped(folder: Path) -> bool:
    name = folder.name
    return name.startswith(".") or name in _SKIPPED or (folder / "pyvenv.cfg").exists()


def imported(root: Path) -> set[Path]:
    """Give the files below a directory of which the modules of this program were made."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    paths = {Path(file) for file in files if isinstance(file, str)}
    return {path for path in paths if path.suffix == ".py" and _is_ours(path, root)}


def _is_ours(path: Path, root: Path) -> bool:
    if not path.is_relative_to(root):
        return False
    inner = list(path.relative_to(root).parents)[:-1]
    return not any(_is_skipped(root / folder) for folder in inner)


class Watch:
    """Notice files that are not as they were when this was made, or first seen later."""

    def __init__(self, root: Path) -> None:
        self._known: dict[Path, Stamp] = {path: _stamp(path) for path in sources(root)}

    def changed(self, paths: Iterable[Path]) -> list[Path]:
        """Give those that changed, vanished or came back, in order."""
        return sorted(path for path in paths if self._is_new(path, _stamp(path)))

    def anything(self, root: Path) -> list[Path]:
        """Give every Python file below a directory that changed, was made or was removed."""
        now = sources(root)
        fresh = now - self._known.keys()
        return sorted(fresh | set(self.changed(self._known.keys() | now)))

    def _is_new(self, path: Path, stamp: Stamp) -> bool:
        return self._known.setdefault(path, stamp) != stamp


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
