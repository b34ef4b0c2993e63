"""Which class, version and process an event is for. A subject that is not ours is passed over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from xorca.dsl.names import is_version, version_order
from xorca.dsl.orchestrator import Orchestrator, check_unique
from xorca.engine.by_content import Claim, Contents, Unidentified
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

if TYPE_CHECKING:
    from xorca.engine.tokens import TokenKeys


class Route(msgspec.Struct, frozen=True, gc=False):
    """The process an event is for. ``definition`` is what a start would begin, else None.

    The event of a stranger is routed ``by_content``: it does not carry the subject itself,
    and the process may be on another version than that in it.
    """

    key: str
    name: str
    process_id: str
    subject: str
    definition: Definition | None = None
    by_content: bool = False


class Refusal(msgspec.Struct, frozen=True):
    """Why an event is for no process; ``foreign`` ones are nobody's fault.

    ``name`` is the orchestrator that it would be for, as far as that is known.
    """

    status: Status
    reason: str
    cause: str = ""
    name: str = ""
    error: Exception | None = None


ROUTES = 4096
FOREIGN = Refusal("foreign", "not-ours")


class Registry:
    """The classes of one Runtime, by name and version."""

    def __init__(
        self, classes: Iterable[type[Orchestrator]], *, tokens: TokenKeys | None = None
    ) -> None:
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
            definition = Definition.of(cls, tokens)
            plan = definition.plan
            self._by_name.setdefault(plan.name, {})[plan.version] = definition
            self._starts.update(dict.fromkeys(plan.starts, plan.name))
        plans = (definition.plan for definition in self.definitions)
        self._contents = Contents(plans) or None

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
            return self._stranger(event)
        found = _route(event.subject)
        if found is None or (self._contents is not None and _is_alike(event.subject)):
            return self._stranger(event, found)
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
        if self._contents is not None and not theirs:
            theirs = self._is_for_another(name, event_type)
        return not theirs or event_type == TIMER_TYPE or self._hears(name, event_type)

    def _hears(self, name: str, event_type: str) -> bool:
        versions = self._by_name.get(name, {})
        return any(definition.plan.hears(event_type) for definition in versions.values())

    def _is_for_another(self, name: str, event_type: str) -> bool:
        """Tell whether another class of ours finds its process by the content of such events.

        Answers and failures go by their subject alone.
        """
        if self._contents is None or event_type.startswith(("evt.", "sys.")):
            return False
        claim = self._contents.of(event_type)
        return claim is not None and claim.name != name

    def _stranger(self, event: Event, known: Route | None = None) -> Route | Refusal:
        """Route an event that carries no subject of ours; ``known`` is what its subject says."""
        claim = None if self._contents is None else self._contents.of(event.type)
        if claim is None:
            return known or FOREIGN
        refused = self._refused(claim.name, claim.version, event)
        found = refused or _identified(claim, event)
        if isinstance(found, Refusal):
            return found
        return _checked(claim.name, claim.version, found, None)

    def _refused(self, name: str, version: str, event: Event) -> Refusal | None:
        """Refuse an event before anybody looks into it; here nobody is kept out."""
        return None

    def _start(self, name: str, event: Event) -> Route | Refusal:
        versions = self._by_name[name]
        asked = event.extensions.get("processversion")
        candidates = [v for v in self.versions(name) if event.type in versions[v].plan.starts]
        version = candidates[-1] if asked is None else str(asked)
        if version not in candidates:
            known = ", ".join(candidates)
            cause = f"{name!r} has no version {version!r} here; registered: {known}"
            return Refusal("dead", "unknown-version", cause, name)
        claim = None if self._contents is None else self._contents.of_start(event.type)
        if claim is None:
            process_id: str | Refusal = process_id_of(event)
        else:
            process_id = self._refused(name, version, event) or _identified(claim, event)
        if isinstance(process_id, Refusal):
            return process_id
        return _checked(name, version, process_id, versions[version])


def _identified(claim: Claim, event: Event) -> str | Refusal:
    try:
        return claim.identify(event)
    except Unidentified as exc:
        return Refusal(exc.status, exc.reason, exc.cause, claim.name, exc.error)


def _checked(
    name: str, version: str, process_id: str, definition: Definition | None
) -> Route | Refusal:
    """Give the route to a process by its id; what finds it without a start goes by content."""
    subject = make_subject(name, version, process_id)
    if not process_id or len(subject.encode("utf-8", "surrogatepass")) > MAX_SUBJECT:
        cause = f"the process id is empty, or its subject longer than {MAX_SUBJECT} bytes"
        return Refusal("dead", "process-id", cause, name)
    key = storage_key(name, process_id)
    return Route(key, name, process_id, subject, definition, definition is None)


def _is_alike(subject: str) -> bool:
    """Tell whether a subject with a name of ours is a stranger's: its version is none."""
    parts = parse_subject(subject)
    return parts is None or not is_version(parts.version)


def _route(subject: str) -> Route | None:
    parts = parse_subject(subject)
    if parts is None:
        return None
    return Route(storage_key(parts.name, parts.process_id), parts.name, parts.process_id, subject)
