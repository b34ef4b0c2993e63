"""The codes that Blob storage answers, and what each of them tells a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

CONDITION: Final = frozenset(
    (
        *("ConditionNotMet", "TargetConditionNotMet", "BlobAlreadyExists", "BlobOverwritten"),
        *("ResourceAlreadyExists", "SourceConditionNotMet"),
    )
)
FENCED: Final = frozenset(
    ("LeaseIdMismatchWithBlobOperation", "LeaseLost", "LeaseNotPresentWithBlobOperation")
)
LEASES: Final = frozenset(
    (
        *("LeaseAlreadyPresent", "LeaseAlreadyBroken", "LeaseIdMismatchWithLeaseOperation"),
        *("LeaseIsBreakingAndCannotBeAcquired", "LeaseIsBreakingAndCannotBeChanged"),
        *("LeaseIsBrokenAndCannotBeRenewed", "LeaseNotPresentWithLeaseOperation"),
    )
)
GONE: Final = frozenset(("BlobNotFound", "ResourceNotFound"))
TRANSIENT: Final = frozenset(
    (
        *("AccountBeingCreated", "ContainerBeingDeleted", "InternalError", "OperationTimedOut"),
        *("ServerBusy", "SystemInUse"),
    )
)
STATUS_LATER: Final = frozenset((408, 425, 429))

ROLE: Final = (
    "{place} cannot be used: whoever asks has no leave for it; give the identity the role"
    " 'Storage Blob Data Contributor' on the container"
)
KEY: Final = (
    "{place} cannot be used: Azure does not accept these credentials; look at the account key,"
    " the SAS token or the identity, and whether they are of this account"
)
NETWORK: Final = (
    "{place} cannot be used: the account refuses this request; look at the firewall and network"
    " rules of the account, and at what the SAS token allows"
)
SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "AuthenticationFailed": ("credentials", KEY),
    "InvalidAuthenticationInfo": ("credentials", KEY),
    "NoAuthenticationInformation": ("credentials", KEY),
    "AuthorizationPermissionMismatch": ("access", ROLE),
    "InsufficientAccountPermissions": ("access", ROLE),
    "AuthorizationFailure": ("access", NETWORK),
    "AuthorizationProtocolMismatch": ("access", NETWORK),
    "AuthorizationResourceTypeMismatch": ("access", NETWORK),
    "AuthorizationServiceMismatch": ("access", NETWORK),
    "AuthorizationSourceIPMismatch": ("access", NETWORK),
    "KeyBasedAuthenticationNotPermitted": (
        "access",
        (
            "{place} cannot be used: the account takes no keys; give account_url= and an identity"
            " in place of the connection string"
        ),
    ),
    "PublicAccessNotPermitted": ("credentials", KEY),
    "AccountIsDisabled": (
        "account",
        "{place} cannot be used: its account is disabled; look at the subscription",
    ),
    "ContainerNotFound": (
        "missing",
        (
            "{place} does not exist in this account; create it ('az storage container create --name"
            " {container}'), or look at the names of container and account"
        ),
    ),
    "ContainerDisabled": ("account", "{place} is disabled; look at the account"),
    "InvalidBlobType": (
        "request",
        "{place} holds an append or page blob where a record belongs; use another prefix",
    ),
    "BlobArchived": (
        "request",
        (
            "{place} holds a blob that was moved to the archive; rehydrate it, and take the prefix"
            " out of the lifecycle rules of the account"
        ),
    ),
    "BlobImmutableDueToPolicy": (
        "request",
        (
            "{place} keeps its blobs from being changed; use a container without an immutability"
            " policy"
        ),
    ),
    "SnapshotsPresent": (
        "request",
        "{place} holds a blob with snapshots, which cannot be deleted; delete its snapshots",
    ),
}
VERSION: Final = (
    "{place} does not know this version of the protocol; say api_version='2025-11-05', for example"
)
CLOCK: Final = "{place} cannot be used: the clock of this machine is wrong; set it by NTP"
EXPIRED: Final = (
    "{place} cannot be used: the SAS token is not valid now; make a new one, and look at the"
    " clock of this machine"
)
SIGN_IN: Final = (
    "{place} cannot be used: no identity was found; give the app a managed identity, sign in"
    " with 'az login', or give a connection string or credential="
)
NO_ANSWER: Final = "{place} gave no answer, so that what became of the request is unknown"
NOT_AZURE: Final = "{place} answered what Azure never says; try again, and look at the address"
NOT_THERE: Final = (
    "{place} cannot be reached; look at the name of the account, the endpoint and the network"
)
OTHER: Final = "{place} refuses the request; look at its name and settings"
BY_WORDS: Final[Sequence[tuple[str, str, tuple[str, str]]]] = (
    ("AuthenticationFailed", "date header", ("clock", CLOCK)),
    ("AuthenticationFailed", "specified time frame", ("credentials", EXPIRED)),
    ("AuthorizationFailure", "failed to authenticate", ("credentials", KEY)),  # Azurite says so
    ("InvalidHeaderValue", "x-ms-version", ("request", VERSION)),
    ("InvalidHeaderValue", "api version", ("request", VERSION)),
)
