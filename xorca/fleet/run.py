"""One run of one handler on one event."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Literal, cast

from xorca.codec import payload_of
from xorca.errors import PayloadError
from xorca.events import Event
from xorca.fleet.call import Call
from xorca.fleet.registration import Handler
from xorca.fleet.reply import (
    Answer,
    failure_data,
    message_of,
    refusal_data,
    success_data,
)
from xorca.fleet.signals import Refusal, TryAgain
from xorca.telemetry.lines import say


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended.

    ``answer`` with its ``data`` is what the command is answered with, ``again`` that it
    must be delivered again instead. ``reason`` is a stable word, empty for success.
    """

    answer: Answer | Literal["again"]
    data: bytes | None = None
    reason: str = ""
    error: Exception | None = None
    sent: tuple[Event, ...] = ()


async def run_handler(handler: Handler, event: Event, call: Call) -> Result:
    """Call a handler, wait until it ends or its time is over, and say how it ended."""
    try:
        arguments = _arguments(handler, event, call)
    except PayloadError as exc:
        _say(
            logging.WARNING, "payload.misfit", handler, event, f"does not fit {handler.label}", exc
        )
        return _failed(exc, "payload")
    deadline = asyncio.timeout(handler.timeout)
    try:
        async with deadline:
            value = await handler.function(*arguments)
    except (asyncio.CancelledError, SystemExit) as exc:
        if _is_asked_to_end():
            raise
        return _broken(handler, event, RuntimeError(f"something in it raised {exc!r}"))
    except Exception as exc:  # whatever a service raises is its answer
        return _judge(handler, event, _single(exc), expired=deadline.expired())
    finally:
        sent = call.close()
    return _returned(handler, event, value, sent)


def _arguments(handler: Handler, event: Event, call: Call) -> list[object]:
    return [
        call if parameter == "call" or handler.takes is None else payload_of(handler.takes, event)
        for parameter in handler.parameters
    ]


def _is_asked_to_end() -> bool:
    """Whether this task is being cancelled, and not only something that it awaited."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _returned(handler: Handler, event: Event, value: Any, sent: tuple[Event, ...]) -> Result:
    """Judge the value; Any, for the annotation of a service is not to be trusted."""
    try:
        return Result("success", success_data(handler, value), sent=sent)
    except PayloadError as exc:
        wrong = PayloadError(f"{handler.label} returned what it does not declare: {exc}")
        what = f"{handler.label} returned what it does not declare ({handler.place})"
        _say(logging.ERROR, "handler.failed", handler, event, what, wrong)
        return _failed(wrong, "return-type")


def _judge(handler: Handler, event: Event, exc: Exception, *, expired: bool) -> Result:
    if isinstance(exc, (TryAgain, MemoryError)):
        _say(logging.INFO, "handler.try-again", handler, event, "must come again", exc)
        return Result("again", reason="try-again", error=exc)
    if expired:
        return _too_slow(handler, event)
    return (
        _refused(handler, event, exc) if isinstance(exc, Refusal) else _broken(handler, event, exc)
    )


def _single(exc: Exception) -> Exception:
    """Give what a TaskGroup wrapped, where it is one exception alone."""
    if not isinstance(exc, ExceptionGroup):
        return exc
    inner = cast("ExceptionGroup[Exception]", exc).exceptions
    return _single(inner[0]) if len(inner) == 1 else cast("Exception", exc)


def _refused(handler: Handler, event: Event, refusal: Refusal) -> Result:
    try:
        data = refusal_data(handler, refusal)
    except PayloadError as wrong:
        return _broken(handler, event, wrong)
    _say(logging.INFO, "handler.refused", handler, event, "is refused", refusal)
    return Result("error", data, "refused", refusal)


def _broken(handler: Handler, event: Event, exc: Exception) -> Result:
    _say(logging.ERROR, "handler.failed", handler, event, f"raised in {handler.label}", exc)
    return _failed(exc, "handler-raised")


def _too_slow(handler: Handler, event: Event) -> Result:
    cause = TimeoutError(f"{handler.name} took longer than {handler.timeout:g} s")
    _say(logging.WARNING, "handler.timeout", handler, event, str(cause))
    return Result("timeout", failure_data(str(cause), cause), "timeout", cause)


def _failed(exc: Exception, reason: str) -> Result:
    return Result("error", failure_data(message_of(exc), exc), reason, exc)


def _say(
    level: int, what: str, handler: Handler, event: Event, said: str, error: Exception | None = None
) -> None:
    fields = {
        "subject": event.subject,
        "handler": handler.label,
        "event_type": event.type,
        "event_id": event.id,
        "event_source": event.source,
    }
    say(level, what, f"{event.subject}: {event.type} {said}", fields, error=error)
