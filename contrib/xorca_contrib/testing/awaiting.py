"""Which commands of a process wait for an answer, and which of them a reply answers."""

from __future__ import annotations

from xorca.dsl.plan import Plan
from xorca.engine.record import ENDED, Awaited, Record
from xorca_contrib.testing.errors import XorcaTestError


def open_items(awaited: Awaited) -> list[int]:
    """Give the items of a command that were sent and not answered; a single one is item 0."""
    bits = int(awaited.open or "0", 16)
    return [item for item in range(awaited.sent or awaited.count) if bits >> item & 1]


def awaited_names(record: Record) -> list[str]:
    """Give the commands that wait for an answer, each as often as it does."""
    return [name for name, awaited in record.awaited.items() for _ in open_items(awaited)]


def answered_place(plan: Plan, record: Record, name: str, *, item: int | None = None) -> str:
    """Give where the command was sent that a reply of this name answers.

    Ids of what a process sends are ``<hash>-<revision>-<index>``; this is what follows the hash.

    Raises:
        XorcaTestError: it answers none that is awaited; the message lists those that are.
    """
    command = plan.answers(name)
    if command is None:
        raise XorcaTestError(
            f"{name!r} answers no command of {plan.name!r}: an answer has the name of its command"
            f" with evt. for cmd. and one more word. {_waiting(record)} For an event that answers"
            " nothing there is process.hear(...)"
        )
    awaited = record.awaited.get(command)
    found = open_items(awaited) if awaited is not None else []
    if awaited is None or not found:
        raise XorcaTestError(
            f"{name!r} answers {command!r}, which awaits no answer. {_waiting(record)}"
            " A late or unasked answer can be given with process.hear(...)"
        )
    if item is not None and item not in found:
        raise XorcaTestError(
            f"item {item} of {command!r} awaits no answer: of its {awaited.count} item(s)"
            f" these do: {', '.join(map(str, found))} (the first is 0)"
        )
    return f"{awaited.revision}-{awaited.first + (found[0] if item is None else item)}"


def _waiting(record: Record) -> str:
    if record.status == ENDED:
        return f"The process has ended at {record.state!r}, so nothing is awaited."
    names = awaited_names(record)
    counted = {name: names.count(name) for name in dict.fromkeys(names)}
    shown = [name if count == 1 else f"{name} ({count} times)" for name, count in counted.items()]
    return f"Awaited at {record.state!r}: {', '.join(shown) or 'nothing'}."
