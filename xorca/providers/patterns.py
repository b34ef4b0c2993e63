"""Which groups want an event: dotted names in which ``*`` stands for one or more segments."""

from __future__ import annotations

from collections.abc import Iterable

from xorca.dsl.names import matches
from xorca.errors import ConfigurationError

_REMEMBERED = 10_000


def check_pattern(pattern: str) -> None:
    """Refuse what is no dotted name.

    Raises:
        ConfigurationError: a segment is empty, or holds a ``*`` beside other text.
    """
    for segment in pattern.split("."):
        if not segment or ("*" in segment and segment != "*"):
            raise ConfigurationError(
                f"{pattern!r} is no pattern: write dotted names in which a whole segment "
                "may be '*', such as 'evt.books.*' or 'evt.*.error'"
            )


class Routes:
    """The patterns of every group, asked by the type of an event."""

    def __init__(self, subscriptions: Iterable[tuple[str, str]]) -> None:
        self.subscriptions = tuple(sorted(subscriptions))
        self._known: dict[str, tuple[str, ...]] = {}

    def groups(self, name: str) -> tuple[str, ...]:
        """Give the groups that want events of this type, in the order of their names."""
        found = self._known.get(name)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[name] = self._search(name)
        return found

    def _search(self, name: str) -> tuple[str, ...]:
        wanted = (group for group, pattern in self.subscriptions if matches(pattern, name))
        return tuple(dict.fromkeys(wanted))
