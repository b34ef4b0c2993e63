"""The log lines of ``xorca serve``: one an entry, plain or JSON, on stderr."""

from __future__ import annotations

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager

from xorca.cli.printing import plain

_LEVELS = {"xorca": logging.INFO, "uvicorn.error": logging.ERROR}


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Write level and message; what was raised by its name, not by a traceback."""
        error = record.exc_info[1] if record.exc_info else None
        why = f": {type(error).__name__}" if error is not None else ""
        return plain(f"{record.levelname.lower()} {record.getMessage()}{why}")


@contextmanager
def log_lines(*, json: bool) -> Generator[None]:
    """Write what the log says while the block lasts."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(json=json))
    loggers = {logging.getLogger(name): level for name, level in _LEVELS.items()}
    before = {log: (log.level, log.propagate) for log in loggers}
    for log, level in loggers.items():
        log.setLevel(level)
        log.propagate = False
        log.addHandler(handler)
    try:
        yield
    finally:
        for log, (level, propagate) in before.items():
            log.removeHandler(handler)
            log.setLevel(level)
            log.propagate = propagate


def _formatter(*, json: bool) -> logging.Formatter:
    if not json:
        return _Plain()
    from xorca.telemetry import JsonFormatter

    return JsonFormatter()
