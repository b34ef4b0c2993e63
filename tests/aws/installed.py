"""What an installation for a function would hold, from what is installed here."""

from __future__ import annotations

import shutil
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

from tests.aws.runtime_api import ROOT

CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py", "snapshot_restore_py")


def install(target: Path, *requirements: str) -> Path:
    """Copy packages and all that they need into a folder, as ``pip install --target`` does."""
    target.mkdir(parents=True, exist_ok=True)
    seen: set[str] = set()
    waiting = [Requirement(each) for each in requirements]
    while waiting:
        found = waiting.pop()
        name = f"{found.name.lower().replace('_', '-')}[{','.join(sorted(found.extras))}]"
        if name in seen:
            continue
        seen.add(name)
        _copy(found.name, target)
        waiting += _needs(found)
    return target


def _needs(wanted: Requirement) -> list[Requirement]:
    lines = map(Requirement, distribution(wanted.name).requires or ())
    extras = [*wanted.extras, ""]
    return [
        each
        for each in lines
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras)
    ]


def _copy(name: str, target: Path) -> None:
    if name == "xorca":  # it is installed as a link to the sources
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "xorca", target / "xorca", ignore=ignored, dirs_exist_ok=True)
        return
    for file in distribution(name).files or ():
        source = Path(str(file.locate()))
        if ".." in file.parts or "__pycache__" in file.parts or not source.is_file():
            continue
        place = target / str(file)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.symlink_to(source)
