"""xorca: durable, event-driven orchestrators on serverless.

A process is a class. It wakes when an event arrives, decides, writes its new state and the
commands that follow in one conditional write, sends the commands, and is gone.
"""

from typing import TYPE_CHECKING

from xorca.dsl.decorators import after, all_of, emit, on, start
from xorca.dsl.orchestrator import Orchestrator
from xorca.dsl.states import Final, State, anywhere, end, stay
from xorca.errors import XorcaError
from xorca.events import Topic

if TYPE_CHECKING:
    from xorca.providers.open import open_store
    from xorca.runtime import Outcome, Runtime

__all__ = [
    "Final",
    "Orchestrator",
    "Outcome",
    "Runtime",
    "State",
    "Topic",
    "XorcaError",
    "after",
    "all_of",
    "anywhere",
    "emit",
    "end",
    "on",
    "open_store",
    "start",
    "stay",
]

_LATER = {
    "Outcome": "xorca.runtime",
    "Runtime": "xorca.runtime",
    "open_store": "xorca.providers.open",
}


def __getattr__(name: str) -> object:
    """Import what runs processes when it is first asked for; defining them needs less."""
    from importlib import import_module

    if name not in _LATER:
        raise AttributeError(f"module 'xorca' has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
