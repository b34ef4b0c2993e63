"""Who calls, and what finds that out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who is known.

    ``name`` is part of the source of the events that are made for them, and what their rate
    is counted by. ``request_id`` tells this very request from any other and is the same when
    it is replayed: the ids of events that came without one are derived from it.
    """

    name: str
    request_id: str = ""


class Auth(Protocol):
    """Tell who sends a request: any async function of a Starlette request will do."""

    async def __call__(self, request: Request, /) -> Principal | None:
        """Give who it is, None for a stranger, who is answered 401.

        ``await request.body()`` is bounded in size and time, and the body can be read again
        afterwards. Raise :class:`~xorca.handlers.asgi.HttpProblem` for another answer, such as
        403 for a path that this principal may not use.
        """
        ...
