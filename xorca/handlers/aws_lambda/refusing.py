"""What becomes of what is no event: a dead letter that tells of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from xorca.engine.letters import loose_letter
from xorca.errors import InvalidEvent, PortError, PublishFailed
from xorca.handlers.trigger import Refused
from xorca.ports import Bus
from xorca.runtime.outcome import Outcome
from xorca.telemetry.lines import say


def dead(refused: Refused, invocation: str) -> Outcome:
    """Give the outcome of what is no event, with the letter that tells of it.

    The id of the letter comes from the message, or else from the invocation with the place in
    it, so that a redelivery tells of it under the same id.
    """
    record, _, within = refused.place.partition("]")
    known = f"{refused.message_id} {within or record}" if refused.message_id else None
    body = (known or f"{invocation} {refused.place}").encode("utf-8", "surrogatepass")
    place = refused.place or "the payload"
    message = f" of message {refused.message_id}" if refused.message_id else ""
    cause = f"{place}{message}: {refused.text}"
    letter = loose_letter(None, body=body, reason=refused.reason, cause=cause)
    fields = {"reason": refused.reason, "message_id": refused.message_id}
    say(logging.WARNING, "trigger.refused", f"no event at {cause}", fields)
    error = InvalidEvent(cause, reason=refused.reason)
    return Outcome(None, "dead", refused.reason, sent=(letter,), error=error)


def returned(refused: Refused) -> Outcome:
    """Give the outcome of what is no event and goes back to its queue."""
    error = InvalidEvent(f"{refused.place}: {refused.text}", reason=refused.reason)
    fields = {"reason": refused.reason, "message_id": refused.message_id}
    say(logging.WARNING, "trigger.refused", "a message goes back to its queue", fields, error=error)
    return Outcome(None, "retry", refused.reason, error=error)


async def publish_letters(bus: Bus, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Send the letters of outcomes; one that cannot be sent makes its outcome ``retry``."""
    letters = [letter for outcome in outcomes for letter in outcome.sent]
    if not letters:
        return list(outcomes)
    try:
        await bus.publish(letters)
    except PortError as exc:
        return [_unless_out(outcome, exc) for outcome in outcomes]
    return list(outcomes)


def _unless_out(outcome: Outcome, exc: PortError) -> Outcome:
    left = exc.failed if isinstance(exc, PublishFailed) else ()
    if left and not any(letter.id in left for letter in outcome.sent):
        return outcome
    return Outcome(None, "retry", "publish", error=exc)
