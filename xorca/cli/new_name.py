"""Which names a project may have."""

from __future__ import annotations

import importlib.util
import keyword
import re
import sys
from pathlib import Path

from xorca.cli.failing import WrongUse

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_LONGEST = 50
_OURS = frozenset({"test", "tests", "xorca", "xorca_contrib"})
_DEVICES = re.compile(r"aux|con|nul|prn|(?:com|lpt)[0-9]")


def package_of(name: str) -> str:
    """Give the name of the Python package of a project."""
    return name.replace("-", "_")


def check_name(name: str) -> None:
    """Refuse a name that is none for a directory, a project and a package at once.

    Raises:
        WrongUse: as above; the sentence says what is wrong and names a better one.
    """
    if "/" in name or "\\" in name:
        raise WrongUse(f"{name!r} is a path; go where the project is to be and give its name only")
    if len(name) > _LONGEST:
        raise WrongUse(f"a name of {len(name)} characters is too long: {_LONGEST} are the most")
    if _NAME.fullmatch(name) is None:
        raise WrongUse(
            f"{name!r} is no name for a project: take lower-case letters, digits, - and _, a"
            f" letter first{_better(name)}"
        )
    why = _taken(package_of(name))
    if why:
        raise WrongUse(f"{name!r} cannot be its name: {why}; try 'my-{name}'")


def _better(name: str) -> str:
    found = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789")
    return f", such as {found!r}" if _NAME.fullmatch(found) else ", such as 'shop'"


def _taken(package: str) -> str:
    """Say why a package must not have this name; nothing where it may."""
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        return "it is a word of Python itself"
    if package in sys.stdlib_module_names:
        return f"Python has a module {package!r} of its own"
    if package in _OURS or _DEVICES.fullmatch(package):
        return "it means something else already"
    return f"a package {package!r} is installed here" if _is_installed(package) else ""


def _is_installed(package: str) -> bool:
    """Whether a project would hide a package; what lies in this directory is no such thing."""
    found = importlib.util.find_spec(package)
    if found is None:
        return False
    places = [found.origin] if found.origin else list(found.submodule_search_locations or ())
    here = Path.cwd()
    return not all(_lies_in(Path(place), here) for place in places)


def _lies_in(place: Path, here: Path) -> bool:
    installed = "site-packages" in place.parts
    return place.resolve().is_relative_to(here.resolve()) and not installed
