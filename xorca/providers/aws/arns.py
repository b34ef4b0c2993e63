"""What the name of a place on AWS tells of where it is."""

from __future__ import annotations

from typing import Final

from xorca.events.lazy import lazy_pattern
from xorca.providers.aws.clients import AwsClients, AwsOptions, clients_of

_ARN: Final = lazy_pattern(r"arn:[a-z0-9-]+:[a-z0-9-]+:(?P<region>[a-z0-9-]+):.+")
_URL: Final = lazy_pattern(r"https://sqs\.(?P<region>[a-z0-9-]+)\.amazonaws\.[a-z.]+/.+")


def service_of(arn: str) -> str:
    """Give the service that an ARN names, or an empty text."""
    parts = arn.split(":", 5)
    return parts[2] if len(parts) == 6 and parts[0] == "arn" else ""


def clients_at(
    place: str, clients: AwsClients | None, options: AwsOptions
) -> tuple[AwsClients, bool]:
    """Give the clients of a room, and whether they are its own to close.

    Its own are in the region of an ARN, or of a queue's URL, where no other is given.

    Raises:
        ConfigurationError: there are clients, and options besides.
    """
    found = _ARN.fullmatch(place) or _URL.fullmatch(place)
    if clients is None and found is not None and "region" not in options:
        options = {**options, "region": found["region"]}
    return clients_of(clients, options)
