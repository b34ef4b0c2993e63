"""Regular expressions that cost nothing before they are used."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _LazyPattern:
    """Compiled when one of its methods is first asked for; afterwards as fast as any.

    Compiling the expressions of this package takes longer than importing all the rest, and
    a worker that wakes for one event uses few of them.
    """

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:  # whatever a compiled pattern has under the name
        found = getattr(re.compile(self._source, self._flags), name)
        setattr(self, name, found)
        return found


def lazy_pattern(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Give what behaves as ``re.compile(source, flags)``."""
    return cast("re.Pattern[AnyStr]", _LazyPattern(source, flags))
