"""``xorca run`` beside other workers of one store."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.conftest import HELLO, SERVED, Call
from tests.unit.cli.dev_stage import Dev, xorca

ADA = '{"name": "Ada"}'
STORE = ("--store", "sqlite:///./s.db")


def test_a_run_sees_the_end_whoever_works(here: Path) -> None:
    """The service is only known to the other worker, and the run ends with the process."""
    (here / "first.py").write_text(HELLO)
    (here / "services.py").write_text(SERVED.replace("class Hello(", "class _Hello("))
    with Dev(here, "services", *STORE) as dev:
        dev.wait_for("ready")

        done = xorca("run", "first", "--data", ADA, "--process-id", "a", *STORE, cwd=here)

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("hello/1.0.0/a  ask → done\n")


def test_runs_beside_a_worker_all_end(here: Path) -> None:
    """Who of two takes an event is chance; every run ends all the same."""
    (here / "first.py").write_text(SERVED)
    with Dev(here, "first", *STORE) as dev:
        dev.wait_for("ready")

        done = [xorca("run", "first", "--data", ADA, *STORE, cwd=here) for _ in range(4)]

    assert [each.returncode for each in done] == [0, 0, 0, 0]
    assert all("ask → done" in each.stdout for each in done)


def test_a_start_alone_needs_a_store_that_lasts(here: Path, call: Call) -> None:
    """Nobody else can work in this program's memory."""
    (here / "first.py").write_text(SERVED)

    result = call("run", "first", "--data", ADA, "--only-start")

    assert result.exit_code == 2
    assert "nobody else works on a memory: store" in result.stderr


def test_a_start_alone_waits_for_a_worker(here: Path, call: Call) -> None:
    """It is kept; whoever works later brings it to its end."""
    (here / "first.py").write_text(SERVED)

    started = call("run", "first", "--data", ADA, "--process-id", "a", "--only-start", *STORE)
    with Dev(here, "first", *STORE) as dev:
        dev.wait_for("hello/1.0.0/a  evt.greeting.write.success  ask → done")

    assert started.exit_code == 0
    assert started.stdout == "hello/1.0.0/a\n"
