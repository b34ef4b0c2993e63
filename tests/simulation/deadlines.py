"""Whether a process has the deadlines that its class gives it, and whether they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.lives import Life
from tests.simulation.models import MODELS
from tests.simulation.ports import BEGIN_SECONDS
from tests.simulation.sight import Sight, wakes_of

if TYPE_CHECKING:
    from tests.simulation.ledger import Ledger
    from tests.simulation.world import World
    from xorca.runtime.swept import Swept

OVERDUE = 1200.0
"""How late a deadline may be when nothing goes wrong any more, in seconds: it was delivered
anew by then, some times."""

APART = 7.0
"""How far two clocks may be apart, in seconds."""


def check_timers(ledger: Ledger, life: Life, sight: Sight) -> None:
    """Compare the timers of a record that was just stored with those of the model (I9)."""
    if sight.status != "active":
        return
    model = MODELS[sight.name, sight.version]
    wanted = {**model.lifetime, **model.timers.get(life.walk.state, {})}
    delays = {f"after:{name}:0": seconds for name, seconds in wanted.items()}
    fallen = {name for wake in life.fallen for name in delays if wake.endswith(f"-{name}")}
    if not sight.timers.keys() <= delays.keys() <= sight.timers.keys() | fallen:
        found = sorted(sight.timers)
        ledger.wrong("I9", f"{sight.subject}: in {sight.state!r} its deadlines are {found}")
        return
    known = wakes_of(life.last) if life.last is not None else {}
    for wake, timer in wakes_of(sight).items():
        if timer.set and wake not in ledger.armed_at and wake not in ledger.arming:
            ledger.wrong("I9", f"{sight.subject}: {wake} is noted as set, and never was")
        name = next(name for name in delays if wake.endswith(f"-{name}"))
        late = timer.due - sight.updated - delays[name]
        if wake not in known and abs(late) > 0.01:
            ledger.wrong("I9", f"{sight.subject}: {name} is set for {late:+.1f} s too late")


def check_in_time(ledger: Ledger, life: Life, sight: Sight, token: str) -> None:
    """Complain of a deferred event that is applied when its time is over (I3)."""
    waited = {one.event.id: one.expires for one in life.last.deferred} if life.last else {}
    if waited.get(token, sight.updated) < sight.updated:
        ledger.wrong("I3", f"{sight.subject}: {token} was applied when its time was over")


def check_overdue(ledger: Ledger, last: Sight, sight: Sight) -> None:
    """Complain of a deadline that should have come before this commit, but for lost ones (I9)."""
    if last.status != "active":
        return
    for wake, timer in wakes_of(last).items():
        told = wake in ledger.unheard or wake in ledger.loose  # there was no room for it
        if max(timer.due, ledger.troubled) < sight.updated - OVERDUE and not told:
            ledger.wrong("I9", f"{sight.subject}: the deadline {wake} never came")


def check_swept(world: World, swept: Swept, began: float) -> None:
    """Complain of a wake-up that was lost before a sweep began, and that it did not set (I9)."""
    ledger, before = world.ledger, BEGIN_SECONDS + began - APART
    if swept.failures:
        return
    for life in ledger.lives.values():
        last = life.last
        if last is None or last.status != "active" or life.touched >= began:
            continue
        for wake, timer in wakes_of(last).items():
            was_lost = ledger.unheard.get(wake, began) < began and timer.due < before
            if was_lost and ledger.armed_at[wake] < began:
                ledger.wrong("I9", f"{last.subject}: {wake} was lost, and a sweep passed it over")
