"""One JSON object a line, by the standard library alone."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_DEPTH = 4


class JsonFormatter(logging.Formatter):
    """Write each entry as one JSON object on one line, its fields beside the message.

    ``time`` (UTC), ``level``, ``logger`` and ``message`` are always there; everything that
    was given as ``extra`` follows, and ``traceback`` where there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Give the line; whatever the entry holds, it is JSON and one line."""
        at = datetime.fromtimestamp(record.created, UTC)
        told: dict[str, object] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message_of(record),
        }
        for name, value in vars(record).items():
            if name not in _STANDARD and name not in told:
                told[name] = _plain(value, _DEPTH)
        if record.exc_info and record.exc_info[0] is not None:
            told["traceback"] = self.formatException(record.exc_info)
        if record.stack_info:
            told["stack"] = record.stack_info
        # Escaped to ASCII, nothing in it ends a line: not U+2028, and no lone surrogate.
        return json.dumps(told, ensure_ascii=True, allow_nan=False)


def _message_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # arguments that do not fit the message must not cost the entry
        return str(record.msg)


def _plain(value: object, depth: int) -> object:
    """Give a value as JSON has it; what has no such form as its text."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth and isinstance(value, Mapping):
        members = cast("Mapping[object, object]", value)
        return {str(name): _plain(each, depth - 1) for name, each in members.items()}
    if depth and isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(each, depth - 1) for each in cast("Sequence[object]", value)]
    try:
        return str(value)
    except Exception:  # a __str__ that raises must not cost the entry
        return f"<{type(value).__qualname__}>"
