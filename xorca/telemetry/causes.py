"""What may be said of an exception in a log: what it is and where, not what it says.

Its message may hold a payload or a secret, unless it is one of ours.
"""

from __future__ import annotations

import traceback

from xorca.errors import ConfigurationError, InvalidEvent, PortError, RecordError

_OURS = (PortError, RecordError, ConfigurationError, InvalidEvent)
_FRAMES = 12


def cause_of(error: BaseException) -> str:
    """Say what an exception is: type and place, or the message where it is one of ours."""
    name = type(error).__qualname__
    if isinstance(error, _OURS):
        return f"{name}: {error}"
    at = place_of(error)
    return f"{name} at {at}" if at else name


def place_of(error: BaseException) -> str:
    """Say where an exception was raised; empty if it never was."""
    frames = frames_of(error)
    return frames[-1] if frames else ""


def frames_of(error: BaseException) -> list[str]:
    """Give the innermost frames of an exception, outermost first, without any values."""
    found = traceback.extract_tb(error.__traceback__, limit=-_FRAMES)
    return [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in found]


def whole_of(error: BaseException) -> str:
    """Give the whole traceback with all messages, for the level DEBUG alone."""
    try:
        return "".join(traceback.format_exception(error)).rstrip()
    except Exception as exc:  # of an exception that cannot say what it is
        return f"{type(error).__qualname__}, which cannot be shown ({type(exc).__qualname__})"
