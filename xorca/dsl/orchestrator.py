"""The class that users derive from, and the metaclass that compiles what they write."""

from __future__ import annotations

import copy
import sys
import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import msgspec

from xorca.dsl.machine import CompiledMachine
from xorca.dsl.marks import marks_of
from xorca.dsl.plan import Edge, Plan
from xorca.dsl.states import State
from xorca.errors import ConfigurationError, DefinitionError, PayloadError, Problem
from xorca.events import Event, Topic

if TYPE_CHECKING:
    from cloudevents.core.v1.event import CloudEvent

_IMMUTABLE = (str, int, float, bool, bytes, type(None))


class TokenGiver(Protocol):
    """What gives continuation tokens to the handler that runs."""

    def token(self, name: str, expires: timedelta | None, *, whole_life: bool) -> str:
        """Give a token for an event of this process."""
        ...


class Scene(msgspec.Struct, frozen=True):
    """What a handler may read besides its memory: who, when, and why it runs."""

    process_id: str
    subject: str
    now: datetime
    event: Event
    attempt: int
    giver: TokenGiver | None = None


class _Body(dict[str, Any]):
    """The body of a class statement; notes handlers and states that are defined twice."""

    def __init__(self) -> None:
        super().__init__()
        self.twice: list[str] = []

    def __setitem__(self, name: str, value: Any) -> None:
        old = self.get(name)
        if old is not value and (isinstance(old, State) or marks_of(old) is not None):
            self.twice.append(name)
        super().__setitem__(name, value)


class OrchestratorMeta(type):
    """Compile each named subclass of Orchestrator when its class statement ends."""

    __xorca_plan__: Plan | None
    __xorca_machine__: CompiledMachine | None
    __xorca_retain__: timedelta | None = None
    __xorca_senders__: Any = None

    @classmethod
    def __prepare__(cls, clsname: str, bases: tuple[type, ...], /, **options: Any) -> _Body:
        """Give the mapping in which the class statement runs."""
        return _Body()

    def __new__(
        mcs, clsname: str, bases: tuple[type, ...], namespace: dict[str, Any], /, **options: Any
    ) -> OrchestratorMeta:
        """Create the class; a class with ``name=`` is compiled, one without is a mixin."""
        cls = super().__new__(mcs, clsname, bases, namespace, **options)
        cls.__xorca_plan__ = None
        cls.__xorca_machine__ = None
        if "retain" in options:
            cls.__xorca_retain__ = options["retain"]
        if "sources" in options:
            cls.__xorca_senders__ = options["sources"]
        if bases and options.get("name"):
            from xorca.dsl.compile import compile_class  # only who defines a class needs it

            # The caller's frame is only asked for names that a string annotation uses: a
            # payload class that was defined inside the same function as the orchestrator.
            scope = sys._getframe(1).f_locals  # pyright: ignore[reportPrivateUsage]
            twice = getattr(namespace, "twice", ())
            settings = {"version": "1.0.0", "retain": cls.__xorca_retain__, **options}
            settings |= {"sources": cls.__xorca_senders__, "twice": twice}
            cls.__xorca_plan__ = compile_class(cls, Orchestrator, settings, scope)
            cls.__xorca_machine__ = CompiledMachine(cls.__xorca_plan__)
        return cls

    def __init__(cls, *args: Any, **options: Any) -> None:
        """Take the keywords of the class statement, which ``__new__`` has used."""
        super().__init__(*args)


class Orchestrator(metaclass=OrchestratorMeta):
    """A process: what it hears, what it decides, and what it remembers.

    Subclass it with ``name=`` and decorate methods. Annotated attributes are its memory;
    they are stored after every event and nothing else is. Handlers are synchronous and do
    no I/O: they decide, and what they return is sent after it was saved.
    """

    if TYPE_CHECKING:
        _scene: Scene
    else:
        __slots__ = ("__dict__", "_scene")

    def __init_subclass__(
        cls,
        *,
        name: str = "",
        version: str = "1.0.0",
        early: str = "defer",
        retain: timedelta | None = None,
        sources: tuple[str, ...] | list[str] | None = None,
    ) -> None:
        """Name the orchestrator.

        Args:
            name: Dotted, lower-case, unique among those that share a channel; without it
                the class is a mixin and is not compiled.
            version: Three numbers; a live process stays on the version it began with.
            early: What to do with an event that a later state takes: "defer", "ignore" or
                "reject".
            retain: How long a process is kept after its end, before ``Runtime.prune`` and
                ``xorca prune`` remove it; inherited. Without it, until somebody asks.
            sources: Patterns of the sources that are heard, such as ``"/srvc/*"`` (a star is
                one or more segments); inherited. Its own timers and processes always are;
                another's event is dead-lettered before anything is read. Without it, all.
        """
        super().__init_subclass__()

    @property
    def process_id(self) -> str:
        """The id of this process, unique among those of its orchestrator's name."""
        return self._scene.process_id

    @property
    def subject(self) -> str:
        """The subject of this process: ``<name>/<version>/<process id>``."""
        return self._scene.subject

    @property
    def now(self) -> datetime:
        """The time of the commit that this handler is part of (aware, UTC)."""
        return self._scene.now

    @property
    def event(self) -> CloudEvent:
        """The event that made this handler run; of a join, the last to arrive."""
        return self._scene.event.to_cloudevent()

    @property
    def attempt(self) -> int:
        """How many times in a row the present state has been entered; 1 is the first."""
        return self._scene.attempt

    def token(
        self,
        event: str | Topic[Any],
        /,
        *,
        expires: timedelta | None = None,
        whole_life: bool = False,
    ) -> str:
        """Give a signed, single-use token that somebody else may turn into an event.

        ``await runtime.resume(token, payload)`` makes it that event for this process, with
        the payload. Send it in what this handler emits, and treat it as a password.

        Args:
            event: The name of the event, one that the state heard next takes.
            expires: How long it is good; 7 days by default, the horizon of the Limits at most.
            whole_life: Good in every state until the process ends. Without it, in the state
                that this handler leads to (or stays in) alone, and only until that is left
                or entered anew.

        Raises:
            ConfigurationError: the Runtime has no ``tokens=``, nobody hears the event there,
                or a guard asks.
        """
        giver = self._scene.giver
        if giver is None:
            raise ConfigurationError("a token is given by a handler that runs, and none does")
        return giver.token(str(getattr(event, "name", event)), expires, whole_life=whole_life)

    def __setattr__(self, name: str, value: Any) -> None:
        plan = type(self).__xorca_plan__
        if plan is not None and name not in plan.memory.fields:
            raise AttributeError(_undeclared(type(self), plan, name))
        object.__setattr__(self, name, value)

    @classmethod
    def start_event(
        cls,
        payload: Any = None,
        *,
        process_id: str | None = None,
        version: str | None = None,
        id: str | None = None,
        source: str = "/xorca/client",
    ) -> CloudEvent:
        """Make the event that starts a process of this class.

        Args:
            payload: What the ``@start`` handler takes.
            process_id: Any text; without it, derived from the event's source and id.
            version: The version to start; without it, the highest that is registered.
            id: The event's id; the same (source, id) starts one process however often sent.
            source: Who starts it, a URI reference.

        Raises:
            PayloadError: no ``@start`` of the class takes this payload.
            ConfigurationError: the process id is empty.
            InvalidEvent: an id, source or process id that no CloudEvent may carry.
        """
        plan = plan_of(cls)
        if process_id == "":
            raise ConfigurationError("a process id must not be empty; leave it out to derive one")
        name, data = _start_data(plan, payload)
        extensions = {"processid": process_id, "processversion": version}
        event = Event(
            id=id or uuid.uuid4().hex,
            source=source,
            type=name,
            data=data,
            datacontenttype="application/json",
            extensions={key: value for key, value in extensions.items() if value is not None},
        )
        from xorca.events import from_cloudevent

        return from_cloudevent(event.to_cloudevent()).to_cloudevent()

    @classmethod
    def _fresh(cls) -> dict[str, Any]:
        """Give the memory of a process that was not started yet: copied defaults."""
        defaults = plan_of(cls).memory.defaults
        return {
            name: value if isinstance(value, _IMMUTABLE) else copy.deepcopy(value)
            for name, value in defaults.items()
        }

    __xorca_plan__: ClassVar[Plan | None]


def _start_data(plan: Plan, payload: Any) -> tuple[str, bytes | None]:
    reasons: list[str] = []
    for name, edge in plan.starts.items():
        data, reason = _try_start(edge, payload)
        if reason is None:
            return name, data
        reasons.append(f"{name}: {reason}")
    raise PayloadError(f"no @start of {plan.name!r} takes this payload: {'; '.join(reasons)}")


def _try_start(edge: Edge, payload: Any) -> tuple[bytes | None, str | None]:
    if not edge.arms:
        return None, None if payload is None else "it takes no payload"
    reasons: list[str] = []
    for codec in edge.arms:
        try:
            return codec.encode(payload), None
        except PayloadError as exc:
            reasons.append(str(exc))
    return None, "; ".join(reasons)


def _undeclared(cls: type, plan: Plan, name: str) -> str:
    from difflib import get_close_matches  # only who made a mistake needs it

    near = get_close_matches(name, plan.memory.fields, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    cure = f"declare it in the class, `{name}: <type> = <default>`, so that it is stored"
    return f"{cls.__name__} has no attribute {name!r}{hint}; {cure}"


def plan_of(cls: type[Orchestrator]) -> Plan:
    """Give the plan of a compiled class.

    Raises:
        ConfigurationError: the class has no ``name=`` and was not compiled, or is none.
    """
    plan = getattr(cls, "__xorca_plan__", None)
    kind: type = type(cls)
    if isinstance(kind, OrchestratorMeta):
        name = kind.__name__
        raise ConfigurationError(
            f"give the class {name} itself, and no object of it: {name}, not {name}()"
        )
    if not isinstance(plan, Plan):
        shown = getattr(cls, "__name__", repr(cls))
        raise ConfigurationError(
            f"{shown} is no orchestrator that can run: write"
            f' `class {shown}(Orchestrator, name="...")`'
        )
    return plan


def machine_of(cls: type[Orchestrator]) -> CompiledMachine:
    """Give the machine of a compiled class."""
    plan_of(cls)
    machine = cls.__xorca_machine__
    assert machine is not None  # it is made together with the plan
    return machine


def check_unique(classes: tuple[type[Orchestrator], ...]) -> None:
    """Refuse classes that one runtime cannot tell apart.

    Those are two with one name and version, or two names that start on one event, or that
    would both find the process of one event by its content.

    Raises:
        DefinitionError: with the places of both.
    """
    from xorca.dsl.claims import check_claims  # only who puts classes together needs it

    problems: list[Problem] = list(check_claims([plan_of(cls) for cls in classes]))
    seen: dict[tuple[str, str], type[Orchestrator]] = {}
    starts: dict[str, str] = {}
    for cls in classes:
        plan = plan_of(cls)
        other = seen.setdefault((plan.name, plan.version), cls)
        if other is not cls:
            cause = f"{other.__name__} ({plan_of(other).place}) and {cls.__name__} are both"
            cause += f" {plan.name!r} {plan.version}"
            problems.append(Problem("X15", cause, "Raise the version of one", plan.place))
        for name in plan.starts:
            owner = starts.setdefault(name, plan.name)
            if owner != plan.name:
                cause = f"{owner!r} and {plan.name!r} both start on {name!r}"
                problems.append(Problem("X15", cause, "Give each its own event", plan.place))
    if problems:
        raise DefinitionError("these classes cannot run side by side", tuple(problems))
