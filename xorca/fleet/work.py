"""One event through the handlers that want it, to one outcome. Nothing is published here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from xorca.events import Event, derived_id
from xorca.fleet.call import Call
from xorca.fleet.registration import Handler
from xorca.fleet.reply import dead_letter, message_of, reply_id, reply_to
from xorca.fleet.run import Result, run_handler
from xorca.fleet.sender import Sender
from xorca.runtime.outcome import Outcome


async def work_on(
    sender: Sender, event: Event, *, served: Handler | None, observers: Sequence[Handler]
) -> Outcome:
    """Run every handler of an event side by side, each with its own deadline."""
    runs = [_observe(sender, event, observer) for observer in observers]
    if served is None:
        return _observed(sender, event, await asyncio.gather(*runs))
    if not runs:
        return _served(sender, event, await _serve(sender, event, served))
    answer, *heard = await asyncio.gather(_serve(sender, event, served), *runs)
    return _served(sender, event, answer, also=heard)


async def _serve(sender: Sender, event: Event, handler: Handler) -> Result:
    return await run_handler(handler, event, Call(event, reply_id(sender.source, event), sender))


async def _observe(sender: Sender, event: Event, handler: Handler) -> Result:
    identity = derived_id(sender.source, event.source, event.id, handler.label)
    return await run_handler(handler, event, Call(event, identity, sender))


def _served(
    sender: Sender, event: Event, result: Result, *, also: Sequence[Result] = ()
) -> Outcome:
    """Answer a command; what its observers met is in the log and changes nothing."""
    if result.answer == "again":
        return _again(event, result)
    reply = reply_to(event, result.answer, result.data, sender)
    emitted = [told for heard in also for told in heard.sent]
    return Outcome(
        event,
        "applied",
        result.reason,
        subject=event.subject,
        sent=(*result.sent, *emitted, reply),
        error=result.error,
    )


def _observed(sender: Sender, event: Event, results: Sequence[Result]) -> Outcome:
    again = next((result for result in results if result.answer == "again"), None)
    if again is not None:
        return _again(event, again)
    sent = tuple(told for result in results for told in result.sent)
    failed = next((result for result in results if result.error is not None), None)
    if failed is None:
        return Outcome(event, "applied", subject=event.subject, sent=sent)
    letter = _letter(sender, event, failed)
    return Outcome(
        event,
        "dead",
        failed.reason,
        subject=event.subject,
        sent=(*sent, *letter),
        error=failed.error,
    )


def _letter(sender: Sender, event: Event, failed: Result) -> tuple[Event, ...]:
    """Tell of a failure; but a letter about a letter about a letter would never end."""
    if event.type.startswith("sys.xorca."):
        return ()
    cause = message_of(failed.error) if failed.error is not None else failed.reason
    return (dead_letter(event, reason=failed.reason, cause=cause, sender=sender),)


def _again(event: Event, result: Result) -> Outcome:
    return Outcome(event, "retry", result.reason, subject=event.subject, error=result.error)
