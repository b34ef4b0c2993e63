"""The function that serves the commands: every fleet of the example."""

from __future__ import annotations

from examples.book_summary.aws.settings import bus
from examples.book_summary.books import books
from examples.book_summary.checks import grammar, regulations
from examples.book_summary.summaries import summaries
from xorca.handlers.aws_lambda import fleet_handler

handler = fleet_handler(books, summaries, grammar, regulations, bus=bus())
