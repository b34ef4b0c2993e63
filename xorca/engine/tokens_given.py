"""Giving a continuation token: for which event, in which visit, until when."""

from __future__ import annotations

from datetime import timedelta
from difflib import get_close_matches
from math import ceil

from xorca.dsl.names import is_name
from xorca.dsl.plan import Edge, Plan
from xorca.engine.draft import Draft
from xorca.engine.early import takers_of
from xorca.engine.tokens import Claim, tokens_of
from xorca.errors import ConfigurationError

DEFAULT = timedelta(days=7)


def give_token(draft: Draft, name: str, *, expires: timedelta | None, whole_life: bool) -> str:
    """Give a token to the handler that runs; the same one when the same step runs again.

    Raises:
        ConfigurationError: there are no keys, nobody hears the event there, it lasts too
            long, or a guard asks.
    """
    keys = tokens_of(draft.definition.tokens, what=f"self.token({name!r})")
    edge = draft.acting
    if edge is None:
        raise ConfigurationError("a guard only decides: give tokens in a handler")
    state = draft.record.state if edge.target is None else edge.target
    _check_heard(draft.plan, name, state, whole_life)
    record, index = draft.record, getattr(draft, "given", 0)
    draft.given = index + 1
    return keys.sign(
        Claim(
            event=name,
            subject=record.subject,
            incarnation=record.incarnation,
            visit=0 if whole_life else _visit(draft, edge),
            given=round(draft.at * 1000),
            expires=_end(draft, expires),
            revision=draft.revision,
            index=index,
        )
    )


def _visit(draft: Draft, edge: Edge) -> int:
    """Give the visit in which the process is after the handler that runs."""
    return draft.record.visit + (edge.target is not None)


def _end(draft: Draft, expires: timedelta | None) -> int:
    horizon = timedelta(seconds=draft.limits.horizon)
    lasts = min(DEFAULT, horizon) if expires is None else expires
    if lasts <= timedelta(0):
        raise ConfigurationError(f"expires={lasts} is over before it begins; give it some time")
    if lasts > horizon:
        raise ConfigurationError(
            f"a token may last {horizon}, as long as a process knows what it has seen, and"
            f" expires={lasts} is more; raise Limits(horizon=...), or give a new one in time"
        )
    return ceil(draft.at + lasts.total_seconds())


def _check_heard(plan: Plan, name: str, state: str, whole_life: bool) -> None:
    takers = takers_of(plan, name) if is_name(name) else {}
    if not takers:
        raise ConfigurationError(_nobody(plan, name))
    if state in plan.finals:
        raise ConfigurationError(
            f"a token for {name!r} is of no use: this handler leads to {state!r}, and a process"
            " hears nothing after its end"
        )
    if not whole_life and state not in takers:
        raise ConfigurationError(
            f"a token for {name!r} would be good at {state!r}, which does not hear it (heard at:"
            f" {', '.join(takers)}); give it on the way there, or say whole_life=True"
        )
    _check_alone(plan, name)


def _check_alone(plan: Plan, name: str) -> None:
    """Refuse the answer to a fan-out: it must name its command, and a token knows none."""
    command = plan.answers(name)
    sent = (emit for edge in plan.edges for emit in edge.emits if emit.name == command)
    if command is not None and any(emit.kind == "many" for emit in sent):
        raise ConfigurationError(
            f"{name!r} answers {command!r}, which is sent as a list, and an answer to one of them"
            " must name it; let the persons send an event of another name"
        )


def _nobody(plan: Plan, name: str) -> str:
    heard = {n for edge in plan.edges if edge.kind == "on" for n in edge.names}
    heard |= {part.name for edge in plan.edges for part in edge.parts}
    near = get_close_matches(name, sorted(heard), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; it hears {', '.join(sorted(heard))}"
    return f"a token for {name!r} is of no use: no state of {plan.name} hears that{hint}"
