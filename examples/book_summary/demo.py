"""Summarise 25 books on SQLite, kill the worker half-way, and prove that nothing was lost.

$ python -m examples.book_summary.demo [FILE|FOLDER]
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from examples.book_summary import desk
from examples.book_summary.board import Board
from examples.book_summary.books import ADDRESSED, CHAPTERS, DOUBLED, LIBRARY, books_in
from examples.book_summary.orchestrator import BookSummary
from examples.book_summary.payloads import BookRequest
from examples.book_summary.proof import STEPS, Claim, Evidence, claim_failures, claims
from xorca.events import from_cloudevent
from xorca.providers.local import SqliteStore
from xorca.runtime.reading import Description, describe, processes

PACE = 0.25
LONGEST = 60.0


class Demo:
    """One run: a fresh place, the books, and the workers that come and go."""

    def __init__(self, library: Path | None) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="xorca-demo-"))
        self.store = SqliteStore(self.place / "state.db")
        self.log = self.place / "services.jsonl"
        self.library = library
        self.books: tuple[str, ...] = tuple(books_in(library)) if library else CHAPTERS
        self.board = Board(list(self.books))
        self.worker: subprocess.Popen[bytes] | None = None
        self.killed = 0

    @property
    def url(self) -> str:
        return f"sqlite:///{self.place / 'state.db'}"

    async def run(self) -> Evidence:
        """Start every book, kill the first worker half-way, and let a second one finish."""
        async with self.store:
            await self.publish_starts()
            self.begin_worker()
            await self.watch(lambda steps, _: steps >= len(self.books) * len(STEPS) / 2)
            self.kill_worker()
            self.begin_worker()
            self.board.say("what the first one had taken comes again after 8 s", "2")
            await self.watch(lambda _, ended: ended == len(self.books))
            await self.wait_until_told()
            return await self.gather()

    async def publish_starts(self) -> None:
        starts = [
            from_cloudevent(BookSummary.start_event(BookRequest(book), process_id=book))
            for book in self.books
        ]
        await self.store.channel.publish(starts)
        self.board.say(f"{len(starts)} books are to be summarised; their start events are sent")

    def begin_worker(self) -> None:
        environment = {**os.environ, desk.PACE: str(PACE), desk.LOG: str(self.log)}
        if self.library:
            environment[LIBRARY] = str(self.library.resolve())
        command = [sys.executable, "-m", "examples.book_summary.worker", self.url]
        self.worker = subprocess.Popen(command, env=environment)  # noqa: S603 - our own module
        self.board.say(f"worker {self.worker.pid} begins")

    def kill_worker(self) -> None:
        assert self.worker is not None
        self.killed = self.worker.pid
        self.worker.kill()
        self.worker.wait()
        self.board.say(f"worker {self.killed} was killed (SIGKILL), half-way", "1;31")

    async def watch(self, enough: Callable[[int, int], bool]) -> None:
        """Show the board until it is enough.

        Raises:
            SystemExit: it takes far too long, or the worker has ended by itself.
        """
        end = time.monotonic() + LONGEST
        while True:
            found = {s.subject: s async for s in processes(self.store)}
            states = {
                subject.rpartition("/")[2].replace("%25", "%"): s.state
                for subject, s in found.items()
            }
            self.board.show(states)
            ended = sum(summary.status == "ended" for summary in found.values())
            if enough(sum(summary.revision for summary in found.values()), ended):
                return self.board.close(states)
            assert self.worker is not None
            if time.monotonic() > end or self.worker.poll() is not None:
                raise SystemExit(f"the demo does not get on; its state lies in {self.place}")
            await asyncio.sleep(0.05)

    async def wait_until_told(self) -> None:
        """Wait until nothing is left in the channel."""
        for _ in range(int(LONGEST / 0.05)):
            counts = await self.store.channel.counts()
            if not counts.waiting and not counts.in_flight:
                return
            await asyncio.sleep(0.05)

    async def gather(self) -> Evidence:
        found: list[Description] = []
        async for summary in processes(self.store):
            record = await describe(self.store, summary.subject)
            assert record is not None
            found.append(record)
        return Evidence(tuple(found), tuple(desk.read_log(self.log)), self.books, self.killed)

    def end_worker(self) -> None:
        if self.worker is not None and self.worker.poll() is None:
            self.worker.terminate()
            self.worker.wait()


def report(demo: Demo, evidence: Evidence) -> bool:
    """Print every claim and whether it holds; give whether all do."""
    print()
    judged: list[Claim] = list(claims(evidence))
    if demo.library is None:
        judged.append(claim_failures(evidence, (DOUBLED, ADDRESSED)))
    for claim in judged:
        mark = demo.board.paint("✓", "32") if claim.holds else demo.board.paint("✗ NOT TRUE:", "31")
        print(f"  {mark} {claim.text}")
    for book, reasons in evidence.verdicts().items():
        print(f"      {demo.board.paint(book, '1')}: {'; '.join(reasons)}")
    _print_commands(demo, evidence)
    return all(claim.holds for claim in judged)


def _print_commands(demo: Demo, evidence: Evidence) -> None:
    xorca, store = _xorca(), f"--store {demo.url}"
    subject = evidence.records[0].subject if evidence.records else "SUBJECT"
    failed = next(iter(evidence.verdicts()), subject)
    print(f"\nThe state lies in {demo.place}. To look further:\n")
    print(f"  {xorca} ls {store}")
    print(f"  {xorca} show {failed} {store}")
    print(f"  {xorca} graph examples.book_summary:BookSummary")


def _xorca() -> str:
    """Give what to type for the command line from here."""
    beside = Path(sys.executable).with_name("xorca")
    if shutil.which("xorca"):
        return "xorca"
    if not beside.exists():
        return f"{sys.executable} -m xorca"
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)


def main() -> int:
    library = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if library is not None and not (library.exists() and books_in(library)):
        print(
            f"{library} is no text file and no folder of .txt, .md or .rst files", file=sys.stderr
        )
        return 2
    demo = Demo(library)
    try:
        evidence = asyncio.run(demo.run())
    finally:
        demo.end_worker()
    return 0 if report(demo, evidence) else 1


if __name__ == "__main__":
    sys.exit(main())
