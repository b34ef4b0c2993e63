"""The function that runs the orchestrator: events from its queue, sweeps by schedule."""

from __future__ import annotations

from examples.book_summary.aws.settings import runtime
from xorca.handlers.aws_lambda import lambda_handler

handler = lambda_handler(runtime())
