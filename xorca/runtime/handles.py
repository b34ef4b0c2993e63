"""Asking for processes: their description, their lists, their results."""

from __future__ import annotations

from xorca.runtime.wired import Wired


class Handles(Wired):
    """The verbs of a Runtime that ask and wait."""
