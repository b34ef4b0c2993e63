"""``xorca ls`` and ``xorca show``."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.unit.cli.conftest import HELLO, SERVED, Call

STORE = ("--store", "sqlite:///./state.db")


@pytest.fixture
def filled(here: Path, call: Call) -> Path:
    """A store with one process that has ended and one that waits."""
    (here / "first.py").write_text(SERVED)
    (here / "lonely.py").write_text(HELLO.replace('name="hello"', 'name="lonely"'))
    call("run", "first", "--data", '{"name": "Ada"}', "--process-id", "ada", *STORE)
    waits = ("--process-id", "adam", "--timeout", "0.2", *STORE)
    call("run", "lonely", "--data", '{"name": "Adam"}', *waits)
    return here


def test_ls_lists_every_process(filled: Path, call: Call) -> None:
    """A line each, sorted by subject."""
    result = call("ls", *STORE)

    lines = [line.split() for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert lines[0] == ["SUBJECT", "STATE", "STATUS", "REV", "UPDATED", "NEXT"]
    assert [line[:4] for line in lines[1:]] == [
        ["hello/1.0.0/ada", "done", "ended", "2"],
        ["lonely/1.0.0/adam", "ask", "active", "1"],
    ]


@pytest.mark.parametrize(
    ("options", "subjects"),
    [
        (("--status", "ended"), ["hello/1.0.0/ada"]),
        (("--name", "lonely"), ["lonely/1.0.0/adam"]),
        (("--name", "lonely", "--status", "ended"), []),
    ],
)
def test_ls_gives_those_asked_for(
    filled: Path, call: Call, options: tuple[str, ...], subjects: list[str]
) -> None:
    """The options narrow the list; --json prints an object a line."""
    result = call("ls", "--json", *options, *STORE)

    assert [json.loads(line)["subject"] for line in result.stdout.splitlines()] == subjects


def test_ls_says_when_there_is_more(filled: Path, call: Call) -> None:
    """A limit is not silent."""
    result = call("ls", "--limit", "1", *STORE)

    assert len(result.stdout.splitlines()) == 2
    assert "there are more than 1: --limit shows more" in result.stderr


def test_the_store_comes_from_the_environment(filled: Path, call: Call) -> None:
    """XORCA_STORE stands for --store."""
    result = call("ls", env={"XORCA_STORE": STORE[1]})

    assert "hello/1.0.0/ada" in result.stdout


def test_show_tells_the_story_of_a_process(filled: Path, call: Call) -> None:
    """State, timeline and awaited commands, found by the process id."""
    result = call("show", "adam", *STORE)

    assert result.exit_code == 0
    assert result.stdout.startswith("lonely/1.0.0/adam\n  active in ask, revision 1, started")
    assert "xorca.lonely.start  → ask" in result.stdout
    assert "waits for\n  cmd.greeting.write  " in result.stdout


def test_an_exact_process_id_wins_over_a_beginning(filled: Path, call: Call) -> None:
    """'ada' is also the beginning of 'adam', and no riddle for that."""
    assert call("show", "ada", *STORE).stdout.startswith("hello/1.0.0/ada\n")


def test_a_beginning_that_fits_two_is_refused(filled: Path, call: Call) -> None:
    """The candidates are listed."""
    result = call("show", "ad", *STORE)

    assert result.exit_code == 2
    assert "may be any of 2 processes: hello/1.0.0/ada, lonely/1.0.0/adam" in result.stderr


def test_show_prints_json(filled: Path, call: Call) -> None:
    """--json is complete and can be read by a program."""
    found = json.loads(call("show", "hello/1.0.0/ada", "--json", *STORE).stdout)

    assert (found["process_id"], found["status"], found["revision"]) == ("ada", "ended", 2)
    assert [line["state"] for line in found["timeline"]] == ["ask", "done"]


def test_text_from_outside_cannot_move_the_terminal(here: Path, call: Call) -> None:
    """What a terminal acts on is shown as a mark, not sent; here what turns the writing round."""
    (here / "first.py").write_text(SERVED)
    name = '{"name": "\\u001b[2J"}'
    call("run", "first", "--data", name, "--process-id", "a\u202eb", *STORE)

    outputs = call("ls", *STORE).stdout + call("show", "a", *STORE).stdout

    assert "\x1b" not in outputs
    assert "\u202e" not in outputs
    assert outputs.count("a�b") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ls",), "which store?"),
        (("ls", "--store", "memory:"), "a memory: store is gone when its program ends"),
        (("ls", "--store", "sqlite:///./missing.db"), "missing.db; it is made by the first"),
        (("ls", "--store", "s3://"), "names nothing that is stored in"),
        (("ls", "--store", "sqlite:///./text.db"), "text.db"),
        (("show", "nobody", *STORE), "no process 'nobody' is stored here"),
    ],
)
def test_wrong_use_is_one_sentence(
    filled: Path, call: Call, arguments: tuple[str, ...], said: str
) -> None:
    """Exit code 2 and no traceback; nothing is made on disk."""
    (filled / "text.db").write_text("this is no database at all, but a text of some length")

    result = call(*arguments)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (filled / "missing.db").exists()


def test_a_damaged_record_is_said_so(filled: Path, call: Call) -> None:
    """A record whose checksum does not fit is not shown as if it were sound."""
    with sqlite3.connect(filled / "state.db") as database:
        database.execute(
            "UPDATE record SET body = CAST(replace(CAST(body AS TEXT), 'done', 'gone') AS BLOB)"
        )
    database.close()

    result = call("show", "hello/1.0.0/ada", *STORE)

    assert result.exit_code == 2
    assert "was changed or damaged" in result.stderr
