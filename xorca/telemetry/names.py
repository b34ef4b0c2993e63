"""The names of the metrics, with their units; they are stable."""

from __future__ import annotations

from typing import Literal

Unit = Literal["count", "seconds", "bytes"]

EVENTS = "xorca.events"
IGNORED = "xorca.ignored"
DEFERRED = "xorca.deferred"
EXPIRED = "xorca.expired"
REDELIVERIES = "xorca.redeliveries"
DEAD_LETTERS = "xorca.dead_letters"
RETRIES = "xorca.retries"
STARTED = "xorca.processes.started"
ENDED = "xorca.processes.ended"
CONFLICTS = "xorca.conflicts"
CACHE_HITS = "xorca.cache.hits"
CACHE_MISSES = "xorca.cache.misses"
SWEEP_LOOKED = "xorca.sweep.looked"
SWEEP_PUBLISHED = "xorca.sweep.published"
SWEEP_ARMED = "xorca.sweep.armed"
SWEEP_FAILURES = "xorca.sweep.failures"
COMMANDS = "xorca.commands"

HANDLE_DURATION = "xorca.handle.duration"
LOAD_DURATION = "xorca.load.duration"
SAVE_DURATION = "xorca.save.duration"
PUBLISH_DURATION = "xorca.publish.duration"
RECORD_BYTES = "xorca.record.bytes"

METRICS: dict[str, str] = {
    EVENTS: "Events that were handled, by status.",
    IGNORED: "Events that changed nothing, by reason.",
    DEFERRED: "Events that came early and are kept until their state comes.",
    EXPIRED: "Early events that were given up, for their state did not come in time.",
    REDELIVERIES: "Duplicates of which what they had emitted was sent once more.",
    DEAD_LETTERS: "Dead letters, by reason.",
    RETRIES: "Events that must be delivered again, by reason.",
    STARTED: "Processes that began.",
    ENDED: "Processes that reached a final state.",
    CONFLICTS: "Saves that were refused, for somebody had saved since.",
    CACHE_HITS: "Records that were at hand.",
    CACHE_MISSES: "Records that were not at hand; that of a new process is one.",
    SWEEP_LOOKED: "Processes that a sweep read.",
    SWEEP_PUBLISHED: "Events that a sweep sent.",
    SWEEP_ARMED: "Wake-ups that a sweep set.",
    SWEEP_FAILURES: "What a sweep could not do.",
    COMMANDS: "Commands that a fleet answered, by command and answer.",
    HANDLE_DURATION: "How long an event was worked on.",
    LOAD_DURATION: "How long a read of the store took.",
    SAVE_DURATION: "How long a save took, whatever came of it.",
    PUBLISH_DURATION: "How long a publish took, whatever came of it.",
    RECORD_BYTES: "The size of a record that was saved.",
}


def unit_of(name: str) -> Unit:
    """Give the unit of a metric."""
    if name.endswith(".duration"):
        return "seconds"
    return "bytes" if name.endswith(".bytes") else "count"
