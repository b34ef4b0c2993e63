"""What the functions are told by their environment; the template sets it."""

from __future__ import annotations

import os

from xorca.errors import ConfigurationError
from xorca.ports import Bus
from xorca.providers.aws import EventBridgeBus, SchedulerAlarm
from xorca.runtime import Runtime


def required(name: str) -> str:
    """Give a setting; a function without it does not start, and says which it is."""
    value = os.environ.get(name)
    if not value:
        raise ConfigurationError(f"{name} is not set: add it to the environment of the function")
    return value


def bus() -> Bus:
    """Give the bus on which everything moves."""
    return EventBridgeBus(required("BOOKS_BUS"))


def alarm() -> SchedulerAlarm:
    """Have deadlines delivered into the queue of the orchestrator."""
    return SchedulerAlarm(
        target_arn=required("BOOKS_WAKE_QUEUE"),
        role_arn=required("BOOKS_WAKE_ROLE"),
        group=required("BOOKS_WAKE_GROUP"),
        dead_letter_arn=required("BOOKS_WAKE_LETTERS"),
    )


def runtime() -> Runtime:
    """Put the orchestrator and its rooms together."""
    from examples.book_summary.orchestrator import BookSummary
    from xorca import open_store

    store = open_store(required("BOOKS_STORE"))
    return Runtime([BookSummary], store=store, bus=bus(), alarm=alarm())
