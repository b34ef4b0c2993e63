"""Is what the demo says true? Each claim is judged by the records and by the services' log."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from examples.book_summary.desk import Entry
from xorca.runtime.reading import Description

STEPS = (
    "xorca.books.summary.start",
    "evt.books.fetch.success",
    "evt.summary.create.success",
    "evt.grammar.check.success",
    "evt.regulations.check.success",
)
COMMANDS = ("cmd.books.fetch", "cmd.summary.create", "cmd.grammar.check", "cmd.regulations.check")


@dataclass(frozen=True)
class Claim:
    holds: bool
    text: str


@dataclass(frozen=True)
class Evidence:
    """The records, the log, what was asked for, and the process id of the killed worker."""

    records: tuple[Description, ...]
    log: tuple[Entry, ...]
    books: tuple[str, ...]
    killed: int

    def cut_off(self) -> list[Entry]:
        """Give what the killed worker had begun and did not finish."""
        done = {entry.event for entry in self._by("done") if entry.worker == self.killed}
        begun = [entry for entry in self._by("begun") if entry.worker == self.killed]
        return [entry for entry in begun if entry.event not in done]

    def verdicts(self) -> dict[str, list[str]]:
        """Give for each book why its checks failed; books that passed are not there."""
        names = {record.subject: str(record.memory["book_id"]) for record in self.records}
        found: dict[str, set[str]] = defaultdict(set)
        for entry in self._by("verdict"):
            if entry.detail:
                check = entry.type.split(".")[1]
                found[names[entry.subject]].add(f"{check}: {entry.detail}")
        return {name: sorted(found[name]) for name in sorted(found)}

    def _by(self, what: str) -> list[Entry]:
        return [entry for entry in self.log if entry.what == what]


def claims(evidence: Evidence) -> Iterator[Claim]:
    """Judge every claim that holds for any library."""
    yield _all_ended(evidence)
    yield _each_step_once(evidence)
    yield _each_command_once(evidence)
    yield _cut_off_and_redone(evidence)
    yield _each_result_once(evidence)


def claim_failures(evidence: Evidence, expected: Iterable[str]) -> Claim:
    """Judge that exactly the books expected failed a check."""
    failed, wanted = list(evidence.verdicts()), sorted(expected)
    return Claim(failed == wanted, f"exactly {' and '.join(wanted)} failed a check")


def _all_ended(evidence: Evidence) -> Claim:
    ended = [record for record in evidence.records if record.state == "finish"]
    found = sorted(str(record.memory["book_id"]) for record in ended)
    text = f"all {len(evidence.books)} books are finished"
    return Claim(found == sorted(evidence.books) and not _letters(evidence), text)


def _letters(evidence: Evidence) -> int:
    return sum(len(record.dead) for record in evidence.records)


def _each_step_once(evidence: Evidence) -> Claim:
    """Judge by the histories: each lists what changed its process, and in which revision."""
    exact = all(
        Counter(_applied(record)) == Counter(STEPS)
        and {moment.revision for moment in record.timeline} == set(range(1, record.revision + 1))
        for record in evidence.records
    )
    events = sum(len(_applied(record)) for record in evidence.records)
    commits = sum(record.revision for record in evidence.records)
    return Claim(exact, f"{events} events were applied, each once, in {commits} commits")


def _applied(record: Description) -> list[str]:
    """Give the events that changed a process, in order.

    The event that completes a join has two lines: it was kept, and then the join was taken.
    """
    lines = record.timeline
    kept_only = {
        at
        for at, (line, after) in enumerate(pairwise(lines))
        if (line.revision, line.event) == (after.revision, after.event)
        and line.state == "check" != after.state
    }
    return [line.event for at, line in enumerate(lines) if at not in kept_only]


def _each_command_once(evidence: Evidence) -> Claim:
    """Judge that each command was sent under one id, however often it was delivered."""
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entry in evidence.log:
        if entry.what in ("begun", "done"):
            ids[entry.subject, entry.type].add(entry.event)
    wanted = {(record.subject, command) for record in evidence.records for command in COMMANDS}
    done = {entry.event for entry in evidence.log if entry.what == "done"}
    exact = ids.keys() == wanted and all(len(found) == 1 for found in ids.values())
    return Claim(
        exact and done == set().union(*ids.values()),
        f"{len(wanted)} commands were decided, each under one id, and each was served",
    )


def _cut_off_and_redone(evidence: Evidence) -> Claim:
    cut = {entry.event for entry in evidence.cut_off()}
    after = {
        entry.event
        for entry in evidence.log
        if entry.what == "done" and entry.worker != evidence.killed
    }
    text = f"{len(cut)} services were cut off in mid-work, and their commands came again"
    return Claim(bool(cut) and cut <= after, text)


def _each_result_once(evidence: Evidence) -> Claim:
    told: dict[str, set[str]] = defaultdict(set)
    for entry in evidence.log:
        if entry.what == "told" and entry.type == "notif.books.summarised":
            told[entry.subject].add(entry.event)
    exact = told.keys() == {record.subject for record in evidence.records}
    once = all(len(ids) == 1 for ids in told.values())
    return Claim(exact and once, f"{len(told)} results were told to the world, each under one id")
