"""Which class, version and process an event is for. A subject that is not ours is passed over."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from xorca.dsl.names import version_order
from xorca.dsl.orchestrator import Orchestrator, check_unique
from xorca.engine.draft import TIMER_TYPE, Definition
from xorca.engine.ids import (
    MAX_SUBJECT,
    make_subject,
    parse_subject,
    process_id_of,
    storage_key,
)
from xorca.engine.verdict import Status
from xorca.errors import ConfigurationError
from xorca.events import Event


class Route(msgspec.Struct, frozen=True):
    """The process an event is for. ``definition`` is what a start would begin, else None."""

    key: str
    name: str
    process_id: str
    subject: str
    definition: Definition | None = None


class Refusal(msgspec.Struct, frozen=True):
    """Why an event is for no process; ``foreign`` ones are nobody's fault."""

    status: Status
    reason: str
    cause: str = ""


ROUTES = 4096
FOREIGN = Refusal("foreign", "not-ours")


class Registry:
    """The classes of one Runtime, by name and version."""

    def __init__(self, classes: Iterable[type[Orchestrator]]) -> None:
        if isinstance(classes, type):
            raise ConfigurationError(f"a Runtime takes a list: Runtime([{classes.__name__}])")
        found = tuple(classes)
        if not found:
            raise ConfigurationError("a Runtime needs at least one orchestrator: Runtime([Order])")
        check_unique(found)
        self._by_name: dict[str, dict[str, Definition]] = {}
        self._starts: dict[str, str] = {}
        self._known: dict[str, Route] = {}
        for cls in found:
            definition = Definition.of(cls)
            plan = definition.plan
            self._by_name.setdefault(plan.name, {})[plan.version] = definition
            self._starts.update(dict.fromkeys(plan.starts, plan.name))

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """Every class, lowest version first within a name."""
        return tuple(
            versions[version]
            for versions in self._by_name.values()
            for version in sorted(versions, key=version_order)
        )

    def definition(self, name: str, version: str) -> Definition | None:
        """Give one version of an orchestrator, None if it is not registered."""
        return self._by_name.get(name, {}).get(version)

    def versions(self, name: str) -> tuple[str, ...]:
        """Give the registered versions of an orchestrator, lowest first."""
        return tuple(sorted(self._by_name.get(name, ()), key=version_order))

    def route(self, event: Event) -> Route | Refusal:
        """Tell which process an event is for."""
        if event.subject and event.type.startswith("evt."):
            known = self._known.get(event.subject)
            if known is not None and event.type not in self._starts:
                return known
        if event.type in self._starts:
            subject = parse_subject(event.subject) if event.subject else None
            if not (subject and self._hears(subject.name, event.type)):
                return self._start(self._starts[event.type], event)
        if not event.subject or not self._is_heard(event.subject, event.type):
            return FOREIGN
        found = _route(event.subject)
        if found is None:
            return FOREIGN
        if len(self._known) >= ROUTES:
            self._known.clear()
        self._known[event.subject] = found
        return found

    def _is_heard(self, subject: str, event_type: str) -> bool:
        """Tell whether an event of this subject is for us, by name and by type."""
        name = subject.partition("/")[0]
        if name not in self._by_name:
            return False
        # What a process of ours sends passes by on a shared channel, too.
        theirs = event_type.startswith(("cmd.", "notif.", "sys.xorca."))
        return not theirs or event_type == TIMER_TYPE or self._hears(name, event_type)

    def _hears(self, name: str, event_type: str) -> bool:
        versions = self._by_name.get(name, {})
        return any(definition.plan.hears(event_type) for definition in versions.values())

    def _start(self, name: str, event: Event) -> Route | Refusal:
        versions = self._by_name[name]
        asked = event.extensions.get("processversion")
        candidates = [v for v in self.versions(name) if event.type in versions[v].plan.starts]
        version = candidates[-1] if asked is None else str(asked)
        if version not in candidates:
            known = ", ".join(candidates)
            cause = f"{name!r} has no version {version!r} here; registered: {known}"
            return Refusal("dead", "unknown-version", cause)
        process_id = process_id_of(event)
        subject = make_subject(name, version, process_id)
        if not process_id or len(subject.encode("utf-8", "surrogatepass")) > MAX_SUBJECT:
            cause = f"the process id is empty, or its subject longer than {MAX_SUBJECT} bytes"
            return Refusal("dead", "process-id", cause)
        return Route(storage_key(name, process_id), name, process_id, subject, versions[version])


def _route(subject: str) -> Route | None:
    parts = parse_subject(subject)
    if parts is None:
        return None
    return Route(storage_key(parts.name, parts.process_id), parts.name, parts.process_id, subject)
