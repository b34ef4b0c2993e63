"""The services' side: commands in, answers out."""

from xorca.fleet.call import Call
from xorca.fleet.core import Fleet
from xorca.fleet.signals import Refusal, TryAgain

__all__ = ["Call", "Fleet", "Refusal", "TryAgain"]
