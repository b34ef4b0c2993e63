"""Changing what a store holds from the command line: no class is needed, nor a Runtime."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING

from xorca.cli.failing import WrongUse, plain_errors
from xorca.errors import PortError

if TYPE_CHECKING:
    from xorca.ports import Alarm, Bus
    from xorca.providers.open import StoreRoom
    from xorca.runtime.changing import Changer


def changer_of(room: StoreRoom, bus: Bus | None, alarm: Alarm | None = None) -> Changer:
    """Give what changes records, and sends to a bus; wake-ups are set where the store can.

    ``alarm`` takes the place of the store's.
    """
    from xorca.engine.commit import Limits
    from xorca.providers.clock import SystemClock
    from xorca.runtime.changing import Changer

    wakes = alarm or getattr(room, "alarm", None)
    return Changer(room, bus, wakes, SystemClock(), Random(), Limits())


class NotDone(WrongUse):
    """The store or its channel could not be used: something of what was asked is not done."""

    exit_code = 1


@contextmanager
def at_work() -> Generator[None]:
    """Turn what goes wrong into one sentence: exit code 1 where a repeat may help, else 2."""
    with plain_errors():
        try:
            yield
        except PortError as exc:
            raise NotDone(str(exc)) from exc
