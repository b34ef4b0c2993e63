"""``xorca dev``, as a program that is changed under its feet, stopped and killed."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import psutil
import pytest

from tests.unit.cli.conftest import SERVED, Call
from tests.unit.cli.dev_stage import STORE, Dev, wait_until, xorca

ADA = '{"name": "Ada"}'
PATIENT = (
    SERVED.replace("import Orchestrator,", "import Orchestrator, after,")
    .replace("from dataclasses", "from datetime import timedelta\nfrom dataclasses")
    .replace(
        "    @on(",
        "    @after(timedelta(seconds=2), to=end)\n    def late(self) -> None: ...\n\n    @on(",
        1,
    )
    .replace('@fleet.serves("cmd.greeting.write")', '@fleet.serves("cmd.nothing.here")')
)
"""Nobody answers; the deadline ends the process."""


def begin(place: Path, process_id: str) -> None:
    """Start a process of ``first`` from another program."""
    started = xorca(
        *("run", "first", "--data", ADA, "--process-id", process_id),
        *("--store", STORE, "--only-start"),
        cwd=place,
    )
    assert started.returncode == 0, started.stderr
    assert started.stdout == f"hello/1.0.0/{process_id}\n"


def test_it_works_reloads_and_survives_mistakes(here: Path) -> None:
    """A process runs; a broken file is shown and waited out; the next version runs."""
    first = here / "first.py"
    first.write_text(SERVED)
    with Dev(here, "first") as dev:
        dev.wait_for("ready")
        begin(here, "a")
        dev.wait_for('ask → done  ⇒ notif.greeting.ready {"text": "Hello, Ada!"}')

        first.write_text(SERVED + "\nclass Broken(Orchestrator, name='broken'): ...\n")
        dev.wait_for("first cannot be used")
        dev.wait_for("waiting for a change")
        begin_while_broken = here / "later.py"
        begin_while_broken.write_text(SERVED)
        sent = xorca(
            *("run", "later", "--data", ADA, "--process-id", "b", "--store", STORE),
            "--only-start",
            cwd=here,
        )
        first.write_text(SERVED.replace("Hello, ", "Good day, "))
        dev.wait_for("Good day, Ada!")

        assert sent.returncode == 0, sent.stderr
        assert re.search(r"first cannot be used: .*Broken.*\n  X\d\d ", dev.output)
        assert "Traceback" not in dev.output
        assert dev.stop() == 0
        assert "stopped; the same command goes on where it was" in dev.output


def test_a_kill_loses_nothing(here: Path) -> None:
    """Program and worker are killed while a process waits; the next run brings it to its end."""
    (here / "first.py").write_text(PATIENT)
    with Dev(here, "first") as dev:
        dev.wait_for("ready")
        begin(here, "a")
        dev.wait_for("xorca.hello.start  → ask")
        dev.kill()
    begin(here, "b")  # nobody works now

    with Dev(here, "first") as again:
        again.wait_for("1 process from before: going on")
        again.wait_for("ask → late", times=2)

    shown = xorca("show", "hello/1.0.0/a", "--json", "--store", STORE, cwd=here)
    assert json.loads(shown.stdout)["status"] == "ended"


def test_a_worker_does_not_outlive_its_parent(here: Path) -> None:
    """Where only the program is killed, its worker ends by itself."""
    (here / "first.py").write_text(SERVED)
    with Dev(here, "first") as dev:
        dev.wait_for("ready")
        [_, worker] = dev.family()

        dev.process.kill()
        dev.process.wait()

        wait_until(lambda: not psutil.pid_exists(worker.pid), lambda: "the worker lives on")


def test_a_module_that_hangs_can_be_changed_and_stopped(here: Path) -> None:
    """Neither an import nor a handler that never returns keeps a new version away."""
    first = here / "first.py"
    first.write_text("print('hanging', flush=True)\nwhile True: ...\n")
    with Dev(here, "first") as dev:
        dev.wait_for("hanging")
        first.write_text(SERVED)
        dev.wait_for("ready")
        first.write_text("print('again', flush=True)\nwhile True: ...\n")
        dev.wait_for("again")

        assert dev.stop(signal.SIGTERM) == 0


def test_slow_work_is_given_back_on_a_change(here: Path) -> None:
    """A service that takes too long does not keep the next version away, and runs again in it."""
    first = here / "first.py"
    slow = SERVED.replace(
        "    return Greeting(", "    await asyncio.sleep(600)\n    return Greeting("
    )
    first.write_text("import asyncio\n" + slow)
    with Dev(here, "first") as dev:
        dev.wait_for("ready")
        begin(here, "a")
        dev.wait_for("xorca.hello.start  → ask")
        first.write_text(SERVED)

        dev.wait_for("what took too long was given back")
        dev.wait_for("1 process from before: going on")
        dev.wait_for("ask → done")


def test_a_module_that_is_missing_is_waited_for(here: Path) -> None:
    """The file may be written afterwards."""
    with Dev(here, "first") as dev:
        dev.wait_for("there is no module 'first'")
        dev.wait_for("waiting for a change")
        (here / "first.py").write_text(SERVED)
        dev.wait_for("ready")


def test_a_worker_that_dies_is_said(here: Path) -> None:
    """A module that ends the program does not end ``xorca dev``."""
    (here / "first.py").write_text("import os\nos._exit(7)\n")
    with Dev(here, "first") as dev:
        dev.wait_for("the worker ended by itself (exit code 7)")
        (here / "first.py").write_text(SERVED)
        dev.wait_for("ready")


def test_the_default_store_is_out_of_the_way(here: Path) -> None:
    """It lies in a directory that Git does not see."""
    (here / "first.py").write_text(SERVED)
    with Dev(here, "first") as dev:
        dev.wait_for("ready")

    assert (here / ".xorca" / "dev.db").is_file()
    assert (here / ".xorca" / ".gitignore").read_text() == "*\n"


def test_there_must_be_something_to_run(here: Path) -> None:
    """A module without orchestrators and fleets is a mistake, to be corrected meanwhile."""
    (here / "first.py").write_text("x = 1\n")
    with Dev(here, "first") as dev:
        dev.wait_for("first has no orchestrator and no Fleet")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("memory:", "a memory: store is gone with every change"),
        ("sqlite:///./no/s.db", "there is no directory"),
        ("nope:x", "nobody here offers 'nope' stores"),
    ],
)
def test_a_store_that_cannot_do_is_refused(here: Path, call: Call, url: str, said: str) -> None:
    """No change of a file would help, so the command ends with exit code 2."""
    (here / "first.py").write_text(SERVED)

    result = call("dev", "first", "--store", url)

    assert result.exit_code == 2
    assert said in result.stderr


def test_a_default_place_that_cannot_be_made_is_said(here: Path, call: Call) -> None:
    """A file where the directory should be is named."""
    (here / ".xorca").write_text("")

    result = call("dev", "first")

    assert result.exit_code == 2
    assert ".xorca cannot be made here" in result.stderr
