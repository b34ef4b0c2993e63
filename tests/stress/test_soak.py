"""A short soak loses nothing and leaves nothing; what is applied twice or lost is found out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.simulation.mutants import named
from tests.simulation.mutating import mutated
from tests.stress.soak import main, soak
from tests.stress.soak_books import Account, Books
from tests.stress.soak_machines import add
from tests.stress.soak_run import Soak, Wish

LITTLE = Wish(events=2_000, subjects=40, hubs=2, days=60.0, twice=0.1, seed=3)


def soaked(url: str, place: Path) -> Soak:
    """Run a short soak."""
    return asyncio.run(soak(LITTLE, url, place))


@pytest.mark.parametrize("kind", ["sqlite", "memory"])
def test_a_short_soak_loses_nothing(kind: str, tmp_path: Path) -> None:
    """Processes end, start anew and are pruned, and each did what was due to it."""
    done = soaked("memory:" if kind == "memory" else f"sqlite:///{tmp_path}/soak.db", tmp_path)

    assert done.wrong() == []
    assert len(done.marks) == 10
    assert done.pruned > 10
    assert done.town.books.ended > LITTLE.subjects
    assert done.outcomes["duplicate: seen"] > 100


def test_what_is_applied_twice_is_found_out(tmp_path: Path) -> None:
    """Without an inbox a repetition counts again, and the sums of some process differ."""
    with mutated(named("no inbox, no fresh read")):
        done = soaked("memory:", tmp_path)

    assert any("was due" in line for line in done.wrong())


def test_a_token_that_was_lost_is_found_out() -> None:
    """A process that did one thing less than was due to it is told from one that did all."""
    books = Books({"a": Account(), "b": Account()})
    for subject in ("a", "b"):
        books.accounts[subject].owes("one")

    books.closes("a", b'{"applied":1,"total":%d,"asked":0}' % add(0, "one"))
    books.closes("b", b'{"applied":1,"total":%d,"asked":0}' % add(0, "two"))

    assert len(books.wrong) == 1
    assert books.wrong[0].startswith("b: did")


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Each tenth has a line, and the last one says that nothing was wrong."""
    little = ["--events", "500", "--subjects", "20", "--hubs", "1", "--store", "memory:"]
    # No day beyond the horizon: of so few events one would wait in the queue for longer.
    code = main([*little, "--days", "9"])

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert [int(line.split()[0]) // 50 for line in lines[1:11]] == list(range(1, 11))
    assert lines[-1].split() == ["violations", "0"]
