"""What each decorator takes and gives back, for type checkers; nothing here runs.

A *shape* is a callback protocol of two overloads: a function fits only if it fits both.
The first says what the decorator demands, the second captures the function as it is, so
that a decorated method keeps its own signature, ``self`` and parameter names included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import (
    Any,
    Generic,
    Literal,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypedDict,
    TypeVar,
    final,
    overload,
)

from xorca.dsl.marks import AllOf
from xorca.dsl.states import Anywhere, End, State, Stay

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
R = TypeVar("R")
S = TypeVar("S")
R_co = TypeVar("R_co", covariant=True)
S_contra = TypeVar("S_contra", contravariant=True)
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)
Wanted = ParamSpec("Wanted")
Q = ParamSpec("Q")

Method: TypeAlias = Callable[..., object]
Place: TypeAlias = State | Method | Anywhere | str
At: TypeAlias = Place | Sequence[Place]
To: TypeAlias = State | End | Stay | Method | str
Early: TypeAlias = Literal["defer", "ignore", "reject"]
OnExisting: TypeAlias = Literal["refuse", "ignore"]

# What one emitted name may be given: the payload, a fan-out of it, or nothing this time.
Item: TypeAlias = A | list[A] | None


class AsksItself(Protocol):
    """A guard that needs no payload.

    A protocol, for of a union mypy gives a lambda the types of the one Callable alone.
    """

    def __call__(self, me: Any, /) -> bool:
        """Tell whether the event is taken."""
        ...


class Options(TypedDict, Generic[A], total=False):
    """The keywords of ``@on``; a guard sees the payload A."""

    at: At
    to: To
    # Any: a guard's self is the class that is being written.
    when: Callable[[Any, A], bool] | AsksItself
    each: bool
    first: bool
    early: Early
    process: Callable[[A], str]


class JoinOptions(TypedDict, total=False):
    """The keywords of ``@on`` for a join; a guard sees every part."""

    at: At
    to: To
    when: Callable[..., bool]
    early: Early
    process: Callable[[Any], str]  # Any: it is called with each part in turn


class Taking(Protocol[Wanted, Q, R_co]):
    """A method that can be called with what is wanted."""

    @overload
    def __call__(self, *args: Wanted.args, **kwargs: Wanted.kwargs) -> object: ...
    @overload
    def __call__(self, *args: Q.args, **kwargs: Q.kwargs) -> R_co: ...


# The variance is right; pyright sees only the second overload, which fits every first.
class Giving(Protocol[S_contra, T_co, Q, R_co]):  # pyright: ignore[reportInvalidTypeVarUse]
    """A method that returns T; Any, because what it takes is no matter here."""

    @overload
    def __call__(self, me: S_contra, /, *args: Any, **kwargs: Any) -> T_co: ...
    @overload
    def __call__(self, *args: Q.args, **kwargs: Q.kwargs) -> R_co: ...


class Waits(Protocol):
    """Decorate a method that takes no payload."""

    def __call__(self, method: Taking[[S], Q, R], /) -> Callable[Q, R]:
        """Give the method back."""
        ...


class Begins(Protocol[A]):
    """Decorate a method that takes the payload, or nothing."""

    @overload
    def __call__(self, method: Taking[[S, A], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, method: Taking[[S], Q, R], /) -> Callable[Q, R]: ...


class Hears(Protocol[A]):
    """Decorate a method that takes the payload, a list of them (a join), or nothing."""

    @overload
    def __call__(self, method: Taking[[S, A], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, method: Taking[[S, list[A]], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, method: Taking[[S], Q, R], /) -> Callable[Q, R]: ...


class Returns(Protocol[T_contra]):
    """Decorate a method that returns T."""

    def __call__(self, method: Giving[S, T_contra, Q, R], /) -> Callable[Q, R]:
        """Give the method back."""
        ...


@final
class Join2(AllOf, Generic[A, B], frozen=True):
    """``AllOf`` of two, with their payloads."""


@final
class Join3(AllOf, Generic[A, B, C], frozen=True):
    """``AllOf`` of three, with their payloads."""


@final
class Join4(AllOf, Generic[A, B, C, D], frozen=True):
    """``AllOf`` of four, with their payloads."""


@final
class Join5(AllOf, Generic[A, B, C, D, E], frozen=True):
    """``AllOf`` of five, with their payloads."""


@final
class WideJoin(AllOf, frozen=True):
    """``AllOf`` of so many parts that none is checked."""


class Joins2(Protocol[A, B]):
    """Decorate a join of two: each part is a payload or the list of a fan-out."""

    @overload
    def __call__(self, method: Taking[[S, A, B], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, method: Taking[[S, list[A], B], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, method: Taking[[S, A, list[B]], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, method: Taking[[S, list[A], list[B]], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, method: Taking[[S], Q, R], /) -> Callable[Q, R]: ...


class Joins3(Protocol[A, B, C]):
    """Decorate a join of three, one of them a fan-out at most."""

    @overload
    def __call__(self, method: Taking[[S, A, B, C], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, method: Taking[[S, list[A], B, C], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, method: Taking[[S, A, list[B], C], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, method: Taking[[S, A, B, list[C]], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, method: Taking[[S], Q, R], /) -> Callable[Q, R]: ...


class Joins4(Protocol[A, B, C, D]):
    """Decorate a join of four, no fan-out among them."""

    @overload
    def __call__(self, method: Taking[[S, A, B, C, D], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, method: Taking[[S], Q, R], /) -> Callable[Q, R]: ...


class Joins5(Protocol[A, B, C, D, E]):
    """Decorate a join of five, no fan-out among them."""

    @overload
    def __call__(self, method: Taking[[S, A, B, C, D, E], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, method: Taking[[S], Q, R], /) -> Callable[Q, R]: ...
