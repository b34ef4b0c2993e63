"""The demo proves what it says, and finds out when it is not so."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from examples.book_summary.desk import Entry
from examples.book_summary.proof import COMMANDS, STEPS, Evidence, claim_failures, claims
from xorca.runtime.reading import Description, Moment

ROOT = Path(__file__).parents[2]
NOW = datetime(2030, 1, 1, tzinfo=UTC)
SUBJECT = "books.summary/1.0.0/b"


def record() -> Description:
    """Give the record of a book that went its way."""
    states = ("begin", "summarise", "check", "check", "check", "finish")
    events = (*STEPS, STEPS[-1])
    revisions = (1, 2, 3, 4, 5, 5)
    lines = tuple(Moment(r, NOW, e, s) for r, e, s in zip(revisions, events, states, strict=True))
    return Description(
        subject=SUBJECT,
        name="books.summary",
        version="1.0.0",
        process_id="b",
        status="ended",
        state="finish",
        revision=5,
        started=NOW,
        updated=NOW,
        memory={"book_id": "b"},
        timeline=lines,
        commands=(),
        gathered={},
        timers=(),
        outbox=(),
        deferred=(),
        dead=(),
    )


def evidence() -> Evidence:
    """Give what is found when everything went well and the first command was cut off."""
    log = [Entry("begun", "c0", COMMANDS[0], SUBJECT, 1)]
    for number, command in enumerate(COMMANDS):
        log.append(Entry("begun", f"c{number}", command, SUBJECT, 2))
        log.append(Entry("done", f"c{number}", command, SUBJECT, 2))
    log.append(Entry("verdict", "v", "evt.grammar.check.success", SUBJECT, 2, "it is bad"))
    log.append(Entry("told", "n", "notif.books.summarised", SUBJECT, 2))
    return Evidence((record(),), tuple(log), ("b",), killed=1)


def judged(found: Evidence) -> list[bool]:
    """Give whether each claim holds."""
    return [claim.holds for claim in claims(found)]


def test_every_claim_holds_where_all_went_well() -> None:
    """The evidence of a good run satisfies each claim."""
    assert judged(evidence()) == [True] * 5


def test_a_book_that_is_missing_is_noticed() -> None:
    """A book without a record spoils the first claim."""
    assert judged(replace(evidence(), books=("b", "c")))[0] is False


def test_a_step_that_was_applied_twice_is_noticed() -> None:
    """A second line for an event spoils the second claim."""
    good = record()
    twice = replace(good, timeline=(good.timeline[0], *good.timeline))

    assert judged(replace(evidence(), records=(twice,)))[1] is False


def test_a_command_under_two_ids_is_noticed() -> None:
    """A command that was decided twice spoils the third claim."""
    more = Entry("done", "other", COMMANDS[0], SUBJECT, 2)

    assert judged(replace(evidence(), log=(*evidence().log, more)))[2] is False


def test_a_kill_that_hit_nothing_is_noticed() -> None:
    """A worker that was idle when it was killed proves nothing."""
    assert judged(replace(evidence(), killed=3))[3] is False


def test_a_command_that_never_came_again_is_noticed() -> None:
    """What was cut off must be done by somebody else."""
    log = tuple(entry for entry in evidence().log if (entry.what, entry.event) != ("done", "c0"))

    assert judged(replace(evidence(), log=log))[3] is False


def test_a_result_that_was_told_twice_is_noticed() -> None:
    """A second notification under another id spoils the fifth claim."""
    more = Entry("told", "other", "notif.books.summarised", SUBJECT, 2)

    assert judged(replace(evidence(), log=(*evidence().log, more)))[4] is False


def test_the_books_that_failed_are_named_with_the_reason() -> None:
    """The verdicts come from the log, the names from the records."""
    found = evidence()

    assert found.verdicts() == {"b": ["grammar: it is bad"]}
    assert claim_failures(found, ("b",)).holds
    assert not claim_failures(found, ("b", "c")).holds


def test_the_demo_survives_the_kill_of_its_worker(tmp_path: Path) -> None:
    """The whole demo: every claim is true, and it says where to look further."""
    command = [sys.executable, "-m", "examples.book_summary.demo"]
    place = {**os.environ, "TMPDIR": str(tmp_path)}

    done = subprocess.run(command, cwd=ROOT, env=place, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "was killed (SIGKILL)" in done.stdout
    assert done.stdout.count("  ✓ ") == 6
    assert "NOT TRUE" not in done.stdout
    assert "show while --store sqlite:///" in done.stdout


def test_a_library_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    """A wrong argument ends with exit code 2 and no traceback."""
    command = [sys.executable, "-m", "examples.book_summary.demo", str(tmp_path / "no")]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.endswith("is no text file and no folder of .txt, .md or .rst files\n")
