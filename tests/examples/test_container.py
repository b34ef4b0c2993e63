"""The Dockerfile of the HTTP example, and its steps played without Docker."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from packaging.requirements import Requirement

from tests.examples.dockerfile import Instruction, Stage, is_sent, stages_of
from tests.unit.cli.dev_stage import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "http"
STAGES = stages_of(EXAMPLE / "Dockerfile")
BUILD, FINAL = STAGES


# -- what it says ------------------------------------------------------------------------


def test_it_runs_as_nobody_in_particular() -> None:
    """By number, so that a cluster can see that it is not root; before the command."""
    user = FINAL.one("USER")
    words = [each.word for each in FINAL.instructions]

    assert user.text.partition(":")[0].isdecimal()
    assert user.text.partition(":")[0] != "0"
    assert words.index("USER") < words.index("CMD")
    assert max(i for i, word in enumerate(words) if word == "RUN") < words.index("USER")


def test_what_installs_is_not_in_the_image() -> None:
    """The last stage copies what the first one made, and installs nothing."""
    assert [each.flags for each in FINAL.all("COPY")] == [("--from=build",), ()]
    assert "pip" not in " ".join(each.text for each in FINAL.all("RUN"))


def test_the_command_gets_the_signal() -> None:
    """In exec form no shell stands between the signal that stops it and the program."""
    assert FINAL.one("CMD").exec_form()[:2] == ["xorca", "serve"]
    assert FINAL.one("STOPSIGNAL").text == "SIGTERM"


def test_grace_is_shorter_than_the_patience_of_docker() -> None:
    """``docker stop`` kills after ten seconds."""
    words = FINAL.one("CMD").exec_form()

    assert float(words[words.index("--grace") + 1]) < 10


@pytest.mark.parametrize("name", ["state.db", ".git", ".venv", ".env", "Dockerfile", "id_rsa"])
def test_nothing_else_is_sent_to_the_builder(name: str) -> None:
    """Neither state nor secrets."""
    assert not is_sent(name, (EXAMPLE / ".dockerignore").read_text("utf-8"))


def test_everything_that_is_copied_is_sent_and_there() -> None:
    """A file that .dockerignore leaves out cannot be copied."""
    ignoring = (EXAMPLE / ".dockerignore").read_text("utf-8")
    copied = [
        name
        for stage in STAGES
        for each in stage.all("COPY")
        if not each.flags
        for name in each.text.split()[:-1]
    ]

    assert copied
    assert all((EXAMPLE / name).is_file() and is_sent(name, ignoring) for name in copied)


def test_it_installs_what_it_serves_with() -> None:
    """xorca with the extra that ``xorca serve`` needs."""
    lines = (EXAMPLE / "requirements.txt").read_text("utf-8").split()

    assert [(found.name, found.extras) for found in map(Requirement, lines)] == [
        ("xorca", {"serve"})
    ]


# -- its steps ---------------------------------------------------------------------------


class Container:
    """The steps of the Dockerfile below a directory that stands for the root of the image.

    There is no network in a test: instead of ``pip install``, the environment gets a path to
    the packages that are installed here, and the scripts that pyproject.toml declares.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = _free_port()
        self._place = Path("/")
        for stage in STAGES:
            for each in stage.instructions:
                step = getattr(self, f"_{each.word.lower()}", None)
                if step is not None:
                    step(each)
        self.environment = self._environment(FINAL)

    def run(self, words: list[str]) -> subprocess.Popen[bytes]:
        """Run a command as the image would."""
        program = shutil.which(words[0], path=self.environment["PATH"])
        assert program, f"{words[0]} is not on the PATH of the image"
        log = (self.root / "log").open("ab")
        with log:
            return subprocess.Popen(
                [program, *words[1:]],
                cwd=self._inside(str(self._place)),
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def is_healthy(self) -> bool:
        """Run the health check."""
        kind, _, words = FINAL.one("HEALTHCHECK").text.partition(" ")
        assert kind == "CMD"
        return self.run(Instruction("CMD", (), words).exec_form()).wait(PATIENCE) == 0

    def log(self) -> str:
        """Give what was printed."""
        return (self.root / "log").read_text("utf-8")

    def _inside(self, path: str) -> Path:
        assert path.startswith("/"), path
        return self.root / path[1:]

    def _workdir(self, each: Instruction) -> None:
        self._place = Path(each.text)
        self._inside(each.text).mkdir(parents=True, exist_ok=True)

    def _copy(self, each: Instruction) -> None:
        if each.flags:
            source, target = each.text.split()
            assert source == target  # one directory stands for both images
            assert self._inside(source).is_dir()
            return
        *names, target = each.text.split()
        for name in names:
            shutil.copy(EXAMPLE / name, self._inside(str(self._place / target)))

    def _run(self, each: Instruction) -> None:
        for words in each.commands():
            if words[:3] == ["python", "-m", "venv"]:
                command = [sys.executable, "-m", "venv", "--without-pip"]
                subprocess.run([*command, self._inside(words[3])], check=True)
            elif words[0].endswith("/bin/pip"):
                self._install(Path(words[0]).parent)
            elif words[0] == "install":
                self._inside(words[-1]).mkdir()
            else:
                assert words[0] == "useradd", words

    def _install(self, scripts: Path) -> None:
        (packages,) = self._inside(str(scripts.parent)).glob("lib/python*/site-packages")
        here = [path for path in sys.path if path.endswith("site-packages")]
        (packages / "here.pth").write_text("\n".join([str(ROOT), *here]), "utf-8")
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        for name, target in project["scripts"].items():
            module, _, function = target.partition(":")
            script = self._inside(str(scripts / name))
            python = self._inside(str(scripts / "python"))
            script.write_text(
                f"#!{python}\nfrom {module} import {function}\n{function}()\n", "utf-8"
            )
            script.chmod(0o755)

    def _environment(self, stage: Stage) -> dict[str, str]:
        given = stage.environment()
        assert given["PORT"] == FINAL.one("EXPOSE").text
        path = given["PATH"].removesuffix(":$PATH")
        store = given["XORCA_STORE"].replace("////data", f"///{self._inside('/data')}")
        return given | {
            "PATH": f"{self._inside(path)}{os.pathsep}{os.environ['PATH']}",
            "PORT": str(self.port),
            "XORCA_STORE": store,
        }


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    """What the Dockerfile builds."""
    return Container(tmp_path)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def test_what_it_builds_serves_and_stops_and_serves_again(container: Container) -> None:
    """Healthy, at work, gone within its grace, and back with what is on its volume."""
    command = FINAL.one("CMD").exec_form()
    command[command.index("0.0.0.0")] = "127.0.0.1"  # a test listens on this machine only
    url = f"http://127.0.0.1:{container.port}/processes"

    first = container.run(command)
    try:
        wait_until(lambda: container.is_healthy() or first.poll() is not None, container.log)
        started = httpx.post(f"{url}/greetings", json={"name": "Ada"}, trust_env=False)
        place = started.headers["location"].removeprefix("/processes")
        ended = httpx.get(f"{url}{place}/result?timeout=20", timeout=PATIENCE, trust_env=False)
        first.send_signal(signal.Signals[FINAL.one("STOPSIGNAL").text])
        code = first.wait(PATIENCE)
    finally:
        first.kill()
    second = container.run(command)
    try:
        wait_until(container.is_healthy, container.log)
        found = httpx.get(f"{url}{place}", trust_env=False)
    finally:
        second.terminate()
        second.wait(PATIENCE)

    assert (started.status_code, code) == (201, 0), container.log()
    assert ended.json()["memory"] == {"text": "Hello, Ada!"}
    assert found.json()["state"] == "greeted"


def test_the_health_check_fails_where_nothing_serves(container: Container) -> None:
    """It is no formality."""
    assert not container.is_healthy()
