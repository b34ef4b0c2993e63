"""What the errors of AWS and its SDK mean, each in one sentence with its cure.

Everything becomes one of two: Unavailable (time-outs, lost connections, throttling, a fault
of the service; it may have happened, and may be tried later), or AwsRefused (nothing was
done, and nothing will be until somebody acts). A Runtime answers both with ``retry``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from xorca.errors import PortError, Unavailable, XorcaError


class AwsRefused(PortError):
    """AWS does not serve this request as things are; nothing was done.

    ``reason`` is ``credentials``, ``expired``, ``region``, ``access``, ``missing``, ``clock``
    or ``request``.
    """

    def __init__(self, message: str = "", *, reason: str = "request") -> None:
        self.reason = reason
        super().__init__(message)


_EXPIRED: Final = frozenset(
    ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
)
_UNKNOWN_KEYS: Final = frozenset(
    (
        *("InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException"),
        *("InvalidToken", "IncompleteSignature", "MissingAuthenticationToken"),
        *("MissingAuthenticationTokenException", "SignatureDoesNotMatch"),
        *("UnrecognizedClientException", "NotSignedUp"),
    )
)
_DENIED: Final = frozenset(
    (
        *("AccessDenied", "AccessDeniedException", "AccessDeniedFault", "AllAccessDisabled"),
        *("AuthorizationError", "AuthorizationErrorException", "NotAuthorized", "Forbidden"),
        *("UnauthorizedOperation", "403", "KMSAccessDenied", "KMS.AccessDeniedException"),
    )
)
_MISSING: Final = frozenset(
    (
        *("NoSuchBucket", "ResourceNotFoundException", "NotFound", "NotFoundException"),
        *("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "TableNotFoundException"),
    )
)
_CLOCK: Final = frozenset(("RequestTimeTooSkewed", "RequestInTheFuture"))
_ELSEWHERE: Final = frozenset(
    ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")
)
_TRANSIENT: Final = frozenset(
    (
        *("BandwidthLimitExceeded", "EC2ThrottledException", "InternalError", "InternalFailure"),
        *("InternalServerError", "KMSThrottling", "KMSThrottlingException"),
        *("KMS.ThrottlingException", "KmsThrottled", "InternalException"),
        *("OperationAborted", "PriorRequestNotComplete", "TransactionConflictException"),
        *("ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled"),
        *("RequestThrottledException", "RequestTimeout", "RequestTimeoutException"),
        *("ReplicatedWriteConflictException", "ServiceUnavailable", "SlowDown"),
        *("ThrottledException", "Throttling", "ThrottlingException", "TooManyRequests"),
        *("TooManyRequestsException", "TransactionInProgressException"),
    )
)
_STATUS_LATER: Final = frozenset((408, 409, 425, 429))

_HAS_EXPIRED: Final = (
    "{place} cannot be used: the credentials have expired; renew them (a function's role does"
    " so by itself, keys of a session need a new session_token)"
)
_IS_UNKNOWN: Final = (
    "{place} cannot be used: AWS does not know these credentials; look at the access key, its"
    " secret and the session token, and whether they are of this account"
)
_IS_DENIED: Final = (
    "{place} cannot be used: access is denied; allow {action} on it to the role that asks"
)
_IS_MISSING: Final = (
    "{place} does not exist where it was looked for; create it, or look at its name, the region"
    " and the endpoint"
)


@asynccontextmanager
async def asking(place: str) -> AsyncGenerator[None]:
    """Translate what the SDK raises in the block; ``place`` is such as "the bucket 'orders'".

    Raises:
        Unavailable, AwsRefused: as above. Errors of xorca pass as they are.
    """
    try:
        yield
    except XorcaError:
        raise
    except Exception as exc:
        found = _translated(exc, place)
        if found is None:
            raise
        raise found from exc


def code_of(error: BaseException) -> str:
    """Give the code of an error that AWS answered, such as "NoSuchKey"; else ""."""
    return str(_section(error, "Error").get("Code", ""))


def is_transient(code: str) -> bool:
    """Whether a code, such as that of one entry of a batch, means that it may be tried later."""
    return code in _TRANSIENT


def status_of(error: BaseException) -> int:
    """Give the HTTP status of an error that AWS answered; else 0."""
    return int(_section(error, "ResponseMetadata").get("HTTPStatusCode", 0))


def no_credentials(why: str = "") -> AwsRefused:
    """Say that nobody told who asks."""
    return AwsRefused(
        "AWS cannot be asked: no credentials were found; give the function a role, set"
        f" AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile{_told(why)}",
        reason="credentials",
    )


def not_aws(place: str) -> Unavailable:
    """Say that an answer came from somebody else, such as a portal on the way."""
    return Unavailable(_NOT_AWS.format(place=place))


def _translated(exc: Exception, place: str) -> PortError | None:
    """Give what an error means; None for one that is neither of AWS nor of the network."""
    if code_of(exc):
        return _answered(exc, place)
    return _of_the_sdk(exc, place)


def _answered(exc: Exception, place: str) -> PortError:
    """Judge an answer of AWS by its code, and by its status where the code is not known."""
    code, status = code_of(exc), status_of(exc)
    told = _told(f"{code}: {_section(exc, 'Error').get('Message', '')}")
    if code in _TRANSIENT or status >= 500 or status in _STATUS_LATER:
        return Unavailable(f"{place} did not serve the request in full; try again{told}")
    for codes, reason, sentence in _SENTENCES:
        if code in codes:
            filled = sentence.format(place=place, action=_action(exc), region=_true_region(exc))
            return AwsRefused(filled + told, reason=reason)
    return AwsRefused(
        f"{place} refuses {_action(exc)}; look at what was asked for and at its settings{told}"
    )


_NO_ANSWER: Final = "{place} gave no answer, so that what became of the request is unknown"
_NOT_THERE: Final = (
    "{place} cannot be reached; look at the endpoint, the region and the network, and try again"
)
_NOT_AWS: Final = "{place} answered what AWS never says; try again, and look at the endpoint"
_NO_REGION: Final = (
    "{place} cannot be used: no region is known; give region='eu-central-1', say, or set"
    " AWS_DEFAULT_REGION"
)
_SENTENCES: Final[Sequence[tuple[frozenset[str], str, str]]] = (
    (_EXPIRED, "expired", _HAS_EXPIRED),
    (_UNKNOWN_KEYS, "credentials", _IS_UNKNOWN),
    (_DENIED, "access", _IS_DENIED),
    (_MISSING, "missing", _IS_MISSING),
    (_CLOCK, "clock", "{place} cannot be used: the clock of this machine is wrong; set it"),
    (_ELSEWHERE, "region", "{place} is in another region; give region={region!r}"),
)


def _of_the_sdk(exc: Exception, place: str) -> PortError | None:
    """Judge what never became an answer."""
    from botocore import exceptions as sdk

    why = _told(f"{type(exc).__name__}: {exc}")
    if isinstance(exc, sdk.NoRegionError):
        return AwsRefused(_NO_REGION.format(place=place) + why, reason="region")
    if isinstance(exc, _credential_errors(sdk)):
        return no_credentials(f"{type(exc).__name__}: {exc}")
    sentence = _of_the_network(exc, sdk)
    if sentence:
        return Unavailable(sentence.format(place=place) + why)
    if isinstance(exc, sdk.BotoCoreError | sdk.ClientError | ValueError):
        return AwsRefused(f"{place} cannot be asked for this; look at its name and options{why}")
    return None


def _of_the_network(exc: Exception, sdk: Any) -> str:
    """Give the sentence for a failure on the way; "" for another one."""
    from botocore.parsers import ResponseParserError

    if isinstance(exc, sdk.ConnectTimeoutError) or _is_unreachable(exc):
        return _NOT_THERE
    if isinstance(exc, ResponseParserError):
        return _NOT_AWS
    lost = isinstance(exc, sdk.ConnectionError | sdk.HTTPClientError | OSError) or _is_cut(exc)
    return _NO_ANSWER if lost else ""


def _credential_errors(sdk: Any) -> tuple[type[Exception], ...]:
    return (
        *(sdk.NoCredentialsError, sdk.PartialCredentialsError, sdk.CredentialRetrievalError),
        *(sdk.NoAuthTokenError, sdk.TokenRetrievalError, sdk.ProfileNotFound, sdk.SSOError),
        *(sdk.ConfigNotFound, sdk.ConfigParseError, sdk.MetadataRetrievalError),
    )


def _is_unreachable(exc: Exception) -> bool:
    """Whether there never was a connection; the SDK says so of one that was lost, too."""
    from aiohttp import ClientConnectorError

    kwargs: object = getattr(exc, "kwargs", None)
    cause = cast("Mapping[str, object]", kwargs).get("error") if isinstance(kwargs, dict) else None
    return isinstance(cause, ClientConnectorError)


def _is_cut(exc: Exception) -> bool:
    """Whether the transport under the SDK failed, which is not always translated there."""
    from aiohttp import ClientError as TransportError
    from botocore.exceptions import ChecksumError, IncompleteReadError

    return isinstance(exc, TransportError | IncompleteReadError | ChecksumError)


def _section(error: BaseException, name: str) -> Mapping[str, Any]:
    response: object = getattr(error, "response", None)  # that of a ClientError is a dict
    if not isinstance(response, dict):
        return {}
    found = cast("Mapping[str, object]", response).get(name)
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def _action(exc: Exception) -> str:
    return str(getattr(exc, "operation_name", "") or "the request")


def _true_region(exc: Exception) -> str:
    headers = _section(exc, "ResponseMetadata").get("HTTPHeaders", {})
    return str(headers.get("x-amz-bucket-region") or "where it is")


def _told(why: str) -> str:
    why = " ".join(why.split())[:300]
    return f" ({why})" if why else ""
