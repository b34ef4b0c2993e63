"""Letting in the events of allowed sources only, before anything is read from the store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xorca.dsl.orchestrator import Orchestrator
from xorca.dsl.plan import MEMO
from xorca.dsl.sources import allows, is_own
from xorca.engine.ids import parse_subject
from xorca.engine.routing import Refusal, Registry, Route
from xorca.events import Event

if TYPE_CHECKING:
    from xorca.engine.tokens import TokenKeys


class GuardedRegistry(Registry):
    """A Registry with at least one class that says whom it hears."""

    def __init__(
        self, classes: Iterable[type[Orchestrator]], *, tokens: TokenKeys | None = None
    ) -> None:
        super().__init__(classes, tokens=tokens)
        self._judged: dict[tuple[tuple[str, ...], str], bool] = {}

    def route(self, event: Event) -> Route | Refusal:
        """Tell which process an event is for, if its source may speak to that."""
        found = super().route(event)
        if isinstance(found, Refusal):
            return found
        parts = parse_subject(found.subject)
        asked = "" if parts is None else parts.version
        return self._refused(found.name, asked, event) or found

    def _refused(self, name: str, version: str, event: Event) -> Refusal | None:
        """Refuse an event of a source that a version, else the highest, does not hear."""
        newest = self.versions(name)[-1]
        definition = self.definition(name, version) or self.definition(name, newest)
        senders = () if definition is None else definition.plan.senders
        if not senders or is_own(name, event.source) or self._allows(senders, event.source):
            return None
        cause = (
            f"{name!r} hears {', '.join(senders)}, and the source of this event is"
            f" {event.source[:200]!r}"
        )
        return Refusal("dead", "source", cause, name)

    def _allows(self, senders: tuple[str, ...], source: str) -> bool:
        known = self._judged.get((senders, source))
        if known is None:
            if len(self._judged) >= MEMO:
                self._judged.clear()
            known = self._judged[senders, source] = allows(senders, source)
        return known


def registry_of(
    classes: Iterable[type[Orchestrator]], *, tokens: TokenKeys | None = None
) -> Registry:
    """Give the registry of some classes; who hears everybody pays for no check."""
    registry = Registry(classes, tokens=tokens)
    if any(definition.plan.senders for definition in registry.definitions):
        return GuardedRegistry([found.cls for found in registry.definitions], tokens=tokens)
    return registry
