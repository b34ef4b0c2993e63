"""When a server looks for garbage: rarely, for hardly any of it needs looking for."""

from __future__ import annotations

import gc

_THRESHOLDS = (10_000, 20, 20)


def look_for_garbage_rarely() -> None:
    """Spare this program most of the work of Python's collector of cycles.

    What a request leaves behind is freed by counting references. Python looks for cycles
    after every 700 objects all the same, and now and then through everything that there is:
    the modules, which are here to stay, and thousands of connections, while nobody is
    answered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
