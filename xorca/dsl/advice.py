"""What is allowed and yet worth a second look. Pure, like the checks; nothing here is an error."""

from __future__ import annotations

from collections.abc import Iterator

from xorca.dsl.names import command_of, matches
from xorca.dsl.plan import Edge, Part, Plan
from xorca.errors import Problem

_EMITTED = ("cmd.", "evt.", "notif.")
_HEARD = ("cmd.", "evt.", "notif.", "sys.", "xorca.")


def advise(plan: Plan) -> tuple[Problem, ...]:
    """Give the advice on a class, sorted by code; it is sound where there is none."""
    found = [
        *_unheard_errors(plan),
        *_no_deadline(plan),
        *_odd_names(plan),
        *_needless_optionals(plan),
        *_answers_nobody(plan),
        *_never_answers(plan),
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda problem: problem.code))


def waits_for(plan: Plan, state: str) -> tuple[str, ...]:
    """Give the commands that are sent on the way into a state, or while it lasts."""
    sent = [
        emit.name
        for edge in plan.edges
        if edge.target == state or (edge.target is None and state in edge.sources)
        for emit in edge.emits
        if emit.is_command
    ]
    return tuple(dict.fromkeys(sent))


def _unheard_errors(plan: Plan) -> Iterator[Problem]:
    """Find commands that a service may refuse while nobody listens."""
    for state in (state for state in plan.states if not state.final):
        for command in waits_for(plan, state.name):
            answer = f"evt.{command[4:]}.error"
            if not _is_heard(plan, state.name, answer):
                cause = f"nobody hears {answer!r} at {state.name!r}, which sends {command!r}"
                cure = f'Add @on("{answer}", ...), or @on("evt.*.error", ...) for all of them'
                yield Problem("A01", cause, cure, state.place or plan.place)


def _is_heard(plan: Plan, state: str, name: str) -> bool:
    joined = any(part.name == name for edge in plan.joins[state] for part in edge.parts)
    return joined or plan.written_name(state, name) is not None


def _no_deadline(plan: Plan) -> Iterator[Problem]:
    """Find states in which silence is never noticed."""
    if plan.lifetimes:
        return
    for state in plan.states:
        if not state.final and not plan.deadlines[state.name]:
            awaited = ", ".join(map(repr, waits_for(plan, state.name))) or "its events"
            cause = (
                f"{state.name!r} has no deadline: if nobody answers {awaited}, it waits for ever"
            )
            cure = "Add @after(timedelta(...), to=...), with or without at="
            yield Problem("A02", cause, cure, state.place or plan.place)


def _odd_names(plan: Plan) -> Iterator[Problem]:
    for edge in plan.edges:
        for emit in edge.emits:
            if not _is_grammatical(emit.name, _EMITTED):
                yield _odd(edge, "emits", emit.name, "cmd.<noun>.<verb>, evt.… or notif.…")
        if edge.finders:
            continue  # strangers name their events as they like
        for name in (*edge.names, *(part.name for part in edge.parts)):
            if not _is_grammatical(name, _HEARD):
                yield _odd(edge, "hears", name, "evt.<noun>.<verb>.success, cmd.… or sys.…")


def _is_grammatical(name: str, prefixes: tuple[str, ...]) -> bool:
    return name.startswith(prefixes) and (name.count(".") >= 2 or "*" in name)


def _odd(edge: Edge, does: str, name: str, form: str) -> Problem:
    cause = f"{edge.handler!r} {does} {name!r}, which says not what kind of event it is"
    return Problem("A03", cause, f"The channel's names have the form {form}", edge.place)


def _needless_optionals(plan: Plan) -> Iterator[Problem]:
    """Find joins that allow for None though the command is always sent."""
    for edge in plan.edges:
        for part in edge.parts:
            if part.kind == "optional" and _is_always_sent(plan, part):
                cause = (
                    f"{edge.handler!r} takes None for {part.name!r}, whose command is always sent"
                )
                yield Problem("A04", cause, "Leave `| None` out of its parameter", edge.place)


def _is_always_sent(plan: Plan, part: Part) -> bool:
    emits = [emit for edge in plan.edges for emit in edge.emits if emit.name == part.command]
    return all(emit.kind != "optional" for emit in emits)


def _answers_nobody(plan: Plan) -> Iterator[Problem]:
    """Find answers to a command that does not start the class."""
    for edge in plan.edges:
        for emit in edge.emits:
            if emit.is_answer and command_of(emit.name) not in plan.starts:
                cause = f"{edge.handler!r} emits {emit.name!r}, and no @start hears its command"
                cure = f'Write @start("{command_of(emit.name) or "cmd.…"}"), or emit a notif.*'
                yield Problem("A05", cause, cure, edge.place)


def _never_answers(plan: Plan) -> Iterator[Problem]:
    """Find commands that start the class and get no answer."""
    answers = {emit.name for edge in plan.edges for emit in edge.emits if emit.is_answer}
    for name, edge in plan.starts.items():
        pattern = f"evt.{name[4:]}.*"
        if name.startswith("cmd.") and not any(matches(pattern, answer) for answer in answers):
            cause = f"{name!r} starts it, and nothing is ever answered"
            cure = f'Emit "evt.{name[4:]}.success" at the end, and ".error" where it fails'
            yield Problem("A06", cause, cure, edge.place)
