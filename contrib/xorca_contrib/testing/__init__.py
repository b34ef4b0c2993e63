"""Run orchestrators in a test: the real Runtime, in memory, on virtual time.

The pytest fixtures ``orchestra``, ``virtual_clock`` and ``scripted_fleet`` give these objects;
they work without pytest too.
"""

from xorca_contrib.testing.clock import VirtualClock
from xorca_contrib.testing.errors import XorcaTestError
from xorca_contrib.testing.fleet import ScriptedFleet, Silence
from xorca_contrib.testing.orchestra import Orchestra
from xorca_contrib.testing.process import Process
from xorca_contrib.testing.views import DeadLetter, MemoryView

__all__ = [
    "DeadLetter",
    "MemoryView",
    "Orchestra",
    "Process",
    "ScriptedFleet",
    "Silence",
    "VirtualClock",
    "XorcaTestError",
]
