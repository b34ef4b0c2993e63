"""``xorca new``: the project that it makes works, and nothing of yours is touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Call
from tests.unit.cli.dev_stage import PATIENCE, ROOT, environment, xorca

FILES = [
    ".gitignore",
    "Makefile",
    "README.md",
    "my_shop/__init__.py",
    "my_shop/payloads.py",
    "my_shop/process.py",
    "my_shop/services.py",
    "pyproject.toml",
    "tests/test_my_shop.py",
]


def files_of(place: Path) -> list[str]:
    """Give every file below a directory."""
    found = (path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())
    return sorted(found)


@pytest.fixture
def shop(here: Path, call: Call) -> Path:
    """Give a new project."""
    result = call("new", "my-shop")
    assert result.exit_code == 0, result.output
    return here / "my-shop"


def test_a_project_has_these_files(shop: Path) -> None:
    """Everything is there, and nothing else is left beside it."""
    assert files_of(shop) == FILES
    assert [path.name for path in shop.parent.iterdir()] == ["my-shop"]


def test_no_place_is_left_open(shop: Path) -> None:
    """Every name was filled in."""
    texts = [(shop / name).read_text(encoding="utf-8") for name in FILES]

    assert not any("@@" in text for text in texts)


def test_it_passes_its_own_test(shop: Path) -> None:
    """Its tests run and pass, with no plugin but that of xorca."""
    place = environment() | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "contrib")]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "-p xorca_contrib.pytest_plugin -p no:cacheprovider -W error",
    }

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=shop,
        env=place,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout


def test_its_orchestrator_needs_no_advice(shop: Path) -> None:
    """It is an example to follow."""
    done = xorca("check", "my_shop", "--strict", cwd=shop)

    assert done.returncode == 0, done.stdout + done.stderr


def test_it_runs(shop: Path) -> None:
    """The command of its README starts a process and serves it."""
    done = xorca("run", "my_shop:Welcome", "--data", '{"name": "Ada"}', cwd=shop)

    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        'my_shop.welcome/1.0.0/…  ask → welcomed\nnotif.guest.welcomed  {"text": "Hello, Ada!"}\n'
    )


def test_it_asks_for_the_xorca_that_made_it(shop: Path) -> None:
    """Its dependencies name xorca and pytest."""
    project = tomllib.loads((shop / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["name"] == "my-shop"
    assert project["dependencies"][0].startswith("xorca>=")
    assert project["optional-dependencies"]["test"][0].startswith("pytest")


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize(
    ("target", "does"), [("test", "python -m pytest"), ("run", "xorca run my_shop:Welcome")]
)
def test_its_makefile_sets_itself_up(shop: Path, target: str, does: str) -> None:
    """A target makes its environment first, and then does what it is for."""
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=shop, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.index("-m venv") < done.stdout.index("install") < done.stdout.index(does)


def test_nothing_is_written_over(here: Path, call: Call) -> None:
    """A directory with something in it stays as it is."""
    (here / "shop").mkdir()
    (here / "shop" / "mine.txt").write_text("mine")

    result = call("new", "shop")

    assert result.exit_code == 2
    assert "shop exists already, and nothing is written over" in result.stderr
    assert files_of(here) == ["shop/mine.txt"]


def test_a_file_of_the_name_is_kept(here: Path, call: Call) -> None:
    """A file is no place for a project."""
    (here / "shop").write_text("mine")

    assert call("new", "shop").exit_code == 2
    assert (here / "shop").read_text() == "mine"


def test_a_link_is_not_followed(here: Path, call: Call) -> None:
    """What a link points to may be anything."""
    (here / "shop").symlink_to(here / "elsewhere")

    assert call("new", "shop").exit_code == 2
    assert not (here / "elsewhere").exists()


def test_an_empty_directory_is_filled(here: Path, call: Call) -> None:
    """One that was made for the project is used."""
    (here / "shop").mkdir()

    assert call("new", "shop").exit_code == 0
    assert (here / "shop" / "shop" / "process.py").is_file()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_directory_that_is_read_only_is_said(here: Path, call: Call) -> None:
    """One sentence, and nothing is left."""
    here.chmod(0o500)

    result = call("new", "shop")
    here.chmod(0o700)

    assert result.exit_code == 2
    assert "shop cannot be written: Permission denied" in result.stderr


def test_a_failure_leaves_nothing(here: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk is full half-way, no half of a project is left."""

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)

    result = call("new", "shop")

    assert result.exit_code == 2
    assert "shop cannot be written: No space left on device; nothing was left" in result.stderr
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(("flag", "cloud"), [("--aws", "AWS"), ("--azure", "Azure")])
def test_clouds_come_later(here: Path, call: Call, flag: str, cloud: str) -> None:
    """One sentence says so, and no half of a project is written."""
    result = call("new", "shop", flag)

    assert result.exit_code == 2
    assert f"projects for {cloud} come with a later version of xorca" in result.stderr
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "such as 'shop'"),
        ("My Shop", "such as 'my-shop'"),
        ("1st", "such as 'st'"),
        ("größe", "such as 'gr-e'"),
        ("a--b", "such as 'a-b'"),
        ("../shop", "is a path"),
        ("x" * 51, "a name of 51 characters is too long"),
        ("class", "it is a word of Python itself; try 'my-class'"),
        ("json", "Python has a module 'json' of its own"),
        ("click", "a package 'click' is installed here"),
        ("xorca", "it means something else already"),
        ("tests", "it means something else already"),
        ("con", "it means something else already"),
    ],
)
def test_a_name_that_would_do_harm_is_refused(here: Path, call: Call, name: str, said: str) -> None:
    """The sentence says why, and what would do; exit code 2."""
    result = call("new", "--", name)

    assert result.exit_code == 2
    assert said in result.stderr
    assert list(here.iterdir()) == []
