"""The decorators: each leaves a mark on a method and gives the very method back.

With a ``Topic`` a type checker compares the method with the payload; a string anywhere
in a decorator leaves the payloads unchecked, and only their number is compared.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, Unpack, overload

from xorca.dsl.marks import (
    ATTRIBUTE,
    AfterMark,
    AllOf,
    EmitMark,
    Marks,
    OnMark,
    StartMark,
    Way,
    marks_of,
)
from xorca.events import Topic

if TYPE_CHECKING:
    from xorca.dsl.signatures import (
        A,
        At,
        B,
        Begins,
        C,
        D,
        E,
        Early,
        Hears,
        Item,
        Join2,
        Join3,
        Join4,
        Join5,
        JoinOptions,
        Joins2,
        Joins3,
        Joins4,
        Joins5,
        OnExisting,
        Options,
        Q,
        R,
        Returns,
        S,
        Taking,
        To,
        Waits,
        WideJoin,
    )

# Any: a topic beside a string has a payload that nobody compares.
Name: TypeAlias = str | Topic[Any]
_LONGEST = timedelta(days=36_500)


@overload
def start(method: Taking[[S, A], Q, R], /) -> Callable[Q, R]: ...
@overload
def start(method: Taking[[S], Q, R], /) -> Callable[Q, R]: ...
@overload
def start(
    topic: Topic[A],
    /,
    *,
    to: To = ...,
    on_existing: OnExisting = ...,
    process: Callable[[A], str] = ...,
) -> Begins[A]: ...
@overload
def start(
    topic: str = ...,
    /,
    *,
    to: To = ...,
    on_existing: OnExisting = ...,
    process: Callable[[Any], str] = ...,
) -> Begins[Any]: ...


def start(
    topic: Any = None,
    /,
    *,
    to: To | None = None,
    on_existing: str = "refuse",
    process: Callable[[Any], str] | None = None,
) -> Any:
    """Begin a process with this method.

    Bare (``@start``) or without a name it hears ``xorca.<name>.start``. A second start of
    a process that exists is answered with an error, or with ``on_existing="ignore"``
    merely acknowledged. ``process`` gives the process id, called with the payload.
    """
    if callable(topic):
        return start()(topic)
    if topic is not None:
        _check_names("@start", (topic,), (str, Topic))

    def decorate(method: Any) -> Any:
        mark = StartMark(topic, to, on_existing, _place(method), process)
        _own_marks("@start", method).starts.insert(0, mark)
        return method

    return decorate


@overload
def on(a: Topic[A], /, **options: Unpack[Options[A]]) -> Hears[A]: ...
@overload
def on(a: Topic[A], b: Topic[B], /, **options: Unpack[Options[A | B]]) -> Hears[A | B]: ...
@overload
def on(
    a: Topic[A], b: Topic[B], c: Topic[C], /, **options: Unpack[Options[A | B | C]]
) -> Hears[A | B | C]: ...
@overload
def on(
    a: Topic[A], b: Topic[B], c: Topic[C], d: Topic[D], /, **options: Unpack[Options[A | B | C | D]]
) -> Hears[A | B | C | D]: ...
@overload
def on(a: Join2[A, B], /, **options: Unpack[JoinOptions]) -> Joins2[A, B]: ...
@overload
def on(a: Join3[A, B, C], /, **options: Unpack[JoinOptions]) -> Joins3[A, B, C]: ...
@overload
def on(a: Join4[A, B, C, D], /, **options: Unpack[JoinOptions]) -> Joins4[A, B, C, D]: ...
@overload
def on(a: Join5[A, B, C, D, E], /, **options: Unpack[JoinOptions]) -> Joins5[A, B, C, D, E]: ...
@overload
def on(a: str, /, *more: Name, **options: Unpack[Options[Any]]) -> Hears[Any]: ...
@overload
def on(a: Name, b: str, /, *more: Name, **options: Unpack[Options[Any]]) -> Hears[Any]: ...
@overload
def on(a: Name, b: Name, c: str, /, *more: Name, **options: Unpack[Options[Any]]) -> Hears[Any]: ...
@overload
def on(
    a: Name, b: Name, c: Name, d: str, /, *more: Name, **options: Unpack[Options[Any]]
) -> Hears[Any]: ...
@overload
def on(
    a: Name, b: Name, c: Name, d: Name, e: Name, /, *more: Name, **options: Unpack[Options[Any]]
) -> Hears[Any]: ...
@overload
def on(a: WideJoin, /, **options: Unpack[JoinOptions]) -> Returns[object]: ...
@overload
def on(a: AllOf, b: Way, /, *more: Way, **options: Unpack[JoinOptions]) -> Returns[object]: ...
@overload
def on(a: Name, b: AllOf, /, *more: Way, **options: Unpack[JoinOptions]) -> Returns[object]: ...
@overload
def on(
    a: Name, b: Name, c: AllOf, /, *more: Way, **options: Unpack[JoinOptions]
) -> Returns[object]: ...


def on(
    *ways: Any,
    at: At | None = None,
    to: To | None = None,
    when: Callable[..., bool] | None = None,
    each: bool = False,
    first: bool = False,
    early: Early | None = None,
    process: Callable[..., str] | None = None,
) -> Any:
    """Call this method when one of these events arrives.

    ``at`` says in which states it is heard, ``to`` where it leads, ``when`` is a guard
    called with ``(self, payload)``. ``each=True`` folds the answers of a fan-out one by
    one, ``first=True`` goes on with the first answer of several, ``early`` decides what
    becomes of an event that comes before its state. ``process`` gives the process id of an
    event that does not carry our subject, called with its payload.
    """
    _check_names("@on", ways, (str, Topic, AllOf))
    if when is not None and not callable(when):
        raise TypeError(
            f"@on got when={when!r}, which cannot be called. "
            "Give a method of (self, payload) that returns a bool"
        )

    def decorate(method: Any) -> Any:
        mark = OnMark(ways, at, to, when, each, first, early, _place(method), process)
        _own_marks("@on", method).ons.insert(0, mark)
        return method

    return decorate


def after(
    delay: timedelta, /, *, at: At | None = None, to: To | None = None, process: None = None
) -> Waits:
    """Call this method when this time has passed in a state.

    Without ``at`` it counts from the start of the process, whatever state it is in.
    ``process`` is none of its keywords; it is taken so that its cure can be told.
    """
    _check_delay(delay)

    def decorate(method: Any) -> Any:
        mark = AfterMark(delay, at, to, _place(method), process)
        _own_marks("@after", method).afters.insert(0, mark)
        return method

    return decorate


@overload
def emit(a: Topic[A], /) -> Returns[Item[A]]: ...
@overload
def emit(a: Topic[A], b: Topic[B], /) -> Returns[tuple[Item[A], Item[B]]]: ...
@overload
def emit(a: Topic[A], b: Topic[B], c: Topic[C], /) -> Returns[tuple[Item[A], Item[B], Item[C]]]: ...
@overload
def emit(
    a: Topic[A], b: Topic[B], c: Topic[C], d: Topic[D], /
) -> Returns[tuple[Item[A], Item[B], Item[C], Item[D]]]: ...
@overload
def emit(a: str, /) -> Returns[Any]: ...
@overload
def emit(a: Name, b: Name, /) -> Returns[tuple[Any, Any]]: ...
@overload
def emit(a: Name, b: Name, c: Name, /) -> Returns[tuple[Any, Any, Any]]: ...
@overload
def emit(a: Name, b: Name, c: Name, d: Name, /) -> Returns[tuple[Any, Any, Any, Any]]: ...
@overload
def emit(
    a: Name, b: Name, c: Name, d: Name, e: Name, /, *more: Name
) -> Returns[tuple[Any, Any, Any, Any, Any, *tuple[Any, ...]]]: ...


def emit(*names: Any) -> Any:
    """Send what this method returns: one name a value, several names a tuple.

    Names from left to right are the items of the tuple from left to right; None sends
    nothing under its name, a list sends one event an item.
    """
    _check_names("@emit", names, (str, Topic))

    def decorate(method: Any) -> Any:
        _own_marks("@emit", method).emits.insert(0, EmitMark(names, _place(method)))
        return method

    return decorate


@overload
def all_of(a: Topic[A], b: Topic[B], /) -> Join2[A, B]: ...
@overload
def all_of(a: Topic[A], b: Topic[B], c: Topic[C], /) -> Join3[A, B, C]: ...
@overload
def all_of(a: Topic[A], b: Topic[B], c: Topic[C], d: Topic[D], /) -> Join4[A, B, C, D]: ...
@overload
def all_of(
    a: Topic[A], b: Topic[B], c: Topic[C], d: Topic[D], e: Topic[E], /
) -> Join5[A, B, C, D, E]: ...
@overload
def all_of(a: Name, b: Name, /) -> Join2[Any, Any]: ...
@overload
def all_of(a: Name, b: Name, c: Name, /) -> Join3[Any, Any, Any]: ...
@overload
def all_of(a: Name, b: Name, c: Name, d: Name, /) -> Join4[Any, Any, Any, Any]: ...
@overload
def all_of(a: Name, b: Name, c: Name, d: Name, e: Name, /) -> Join5[Any, Any, Any, Any, Any]: ...
@overload
def all_of(a: Name, b: Name, c: Name, d: Name, e: Name, f: Name, /, *more: Name) -> WideJoin: ...


def all_of(*names: Any) -> Any:
    """Join these events: the method is called once all have come, one parameter each."""
    _check_names("all_of", names, (str, Topic))
    return AllOf(names)


def _check_names(word: str, names: tuple[Any, ...], kinds: tuple[type, ...]) -> None:
    if not names:
        raise TypeError(f"{word} has no name. Write {word}('evt.books.fetch.success')")
    for name in names:
        if not isinstance(name, kinds):
            wanted = " or ".join(kind.__name__ for kind in kinds)
            raise TypeError(f"{word} got {name!r} for a name. Give a {wanted}")


def _check_delay(delay: object) -> None:
    if not isinstance(delay, timedelta):
        raise TypeError(f"@after got {delay!r}. Give a time: @after(timedelta(minutes=15))")
    if delay <= timedelta(0):
        raise ValueError(f"@after got {delay}, which has passed already. Give a positive time")
    if delay > _LONGEST:
        raise ValueError(f"@after got {delay}, which no calendar holds. Give at most {_LONGEST}")


def _own_marks(word: str, method: Any) -> Marks:
    """Give marks that are this function's alone: functools.wraps shares what it copies."""
    if isinstance(method, type) or not callable(method):
        raise TypeError(f"{word} got {method!r} to decorate. Put it above a method")
    old = marks_of(method) or Marks()
    marks = Marks(list(old.starts), list(old.ons), list(old.afters), list(old.emits))
    try:
        setattr(method, ATTRIBUTE, marks)
    except AttributeError:
        raise TypeError(f"{word} cannot mark {method!r}. Put it above a method") from None
    return marks


def _place(method: Any) -> str:
    code = getattr(inspect.unwrap(method), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""
