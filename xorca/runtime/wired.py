"""What every part of a Runtime works with."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from random import Random

from xorca.dsl.orchestrator import Orchestrator
from xorca.engine.commit import Limits
from xorca.engine.routing import Registry
from xorca.errors import ConfigurationError
from xorca.ports import Alarm, Bus, Clock, Lease, Store
from xorca.providers.clock import SystemClock
from xorca.runtime.attempt import Stepper
from xorca.runtime.cache import Cache
from xorca.runtime.changing import Changer
from xorca.runtime.lines import Lines
from xorca.runtime.subject import SubjectWorker


class Wired:
    """The classes, the ports, and the workers that share a cache of committed records."""

    def __init__(
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
    ) -> None:
        self.registry = Registry(orchestrators)
        self.store, self.bus, self.alarm, self.lease = store, bus, alarm, lease
        self.clock: Clock = clock or SystemClock()
        self.limits = limits or Limits()
        self._check_alarm()
        self._random = random or Random()
        self._cache, self._lines = Cache(), Lines()
        self._orphans: OrderedDict[str, int] = OrderedDict()
        self._worker = self._new_worker()
        self._changer = self._new_changer()

    def _new_worker(self) -> SubjectWorker:
        return SubjectWorker(
            Stepper(self.registry, self.limits),
            store=self.store,
            bus=self.bus,
            alarm=self.alarm,
            lease=self.lease,
            clock=self.clock,
            random=self._random,
            cache=self._cache,
            lines=self._lines,
        )

    def _new_changer(self) -> Changer:
        return Changer(
            self.store,
            self.bus,
            self.alarm,
            self.clock,
            self._random,
            self.limits,
            cache=self._cache,
            lines=self._lines,
        )

    def _check_alarm(self) -> None:
        for definition in self.registry.definitions:
            if definition.plan.has_deadlines and self.alarm is None:
                raise ConfigurationError(
                    f"{definition.plan.name!r} has @after, and nothing would wake it: pass"
                    " alarm=..., for example Runtime([...], store=store, alarm=store.alarm)"
                )
