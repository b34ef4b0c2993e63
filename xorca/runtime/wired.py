"""What every part of a Runtime works with."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from random import Random
from typing import TYPE_CHECKING

from xorca.dsl.orchestrator import Orchestrator
from xorca.engine.admission import registry_of
from xorca.engine.commit import Limits
from xorca.errors import ConfigurationError
from xorca.ports import Alarm, Bus, Clock, Lease, Store
from xorca.providers.clock import SystemClock
from xorca.runtime.arming import arming_store
from xorca.runtime.attempt import Stepper
from xorca.runtime.changing import Changer
from xorca.runtime.ends import Ends
from xorca.runtime.lines import Lines
from xorca.runtime.subject import SubjectWorker
from xorca.runtime.watch import Watch

if TYPE_CHECKING:
    from xorca.engine.tokens import TokenKeys
    from xorca.telemetry.hook import Telemetry


_VERBS = {"store": "load", "bus": "publish", "alarm": "set", "lease": "hold"}


class Wired:
    """The classes, the ports, and the workers that share a cache of committed records."""

    def __init__(  # noqa: PLR0913 - a runtime is put together from all of these
        self,
        orchestrators: Iterable[type[Orchestrator]],
        *,
        store: Store,
        bus: Bus | None = None,
        alarm: Alarm | None = None,
        lease: Lease | None = None,
        clock: Clock | None = None,
        limits: Limits | None = None,
        random: Random | None = None,
        tokens: TokenKeys | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        self.registry = registry_of(orchestrators, tokens=tokens)
        self.tokens, self.telemetry = tokens, telemetry
        self._watch = Watch((each.plan.name for each in self.registry.definitions), telemetry)
        self.store, self.bus, self.alarm, self.lease = store, bus, alarm, lease
        self.clock: Clock = clock or SystemClock()
        self.limits = limits or Limits()
        self._check_rooms()
        self._check_alarm()
        self._random = random or Random()
        self._cache, self._lines, self._ends = self._watch.cache(), Lines(), Ends()
        self._orphans: OrderedDict[str, int] = OrderedDict()
        self._worker = self._new_worker()
        self._changer = self._new_changer()

    def _new_worker(self) -> SubjectWorker:
        store = self._watch.store(self.store)
        arming = arming_store(store, self.alarm)
        return SubjectWorker(
            Stepper(self.registry, self.limits, arming=arming is not None),
            store=store,
            bus=self._watch.bus(self.bus),
            alarm=self.alarm,
            lease=self.lease,
            clock=self.clock,
            random=self._random,
            cache=self._cache,
            arming=arming,
            lines=self._lines,
            ends=self._ends,
        )

    def _new_changer(self) -> Changer:
        return Changer(
            self._watch.store(self.store),
            self._watch.bus(self.bus),
            self.alarm,
            self.clock,
            self._random,
            self.limits,
            cache=self._cache,
            lines=self._lines,
            ends=self._ends,
        )

    def _check_rooms(self) -> None:
        """Refuse what is no room at once; the first event would be told of it by a fault."""
        rooms = {"store": self.store, "bus": self.bus, "alarm": self.alarm, "lease": self.lease}
        for name, room in rooms.items():
            verb = _VERBS[name]
            if not (room is None and name != "store") and not hasattr(room, verb):
                cure = "" if name == "lease" else f"; for a URL write open_{name}(url)"
                raise ConfigurationError(
                    f"{name}={room!r:.100} is no {name} of a Runtime: it has no {verb!r}{cure}"
                )

    def _check_alarm(self) -> None:
        for definition in self.registry.definitions:
            if definition.plan.has_deadlines and self.alarm is None:
                raise ConfigurationError(
                    f"{definition.plan.name!r} has @after, and nothing would wake it: pass"
                    " alarm=..., for example Runtime([...], store=store, alarm=store.alarm)"
                )
