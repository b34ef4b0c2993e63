"""Wire names: what they may look like, which command an event answers, and patterns."""

from __future__ import annotations

from xorca.events import Topic
from xorca.events.lazy import lazy_pattern

_SEGMENT = r"[A-Za-z0-9_-]+"
_NAME = lazy_pattern(rf"{_SEGMENT}(\.{_SEGMENT})*")
_PATTERN = lazy_pattern(rf"({_SEGMENT}|\*)(\.({_SEGMENT}|\*))*")
_ORCHESTRATOR = lazy_pattern(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)*")
_VERSION = lazy_pattern(r"[0-9]+\.[0-9]+\.[0-9]+")
MAX_NAME = 200


def wire_name(way: object) -> str:
    """Give the text of a name that was written as a string or as a Topic."""
    return str(way.name if isinstance(way, Topic) else way)


def is_name(text: str) -> bool:
    """Tell whether a text is a dotted wire name without a star."""
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None


def is_pattern(text: str) -> bool:
    """Tell whether a text is a dotted name with at least one ``*`` segment."""
    return "*" in text and len(text) <= MAX_NAME and _PATTERN.fullmatch(text) is not None


def is_orchestrator_name(text: object) -> bool:
    """Tell whether a text may name an orchestrator."""
    return isinstance(text, str) and len(text) <= 100 and _ORCHESTRATOR.fullmatch(text) is not None


def is_version(text: object) -> bool:
    """Tell whether a text is a version of three numbers."""
    return isinstance(text, str) and len(text) <= 40 and _VERSION.fullmatch(text) is not None


def version_order(version: str) -> tuple[int, ...]:
    """Give the key by which versions are ordered."""
    return tuple(int(part) for part in version.split("."))


def command_of(name: str) -> str | None:
    """Give the command that an event answers: all but the last segment, as ``cmd.``."""
    if not name.startswith("evt.") or name.count(".") < 2:
        return None
    return "cmd." + name[4:].rpartition(".")[0]


def matches(pattern: str, name: str, *, by: str = ".") -> bool:
    """Tell whether a name matches a pattern; a star is one or more whole segments.

    Linear in practice and never exponential: stars are matched greedily from the left
    with one point of return, as shells match file names.
    """
    want, have = pattern.split(by), name.split(by)
    if len(have) < len(want):
        return False
    i = j = 0
    star, kept = -1, 0
    while j < len(have):
        if i < len(want) and want[i] == "*":
            star, kept = i, j + 1  # the star has taken one segment and may take more
            i, j = i + 1, j + 1
        elif i < len(want) and want[i] == have[j]:
            i, j = i + 1, j + 1
        elif star >= 0:
            i, j = star + 1, kept + 1
            kept += 1
        else:
            return False
    return i == len(want)


def may_answer(pattern: str, command: str) -> bool:
    """Tell whether some answer to a command has a name that the pattern matches."""
    stem = "evt." + command[4:]
    last = pattern.rpartition(".")[2]
    return matches(pattern, f"{stem}.{'any' if last == '*' else last}")


def specificity(pattern: str) -> tuple[int, int]:
    """Order patterns: the more literal segments the earlier, then the longer."""
    parts = pattern.split(".")
    return -sum(part != "*" for part in parts), -len(parts)
