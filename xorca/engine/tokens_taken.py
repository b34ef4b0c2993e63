"""Taking a continuation token, on the record that its event is about to change."""

from __future__ import annotations

from collections.abc import Iterator

from xorca.codec import Codec, payload_of
from xorca.dsl.plan import Edge
from xorca.engine.draft import Draft
from xorca.engine.early import takers_of
from xorca.engine.gathering import is_absent
from xorca.engine.inbox import in_pages, knows
from xorca.engine.record import ACTIVE
from xorca.engine.step import step
from xorca.engine.tokens import Claim
from xorca.engine.verdict import DUPLICATE, Verdict
from xorca.errors import PayloadError
from xorca.events import Event

LEFT = Verdict("ignored", "left")
UNPROVABLE = Verdict("ignored", "used")


def step_token(draft: Draft, event: Event, claim: Claim) -> Verdict:
    """Apply the event of a token, once; what comes to nothing leaves the token as it was.

    Raises: as :func:`xorca.engine.step.step`.
    """
    refused = _judge(draft, event, claim) or _misfit(draft, event)
    if refused is not None:
        return refused
    changed = draft.changed
    verdict = step(draft, event)
    if verdict.status == "ignored":  # a guard said no, say: the person may try again
        draft.record.inbox.pop(event.key, None)
        draft.changed = changed
    return verdict


def _judge(draft: Draft, event: Event, claim: Claim) -> Verdict | None:
    record = draft.record
    if knows(record, event.key) or in_pages(record, event.key, draft.sides):
        return step(draft, event) if event.key in record.inbox else DUPLICATE
    if record.incarnation != claim.incarnation or record.status != ACTIVE:
        return LEFT
    if claim.visit not in (0, record.visit):
        return LEFT
    if record.floor and claim.given / 1000 <= record.floor:
        return UNPROVABLE
    return None


def _misfit(draft: Draft, event: Event) -> Verdict | None:
    """Find out, before anything is noted, whether some handler takes this payload."""
    reasons: list[str] = []
    for codec in _codecs(draft, event):
        try:
            if codec is None:
                return None
            payload_of(codec, event)
        except PayloadError as exc:
            reasons.append(str(exc))
        else:
            return None
    cause = "; ".join(dict.fromkeys(reasons)) or "no handler takes it"
    return Verdict("ignored", "payload", error=PayloadError(cause))


def _codecs(draft: Draft, event: Event) -> Iterator[Codec | None]:
    """Give the types that would be tried; None where a handler takes no payload."""
    takers = takers_of(draft.plan, event.type)
    state = draft.record.state
    edges = takers[state] if state in takers else [e for found in takers.values() for e in found]
    for edge in edges:
        yield from _codecs_of(edge, event)


def _codecs_of(edge: Edge, event: Event) -> Iterator[Codec | None]:
    for part in edge.parts:
        if part.name == event.type:
            yield None if is_absent(part, event.data) else part.codec
    if not edge.parts:
        yield from edge.arms or (None,)
