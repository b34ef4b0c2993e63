"""Wrong use: one clear sentence on stderr and exit code 2, never a traceback."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import IO, Any

import click

from xorca.errors import XorcaError


class WrongUse(click.ClickException):
    """What the user named is not there, or does not fit."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(message)
        context = click.get_current_context(silent=True)
        self._color = None if context is None else context.color

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence."""
        mark = click.style("xorca:", fg="red", bold=True)
        click.echo(
            f"{mark} {self.format_message()}", file=file, err=file is None, color=self._color
        )


@contextmanager
def plain_errors() -> Generator[None]:
    """Turn what xorca finds wrong inside the block into WrongUse."""
    try:
        yield
    except XorcaError as exc:
        raise WrongUse(str(exc)) from exc
