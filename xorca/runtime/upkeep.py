"""Keeping processes in order: cancel, delete, prune."""

from __future__ import annotations

from xorca.runtime.wired import Wired


class Upkeep(Wired):
    """The verbs of a Runtime that end and remove processes."""
