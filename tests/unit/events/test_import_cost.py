"""What importing the events costs: nothing that an orchestrator does not need."""

from __future__ import annotations

import subprocess
import sys

# The package's own __init__ is passed over: it may load what its other parts need.
PROBE = """
import sys, types
package = types.ModuleType("xorca")
package.__path__ = ["xorca"]
sys.modules["xorca"] = package
import xorca.events
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_import_is_light() -> None:
    """Importing xorca.events loads neither the SDK nor asyncio nor pydantic."""
    ran = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)

    assert {"cloudevents", "asyncio", "pydantic", "dateutil"}.isdisjoint(ran.stdout.split())
