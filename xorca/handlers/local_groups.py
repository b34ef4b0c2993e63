"""What a local worker listens for: a durable group for each name, and for each fleet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xorca.dsl.plan import Plan
from xorca.errors import ConfigurationError
from xorca.fleet import Fleet

ALWAYS = ("evt.*", "sys.*")
"""What every orchestrator takes; an answer that none of its states hears is worth a word."""


def group_of(name: str) -> str:
    """Give the group of an orchestrator: one for all versions, in whatever worker they are."""
    return f"orchestrator:{name}"


def groups_of(plans: Iterable[Plan], fleets: Sequence[Fleet]) -> dict[str, tuple[str, ...]]:
    """Give what each group wants, as patterns in order.

    Raises:
        ConfigurationError: two fleets share a name, and would take each other's commands.
    """
    found: dict[str, set[str]] = {}
    for plan in plans:
        found.setdefault(group_of(plan.name), set(ALWAYS)).update(_heard(plan))
    for fleet in fleets:
        if fleet.name in found:
            raise ConfigurationError(
                f"two fleets of this worker are named {fleet.name!r}, and each would take what"
                " the other serves: give them different sources, or a name= each"
            )
        found[fleet.name] = set(fleet.patterns)
    return {group: tuple(sorted(patterns)) for group, patterns in found.items()}


def _heard(plan: Plan) -> set[str]:
    """Give every name that starts a process or that a state hears, unless ALWAYS covers it."""
    names = {name for edge in plan.edges for name in edge.names}
    names |= {part.name for edge in plan.edges for part in edge.parts}
    return {name for name in names if not name.startswith(("evt.", "sys."))}
