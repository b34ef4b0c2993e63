"""The Runtime: decode, load, step, save, publish, acknowledge. It awaits ports and nothing else."""

from xorca.engine.draft import Limits
from xorca.runtime.core import Runtime
from xorca.runtime.outcome import Outcome

__all__ = ["Limits", "Outcome", "Runtime"]
