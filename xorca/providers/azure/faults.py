"""What the errors of Blob storage and its SDK mean, each in one sentence with its cure.

Three things can be wrong with a request: its condition did not hold (Conflict, LeaseLost),
its outcome is not known (Unavailable), or nothing was done and nothing will be until
somebody acts (AzureRefused). A Runtime answers the last two with ``retry``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xorca.errors import (
    Conflict,
    LeaseHeld,
    LeaseLost,
    PortError,
    RecordTooLarge,
    Unavailable,
    XorcaError,
)
from xorca.providers.azure import faults_codes as codes

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError, HttpResponseError


class AzureRefused(PortError):
    """Azure does not serve this request as things are; nothing was done.

    ``reason`` is ``credentials``, ``access``, ``clock``, ``missing``, ``account`` or ``request``.
    """

    def __init__(self, message: str = "", *, reason: str = "request") -> None:
        self.reason = reason
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Place:
    """A container, and where its account is."""

    container: str
    account: str

    def __str__(self) -> str:
        return f"the container {self.container!r} of {self.account or 'its account'}"


class Gone(PortError):
    """There is no such blob."""


class KeptAway(Conflict, LeaseHeld):
    """Somebody else has the lease on the blob; nothing was saved, nor will be before its end."""


class LeaseRefused(PortError):
    """What was asked of a lease was refused: it is somebody else's, or nobody's."""


@asynccontextmanager
async def asking(place: Place, key: str = "") -> AsyncGenerator[None]:
    """Translate what the SDK raises in the block.

    Raises:
        Conflict: a condition did not hold; KeptAway: somebody else has a lease on the blob.
        LeaseLost: the lease that went with a write is not ours any more.
        Gone, LeaseRefused: as their names say.
        Unavailable, AzureRefused: as above. Errors of xorca pass as they are.
    """
    from azure.core.exceptions import AzureError

    try:
        yield
    except XorcaError:
        raise
    except AzureError as exc:
        raise _translated(exc, place, key) from exc
    except (OSError, EOFError) as exc:  # TimeoutError is one
        raise Unavailable(codes.NO_ANSWER.format(place=place) + _told(exc)) from exc
    except Exception as exc:
        found = _stumbled(exc, place, key)
        if found is None:
            raise
        raise found from exc


def _stumbled(exc: Exception, place: Place, key: str) -> PortError | None:
    """Judge what is no error of the SDK: it stumbles over answers that are not Azure's own."""
    from aiohttp import ClientError
    from azure.core.exceptions import HttpResponseError

    if isinstance(exc, ClientError):
        return Unavailable(codes.NO_ANSWER.format(place=place) + _told(exc))
    answer = exc.__context__
    while answer is not None and not isinstance(answer, HttpResponseError):
        answer = answer.__context__
    if answer is not None:
        return _translated(answer, place, key)
    # A success without the headers, or the XML, that are read from it: of a portal on the way.
    return not_azure(place, _told(exc)) if isinstance(exc, ValueError | LookupError) else None


def not_azure(place: Place, told: str = "") -> Unavailable:
    """Say that an answer came from somebody else, such as a portal on the way."""
    return Unavailable(codes.NOT_AZURE.format(place=place) + told)


def _translated(exc: AzureError, place: Place, key: str) -> PortError:
    from azure.core.exceptions import (
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
    )

    code = code_of(exc) if isinstance(exc, HttpResponseError) else ""
    if isinstance(exc, ClientAuthenticationError) and not code:  # it is about a token
        return AzureRefused(codes.SIGN_IN.format(place=place) + _told(exc), reason="credentials")
    if isinstance(exc, HttpResponseError) and exc.response is not None:
        return _of_condition(exc, code, key) or _answered(exc, code, place)
    sentence = codes.NOT_THERE if isinstance(exc, ServiceRequestError) else codes.NO_ANSWER
    return Unavailable(sentence.format(place=place) + _told(exc))


def _of_condition(exc: HttpResponseError, code: str, key: str) -> PortError | None:
    """Say that a condition did not hold; None if it is something else."""
    if code == "LeaseIdMissing":
        return KeptAway(f"somebody else has the lease on {key!r}; try when it is given back")
    if code in codes.FENCED:
        return LeaseLost(
            f"the lease on {key!r} is not ours any more, and nothing was changed; stop, and start"
            f" again from what is stored ({code})"
        )
    if code in codes.LEASES:
        return LeaseRefused(f"the lease on {key!r} is not ours ({code})")
    if code in codes.GONE:  # a 404 without a code is not Azure's, and the blob may be there
        return Gone(f"nothing is stored under {key!r}")
    if code in codes.CONDITION or exc.status_code == 412 or (exc.status_code == 409 and not code):
        return Conflict(f"{key!r} was saved by somebody else since this tag was read")
    return None


def _answered(exc: HttpResponseError, code: str, place: Place) -> PortError:
    """Judge an answer by its code, and by its status where the code is not known."""
    status, told = exc.status_code or 0, _told(exc, code)
    if code in codes.TRANSIENT or status >= 500 or status in codes.STATUS_LATER or status < 300:
        return Unavailable(f"{place} did not serve the request in full; try again{told}")
    if status == 404 and not code:
        return not_azure(place, told)
    if status == 413:
        return RecordTooLarge(f"{place} does not take a body of this size{told}")
    reason, sentence = _refusal(exc, code)
    text = sentence.format(place=place, container=place.container)
    return AzureRefused(text + told, reason=reason)


def _refusal(exc: HttpResponseError, code: str) -> tuple[str, str]:
    text = str(exc).lower()
    for known, words, refusal in codes.BY_WORDS:
        if code == known and words in text:
            return refusal
    if code in codes.SENTENCES:
        return codes.SENTENCES[code]
    if exc.status_code in (401, 403):
        return "access", codes.ROLE
    return "request", codes.OTHER


def code_of(exc: HttpResponseError) -> str:
    """Give the code that Azure answered, such as "BlobNotFound"; else ""."""
    found: object = getattr(exc, "error_code", None)  # the SDK adds it to errors of storage
    if found is None:
        headers: Mapping[str, str] = getattr(exc.response, "headers", {})
        found = headers.get("x-ms-error-code")
    return str(getattr(found, "value", found) or "")


def _told(exc: BaseException, code: str = "") -> str:
    """Give what was said, short: an answer may repeat all that was signed."""
    lines = str(exc).strip().splitlines() or [type(exc).__name__]
    words = " ".join(lines[0].split())[:300]
    return f" ({code}: {words})" if code else f" ({words})"
