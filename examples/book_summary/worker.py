"""One worker process: the orchestrator and its services over one store.

$ python -m examples.book_summary.worker sqlite:///./state.db
"""

from __future__ import annotations

import asyncio
import sys

from examples.book_summary.books import books
from examples.book_summary.checks import grammar, regulations
from examples.book_summary.orchestrator import BookSummary
from examples.book_summary.press import press
from examples.book_summary.summaries import summaries
from xorca import open_store
from xorca.handlers.local import LocalWorker

FLEETS = (books, summaries, grammar, regulations, press)


async def work(url: str) -> None:
    """Work until the process is ended."""
    async with open_store(url) as store, LocalWorker(store, [BookSummary], fleets=FLEETS):
        await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        asyncio.run(work(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(130)
