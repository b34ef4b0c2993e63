"""Mending what a crash or a bug left behind: sweep, redrive."""

from __future__ import annotations

from xorca.runtime.wired import Wired


class Repair(Wired):
    """The verbs of a Runtime that mend."""
