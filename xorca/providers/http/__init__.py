"""The room beyond the network: events leave by HTTP, to addresses that were judged."""

from xorca.providers.http.bus import HttpBus
from xorca.providers.http.destinations import Policy
from xorca.providers.http.resolving import Resolver, SystemResolver
from xorca.providers.http.retrying import Signer
from xorca.providers.http.sending import Answer, GuardedSender

__all__ = [
    "Answer",
    "GuardedSender",
    "HttpBus",
    "Policy",
    "Resolver",
    "Signer",
    "SystemResolver",
]
