"""The log ``xorca``: one line an entry, its parts as fields, no payload from INFO up."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | list[str] | None
Fields: TypeAlias = Mapping[str, Value]


class OneLine(logging.Filter):
    """Escape what is no printable character: line ends of every kind, codes of terminals."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every entry pass, on one line."""
        text = record.getMessage()
        if not text.isprintable():
            record.msg, record.args = escaped(text), None
        return True


def one_line_each(logger: logging.Logger) -> logging.Logger:
    """See to it that every entry of a logger is one line."""
    if not any(isinstance(each, OneLine) for each in logger.filters):
        logger.addFilter(OneLine())
    return logger


def escaped(text: str) -> str:
    """Give a text as printable characters alone."""
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


log = one_line_each(logging.getLogger("xorca"))


def say(
    level: int,
    what: str,
    message: str,
    fields: Fields | None = None,
    *,
    error: BaseException | None = None,
) -> None:
    """Write one entry.

    Args:
        level: As of ``logging``.
        what: A stable word for this kind of entry, as the field ``what``.
        message: For people to read; what it holds of the outside is escaped.
        fields: The parts, as attributes of the entry; those that are None or "" are left out.
        error: What is behind it. Its kind and place are told; its message and traceback are
            an entry of their own, on the level DEBUG.
    """
    if not log.isEnabledFor(level):
        return
    extra = _extra(what, fields or {})
    if error is None:
        log.log(level, "%s", message, extra=extra)
        return
    from xorca.telemetry.causes import cause_of, frames_of, whole_of

    extra["error"] = type(error).__qualname__
    if level >= logging.ERROR:
        extra["frames"] = [escaped(frame) for frame in frames_of(error)]
    log.log(level, "%s: %s", message, cause_of(error), extra=extra)
    if log.isEnabledFor(logging.DEBUG):
        extra["what"] = f"{what}.traceback"
        log.debug("%s: %s", message, whole_of(error), extra=extra)


def _extra(what: str, fields: Fields) -> dict[str, Value]:
    extra: dict[str, Value] = {"what": what}
    for name, value in fields.items():
        if value is None or value == "":
            continue
        extra[name] = escaped(value) if isinstance(value, str) else value
    return extra
