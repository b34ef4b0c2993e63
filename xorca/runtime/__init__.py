"""The Runtime: decode, load, step, save, publish, acknowledge. It awaits ports and nothing else."""

from typing import TYPE_CHECKING

from xorca.engine.draft import Limits
from xorca.runtime.core import Runtime
from xorca.runtime.outcome import Outcome

if TYPE_CHECKING:
    from xorca.engine.tokens import TokenKeys

__all__ = ["Limits", "Outcome", "Runtime", "TokenKeys"]


def __getattr__(name: str) -> object:
    """Import the keys of tokens where somebody has some; others need none of it."""
    if name != "TokenKeys":
        raise AttributeError(f"module 'xorca.runtime' has no attribute {name!r}")
    from xorca.engine.tokens import TokenKeys

    return TokenKeys
