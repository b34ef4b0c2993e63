"""From a decorated function to a Handler; what is wrong with it is said at once."""

from __future__ import annotations

import inspect
from collections import ChainMap
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType
from typing import Any, Literal, get_type_hints

from xorca.codec import Codec, codec_for, type_name
from xorca.dsl.names import is_name, is_pattern, wire_name
from xorca.errors import DefinitionError, Problem
from xorca.events import Topic
from xorca.fleet.call import Call

Kind = Literal["serves", "observes"]
# Any: users' functions take and return what they annotate.
Function = Callable[..., Awaitable[Any]]

_PLAIN = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_NAMES: tuple[type, ...] = (str, Topic)
_LONGEST_ANSWER = ".success"


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that serves a command, or observes the events that fit a pattern.

    ``parameters`` says what each of its parameters is given. ``takes`` is None where it
    takes no payload, ``gives`` where it answers without data. ``timeout`` is in seconds.
    """

    name: str
    function: Function
    timeout: float
    parameters: tuple[Literal["payload", "call"], ...]
    takes: Codec | None
    gives: Codec | None
    label: str
    place: str


def name_of(kind: Kind, name: object) -> str:
    """Give the text of a name or Topic.

    Raises:
        DefinitionError: it is neither, for the decorator stands there without one, say.
    """
    if isinstance(name, _NAMES):
        return wire_name(name)
    example = "cmd.books.fetch" if kind == "serves" else "notif.books.*"
    cure = f"Write @fleet.{kind}({example!r}) above the function"
    problem = Problem("F02", f"{_label(name)!r} is no name", cure, _place(name))
    raise DefinitionError(f"@fleet.{kind} has no name", (problem,))


def names_around(function: Any, frame: FrameType) -> Mapping[str, Any]:
    """Give the names that annotations may use beside the globals of their function.

    Those are the frame's, where a decorator stands: a payload class may be local to a
    function. What was written in another module means the names of that module first.
    """
    own = getattr(inspect.unwrap(function), "__globals__", None) if callable(function) else None
    if own is None or own is frame.f_globals:
        return frame.f_locals
    return ChainMap(own, frame.f_locals)


def read_handler(
    kind: Kind, name: str, function: Any, *, timeout: timedelta, scope: Mapping[str, Any]
) -> Handler:
    """Read a function that was decorated.

    Args:
        kind: What decorated it.
        name: The command, or the pattern of events.
        function: Any, for it may be no function at all.
        timeout: How long one run of it may take.
        scope: The names that its annotations may use, beside its own globals.

    Raises:
        DefinitionError: with everything that is wrong.
    """
    reading = _Reading(kind, name, function, scope)
    reading.check_name()
    reading.check_timeout(timeout)
    if reading.check_async():
        reading.read_signature()
    if reading.problems:
        title = f"{reading.label} cannot be used by @fleet.{kind}({name!r})"
        raise DefinitionError(title, tuple(reading.problems))
    return Handler(
        name,
        function,
        timeout.total_seconds(),
        tuple(reading.parameters),
        reading.takes,
        reading.gives,
        reading.label,
        reading.place,
    )


def twice(name: str, old: Handler, new: Handler) -> DefinitionError:
    """Give the error for two handlers of one command."""
    cause = f"{old.label!r} ({old.place}) and {new.label!r} both serve {name!r}"
    cure = "Leave one; what else must happen is its own command, or an @fleet.observes"
    problem = Problem("F03", cause, cure, new.place)
    return DefinitionError(f"{name!r} has two handlers", (problem,))


class _Reading:
    """What was read of one function, and what is wrong with it."""

    def __init__(self, kind: Kind, name: str, function: Any, scope: Mapping[str, Any]) -> None:
        self.kind, self.name, self.function, self.scope = kind, name, function, scope
        self.label = _label(function)
        self.place = _place(function)
        self.problems: list[Problem] = []
        self.parameters: list[Literal["payload", "call"]] = []
        self.takes: Codec | None = None
        self.gives: Codec | None = None

    def problem(self, code: str, cause: str, cure: str) -> None:
        """Note something wrong."""
        self.problems.append(Problem(code, cause, cure, self.place))

    def check_name(self) -> None:
        """Check that services may serve or observe this name."""
        name = self.name
        if self.kind == "observes":
            if not (is_name(name) or is_pattern(name)):
                cure = "Write dotted names in which a segment may be '*', such as 'notif.books.*'"
                self.problem("F02", f"{name!r} is neither a name nor a pattern", cure)
        elif not (name.startswith("cmd.") and is_name(name + _LONGEST_ANSWER)):
            self.problem("F02", f"{name!r} is no command", _cure_for(name))

    def check_timeout(self, timeout: object) -> None:
        """Check that there is time to do something."""
        if not isinstance(timeout, timedelta) or timeout <= timedelta(0):
            cure = "Give a positive time: timeout=timedelta(seconds=30)"
            self.problem("F08", f"timeout={timeout!r} is no time to work in", cure)

    def check_async(self) -> bool:
        """Check that the function is async; only then the rest can be read."""
        if inspect.iscoroutinefunction(self.function):
            return True
        is_generator = inspect.isasyncgenfunction(self.function)
        what = "an async generator" if is_generator else "no async function"
        cause = f"{self.label!r} is {what}"
        cure = "Write `async def` and return one value; put slow work into asyncio.to_thread(...)"
        self.problem("F01", cause, cure)
        return False

    def read_signature(self) -> None:
        """Read parameters and annotations."""
        hints = self._hints()
        if hints is None:
            return
        for parameter in inspect.signature(self.function).parameters.values():
            self._read_parameter(parameter, hints)
        if len(set(self.parameters)) < len(self.parameters):
            cause = f"{self.label!r} takes more than one payload, or more than one Call"
            self.problem("F07", cause, "Give it one payload at most, and one `call: Call` at most")
        self._read_return(hints)

    def _hints(self) -> dict[str, Any] | None:
        try:
            return get_type_hints(self.function, localns=self.scope, include_extras=True)
        except Exception as exc:  # whatever an annotation raises when it is looked at
            cause = f"the annotations of {self.label!r} cannot be resolved ({exc})"
            self.problem("F05", cause, "Import or define the types at module level, above it")
            return None

    def _read_parameter(self, parameter: inspect.Parameter, hints: dict[str, Any]) -> None:
        name = parameter.name
        if parameter.kind not in _PLAIN:
            cause = f"{self.label!r} takes *args, **kwargs or keyword-only parameters"
            self.problem("F07", cause, "Give it one plain parameter for the payload")
        elif name not in hints:
            cause = f"parameter {name!r} of {self.label!r} has no annotation"
            self.problem("F04", cause, f"Write its type, the schema of the data: `{name}: ...`")
        elif hints[name] is Call:
            self.parameters.append("call")
        else:
            self.parameters.append("payload")
            self.takes = self._codec(f"parameter {name!r} of {self.label!r}", hints[name])

    def _read_return(self, hints: dict[str, Any]) -> None:
        if self.kind == "observes":
            return
        if "return" not in hints:
            cause = f"{self.label!r} does not say what it returns"
            self.problem("F04", cause, "Write its type, or `-> None` to answer without data")
        elif hints["return"] is not type(None):
            self.gives = self._codec(f"what {self.label!r} returns", hints["return"])

    def _codec(self, what: str, annotation: Any) -> Codec | None:
        try:
            return codec_for(annotation)
        except TypeError as exc:
            cause = f"{what} is {type_name(annotation)}, which has no JSON form ({exc})"
            cure = "Use JSON types, dataclasses, TypedDicts, Structs or pydantic models"
            self.problem("F06", cause, cure)
            return None


def _cure_for(name: str) -> str:
    if name.startswith(("evt.", "sys.")):
        return f"Orchestrators take {name[:4]}*, by @on; a service serves 'cmd.<noun>.<verb>'"
    if name.startswith("notif."):
        return f"Use @fleet.observes({name!r}) to hear it without answering"
    if is_pattern(name):
        return "Serve each command by its own name, for its answer is named after it"
    return "Serve a name such as 'cmd.books.fetch': letters, digits, '_', '-' between dots"


def _label(function: object) -> str:
    return str(getattr(function, "__qualname__", repr(function)))


def _place(function: Any) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""
