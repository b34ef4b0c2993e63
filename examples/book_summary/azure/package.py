"""Put what is deployed into one zip: the function app, and the package that it imports.

$ python -m examples.book_summary.azure.package app.zip [WHEEL ...]

Wheels given besides are put into the zip and named in its requirements, for a version of
xorca that is in no index.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

HERE = Path(__file__).parent
MODULES = ("__init__", "books", "checks", "desk", "orchestrator", "payloads", "prose", "summaries")


def package(target: Path, wheels: Sequence[Path] = ()) -> list[str]:
    """Write the zip; give the names in it."""
    folder = HERE.parent
    with ZipFile(target, "w", ZIP_DEFLATED) as zipped:
        for name in ("function_app.py", "host.json"):
            zipped.write(HERE / name, name)
        zipped.writestr("requirements.txt", requirements(wheels))
        for module in MODULES:
            zipped.write(folder / f"{module}.py", f"examples/book_summary/{module}.py")
        for wheel in wheels:
            zipped.write(wheel, f"wheels/{wheel.name}")
        return zipped.namelist()


def requirements(wheels: Sequence[Path]) -> str:
    """Give the requirements, with wheels in place of what the index would give."""
    lines = (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    found = {wheel.name.partition("-")[0]: wheel.name for wheel in wheels}
    return "".join(f"{_line(line, found)}\n" for line in lines)


def _line(line: str, wheels: Mapping[str, str]) -> str:
    name, bracket, extras = line.partition("[")
    return f"./wheels/{wheels[name]}{bracket}{extras}" if name in wheels else line


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m examples.book_summary.azure.package app.zip [WHEEL ...]")
    for found in package(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]]):
        print(found)
