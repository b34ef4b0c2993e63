"""What the decorators of a Fleet take and give back, for type checkers; nothing here runs.

As in the language itself, a function fits a shape of two overloads only if it fits both:
the first says what is demanded, the second captures the function as it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ParamSpec, Protocol, TypeVar, overload

from xorca.fleet.call import Call

A_co = TypeVar("A_co", covariant=True)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
Wanted = ParamSpec("Wanted")
Q = ParamSpec("Q")


class Working(Protocol[Wanted, Q, R_co]):
    """An async function that can be called with what is wanted."""

    @overload
    def __call__(self, *args: Wanted.args, **kwargs: Wanted.kwargs) -> Awaitable[object]: ...
    @overload
    def __call__(self, *args: Q.args, **kwargs: Q.kwargs) -> R_co: ...


# The variance is right; pyright sees only the last overload, which fits every first.
class Serves(Protocol[A_co]):  # pyright: ignore[reportInvalidTypeVarUse]
    """Decorate an async function that takes the payload, a Call, both in this order, or nothing."""

    @overload
    def __call__(self, function: Working[[A_co], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, function: Working[[A_co, Call], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, function: Working[[Call], Q, R], /) -> Callable[Q, R]: ...
    @overload
    def __call__(self, function: Working[[], Q, R], /) -> Callable[Q, R]: ...
