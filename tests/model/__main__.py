"""Check the model of the commit protocol, and that each way of breaking it is found.

``python -m tests.model``: searches the whole state space with spin (Debian: ``apt-get install
spin gcc``), then breaks the model seven times.
"""

from __future__ import annotations

import sys

from tests.model.checker import BREAKAGES, Search, missing_tools, search

_LINE = "{:<16} {:>12,} states  {:>6.1f} s  {}"


def main() -> int:
    """Print a line a search; 1 if a promise broke or a breakage was not found."""
    if missing := missing_tools():
        print(f"the model needs {' and '.join(missing)}: apt-get install spin gcc")
        return 2
    whole = search("")
    good = whole.complete and not whole.violation
    print(_shown("as designed", whole, "holds" if good else whole.violation or "not finished"))
    for name in BREAKAGES:
        found = search(name)
        good = good and bool(found.violation)
        print(_shown(name, found, found.violation or "NOT FOUND"))
    return 0 if good else 1


def _shown(name: str, found: Search, verdict: str) -> str:
    return _LINE.format(name, found.states, found.seconds, verdict[:90])


if __name__ == "__main__":
    sys.exit(main())
