"""The function behind the URL: start a process, look at it, wait for its result."""

from __future__ import annotations

from examples.book_summary.aws.settings import runtime
from xorca.handlers.aws_lambda import lambda_handler

handler = lambda_handler(runtime(), http=True)
