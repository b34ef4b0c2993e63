"""The command line. Each command is a file of its own, imported when it is asked for."""

from __future__ import annotations

from xorca.cli.app import main

__all__ = ["main"]
