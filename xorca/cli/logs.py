"""What the log says while a command works: errors as sentences, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager

import click

from xorca.cli.printing import plain


class _Sentences(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        mark = click.style("xorca:", fg="red", bold=True)
        click.echo(f"{mark} {plain(record.getMessage())}", err=True)


@contextmanager
def errors_as_sentences() -> Generator[None]:
    """Print errors of the log as one line each; what is less is in the command's own words."""
    log, handler = logging.getLogger("xorca"), _Sentences(logging.ERROR)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
