"""Reading one process for work on it: its record, fresh from the store, and its class."""

from __future__ import annotations

from xorca.engine.record import Record, unseal
from xorca.engine.routing import Registry
from xorca.errors import ConfigurationError, ProcessNotFound
from xorca.runtime.cache import Warm
from xorca.runtime.naming import check_found, key_of, not_found
from xorca.runtime.subject import SubjectWorker
from xorca.runtime.trial import Loaded


def registered_key(registry: Registry, subject: object) -> str:
    """Give the storage key of a subject whose name is registered.

    Raises:
        ProcessNotFound: it is no subject.
        ConfigurationError: it is of an orchestrator that this Runtime does not have.
    """
    if not isinstance(subject, str):
        raise ProcessNotFound(
            f"a subject is a text such as order.place/1.0.0/1042, not {subject!r}"
        )
    key = key_of(subject)
    name = subject.partition("/")[0]
    if not registry.versions(name):
        known = ", ".join(dict.fromkeys(found.plan.name for found in registry.definitions))
        raise ConfigurationError(
            f"{subject} is of {name!r}, which this Runtime does not have (it has {known}): ask a"
            " Runtime that does"
        )
    return key


async def load_process(worker: SubjectWorker, subject: str) -> Loaded:
    """Read a process; what was read is warm for the next save.

    Raises:
        ProcessNotFound: there is none of that subject.
        ConfigurationError: its version is not registered here.
        PortError, RecordError: it cannot be read.
    """
    registry = worker.stepper.registry
    key = registered_key(registry, subject)
    await worker.lines.enter(key)  # nobody of this Runtime saves between the read and the cache
    try:
        warm, record = await _read(worker, key, subject)
    finally:
        worker.lines.leave(key)
    check_found(record, subject)
    definition = registry.definition(record.name, record.version)
    if definition is None:
        known = ", ".join(registry.versions(record.name))
        raise ConfigurationError(
            f"{subject} is on version {record.version}, which is not registered here (registered:"
            f" {known}): deploy it beside the others"
        )
    return Loaded(key, warm, record, definition)


async def _read(worker: SubjectWorker, key: str, subject: str) -> tuple[Warm, Record]:
    stored = await worker.store.load(key)
    if stored is None:
        worker.cache.drop(key)
        raise not_found(subject)
    record = unseal(stored.body, where=key)
    known = worker.cache.get(key)
    if known is not None and known.tag == stored.tag:
        return known, record
    warm = Warm(stored.body, stored.tag)
    worker.cache.put(key, warm)
    return warm, record
