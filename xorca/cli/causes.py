"""What went wrong, as one line for the screen of the author."""

from __future__ import annotations

import msgspec

from xorca.cli.places import shown_place
from xorca.cli.printing import plain
from xorca.engine.letters import DEAD_LETTER_TYPE
from xorca.errors import XorcaError
from xorca.runtime import Outcome


def cause_of(outcome: Outcome) -> str:
    """Say what was raised: the text of the exception too, for this is the author's screen."""
    error = outcome.error
    if error is None:
        return _told(outcome)
    raised = error.__cause__ if isinstance(error, XorcaError) else error
    if raised is None or outcome.reason == "payload":
        return plain(str(error))
    trace = raised.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return plain(f"{type(raised).__name__}: {raised}")
    at = shown_place(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
    return plain(f"{type(raised).__name__}: {raised} ({at})")


def _told(outcome: Outcome) -> str:
    """Give the cause that the dead letter tells."""
    for event in outcome.sent:
        if event.type == DEAD_LETTER_TYPE:
            return plain(str(msgspec.json.decode(event.data or b"{}").get("cause", "")))
    return "'xorca show' says why"
