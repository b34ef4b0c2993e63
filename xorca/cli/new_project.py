"""Write the files of a project: all of them or none, and never over others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import uuid4

from xorca.cli.failing import WrongUse

_SUFFIX = ".txt"
"""Templates are no Python yet, and no tool must take them for it."""


def write_project(place: Path, *, name: str, package: str) -> list[Path]:
    """Write a project and give its files.

    Raises:
        WrongUse: something is there already, or it cannot be written.
    """
    if place.is_symlink() or (place.exists() and not _is_empty(place)):
        raise WrongUse(f"{place} exists already, and nothing is written over; give another name")
    draft = place.with_name(f".{place.name}-{uuid4().hex[:8]}")
    try:
        written = _write(draft, _words(name, package))
        if place.exists():
            place.rmdir()
        draft.rename(place)  # whoever looks sees the whole project or none
    except OSError as exc:
        raise WrongUse(f"{place} cannot be written: {exc.strerror}; nothing was left") from exc
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return [place / path for path in written]


def _is_empty(place: Path) -> bool:
    return place.is_dir() and not any(place.iterdir())


def _words(name: str, package: str) -> dict[str, str]:
    return {"name": name, "package": package, "version": _version(), "xorca": _origin()}


def _write(draft: Path, words: dict[str, str]) -> list[Path]:
    written: list[Path] = []
    project = files("xorca.cli") / "templates" / "project"
    for inner, template in _templates(project, PurePosixPath()):
        path = _path(inner, words["package"])
        (draft / path).parent.mkdir(parents=True, exist_ok=True)
        text = _filled(template.read_text(encoding="utf-8"), words)
        (draft / path).write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return sorted(written)


def _templates(
    folder: Traversable, inside: PurePosixPath
) -> Iterator[tuple[PurePosixPath, Traversable]]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _templates(item, inside / item.name)
        elif item.name.endswith(_SUFFIX):
            yield inside / item.name.removesuffix(_SUFFIX), item


def _path(inner: PurePosixPath, package: str) -> Path:
    names = {"package": package, "gitignore": ".gitignore", "test_package.py": f"test_{package}.py"}
    return Path(*(names.get(part, part) for part in inner.parts))


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"@@{word}@@", value)
    return text


def _version() -> str:
    try:
        return distribution("xorca").version
    except PackageNotFoundError:  # it runs from a checkout that is not installed
        return "0.1.0"


def _origin() -> str:
    """Give what pip installs to have this very xorca: a local path, if it came from one."""
    try:
        text = distribution("xorca").read_text("direct_url.json")
    except PackageNotFoundError:
        text = None
    url = urlsplit(json.loads(text)["url"] if text else "")
    path = url2pathname(url.path) if url.scheme == "file" else ""
    # What make or a shell would take apart is not written; the name of the package will do.
    return path if path and not set(path) & set("$#'\"\\\n") and Path(path).exists() else "xorca"
