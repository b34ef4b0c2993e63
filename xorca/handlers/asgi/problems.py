"""What a caller did wrong, said as RFC 9457 has it: a status, a kind and one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from xorca.errors import XorcaError

MEDIA_TYPE: Final = "application/problem+json"


class HttpProblem(XorcaError):
    """A request is answered with a problem.

    An ``auth`` of yours may raise one, such as ``HttpProblem(403, "forbidden", "...")``.

    Args:
        status: The status of the answer, 400 to 599.
        kind: A stable word; the ``type`` of the problem is ``urn:xorca:problem:<kind>``.
        detail: One sentence for a person. It must hold nothing of the payload.
        headers: Sent with it.
    """

    def __init__(
        self, status: int, kind: str, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.headers = dict(headers or {})
        self.more: dict[str, object] = {}

    def members(self) -> dict[str, object]:
        """Give the members of the JSON document."""
        return {
            "type": f"urn:xorca:problem:{self.kind}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }


def again(kind: str, detail: str, *, status: int = 503, after: int = 1) -> HttpProblem:
    """Give the problem that goes away by itself; ``after`` so many seconds."""
    return HttpProblem(status, kind, detail, headers={"Retry-After": str(after)})


def unauthorized(detail: str) -> HttpProblem:
    """Give the problem of a caller who is not known."""
    return HttpProblem(401, "unauthorized", detail, headers={"WWW-Authenticate": "xorca-hmac"})


def not_json(detail: str) -> HttpProblem:
    """Give the problem of a body that is not the JSON that is due here."""
    return HttpProblem(400, "malformed", detail)


def not_found(detail: str) -> HttpProblem:
    """Give the problem of an address with nothing behind it."""
    return HttpProblem(404, "not-found", detail)
