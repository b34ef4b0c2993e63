"""Put what the functions run into one zip: the example, and the packages that it imports.

$ python -m examples.book_summary.aws.package functions.zip

The packages are installed for Lambda (arm64, Python 3.13) by pip. ``--from FOLDER`` takes them
from a folder where they are installed already. The SDK describes more than 400 services of
AWS; only those that xorca speaks to are kept, unless ``--whole`` is given. ``--compile`` adds
bytecode, which spares a cold start the compiling; run it with the functions' own Python.
"""

from __future__ import annotations

import argparse
import compileall
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from py_compile import PycInvalidationMode
from zipfile import ZIP_DEFLATED, ZipFile

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SERVICES = ("dynamodb", "events", "s3", "scheduler", "sns", "sqs", "ssooidc", "sso", "sts")
"""What a function speaks to, and where its credentials may come from."""

_NEEDLESS = ("tests", "bin")
_CACHED = f".{sys.implementation.cache_tag}.pyc"
_INSTALL = (
    "--no-compile",
    "--only-binary",
    ":all:",
    "--implementation",
    "cp",
    "--python-version",
    "3.13",
)
_PLATFORM = ("--platform", "manylinux2014_aarch64", "--platform", "manylinux_2_28_aarch64")


def package(target: Path, packages: Path, *, whole: bool = False, compiled: bool = False) -> int:
    """Write the zip; give its size in bytes."""
    with ZipFile(target, "w", ZIP_DEFLATED) as zipped:
        for name, path in sorted(files_of(packages, whole=whole, compiled=compiled)):
            zipped.write(path, name)
        for module in sorted([*HERE.parent.glob("*.py"), *HERE.glob("*.py")]):
            zipped.write(module, module.relative_to(ROOT).as_posix())
    return target.stat().st_size


def compile_all(packages: Path) -> None:
    """Compile what is in a folder, so that it counts wherever and whenever it is unpacked."""
    mode = PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(
        packages, quiet=2, force=True, invalidation_mode=mode, stripdir=str(packages)
    )


def files_of(packages: Path, *, whole: bool, compiled: bool = False) -> Iterator[tuple[str, Path]]:
    """Give what is in a folder of packages and needed, by the names in the zip."""
    for path in packages.rglob("*"):
        name = path.relative_to(packages)
        is_wanted = path.is_file() and not set(name.parts) & {*_NEEDLESS}
        if "__pycache__" in name.parts:
            is_wanted = is_wanted and compiled and path.name.endswith(_CACHED)
        if is_wanted and (whole or is_needed(name.parts)):
            yield name.as_posix(), path


def is_needed(parts: tuple[str, ...]) -> bool:
    """Tell whether a file is more than the description of a service that nobody speaks to."""
    if parts[:2] != ("botocore", "data") or len(parts) == 3:
        return True
    return parts[2] in SERVICES


def install(folder: Path) -> None:
    """Have pip install the packages for Lambda."""
    wanted = ("-r", str(HERE / "requirements.txt"), "--target", str(folder))
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *_INSTALL, *_PLATFORM, *wanted], check=True)  # noqa: S603 - our words


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("target", type=Path)
    parser.add_argument("--from", dest="folder", type=Path, help="where packages are installed")
    parser.add_argument("--whole", action="store_true", help="keep all that the SDK describes")
    parser.add_argument("--compile", action="store_true", help="add bytecode")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        folder: Path = given.folder or Path(made)
        if given.folder is None:
            install(folder)
        if given.compile:
            compile_all(folder)
        size = package(given.target, folder, whole=given.whole, compiled=given.compile)
    print(f"{given.target}: {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
