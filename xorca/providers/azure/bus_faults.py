"""What a fault of a bus means: try again, or one sentence about what to change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from xorca.providers.azure.patience import NotTaken, TryLater
from xorca.providers.http.verdicts import Verdict, retry_after, verdict_of

_TOO_LARGE = 413


def judged(
    status: int, headers: Mapping[str, str], *, told: str, cures: Mapping[int, str]
) -> NotTaken | TryLater:
    """Judge an answer that is no success.

    ``told`` begins the sentence (who answered what), ``cures`` ends it for a status.
    """
    if verdict_of(status) is Verdict.AGAIN:
        lower = {name.lower(): value for name, value in headers.items()}
        return TryLater(f"{told}; try again later", retry_after(lower, datetime.now(UTC)))
    cure = cures.get(status, "it will not take this as it is; look at its address and its log")
    return NotTaken(f"{told}: {cure}", too_large=status == _TOO_LARGE)


def unreachable(shown: str, exc: BaseException) -> TryLater:
    """Say that no answer came; whether the request was heard is not known."""
    what = " ".join(str(exc).split())[:200] or type(exc).__name__
    return TryLater(
        f"no answer from {shown} ({what}): look at the address, the network, and whether it is up"
    )


def named(status: int, code: str = "") -> str:
    """Give a status as people know it, such as ``404 Not Found``, with the service's own code."""
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    return f"{phrase} ({code})" if code else phrase
