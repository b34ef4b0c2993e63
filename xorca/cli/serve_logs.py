"""The log lines of ``xorca serve``: one an entry, plain or JSON, on stderr."""

from __future__ import annotations

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager

from xorca.cli.printing import plain

LEVELS = ("debug", "info", "warning", "error")
"""What may be asked for, from everything to little."""


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Write level and message; what was raised by its name, not by a traceback."""
        error = record.exc_info[1] if record.exc_info else None
        why = f": {type(error).__name__}" if error is not None else ""
        return plain(f"{record.levelname.lower()} {record.getMessage().strip()}{why}")


@contextmanager
def log_lines(level: str, *, json: bool) -> Generator[None]:
    """Write what the log says from one of the ``LEVELS`` on, while the block lasts."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(json=json))
    least = {"xorca": getattr(logging, level.upper()), "uvicorn.error": logging.ERROR}
    loggers = {logging.getLogger(name): number for name, number in least.items()}
    before = {log: (log.level, log.propagate) for log in loggers}
    for log, number in loggers.items():
        log.setLevel(number)
        log.propagate = False
        log.addHandler(handler)
    try:
        yield
    finally:
        for log, (number, propagate) in before.items():
            log.removeHandler(handler)
            log.setLevel(number)
            log.propagate = propagate


def _formatter(*, json: bool) -> logging.Formatter:
    if not json:
        return _Plain()
    from xorca.telemetry import JsonFormatter

    return JsonFormatter()
