"""Mutants of the commit protocol: what is saved when, what is sent, what is remembered."""

from __future__ import annotations

from tests.simulation.mutating import Edit, Mutant

SUBJECT, LEAVING = "xorca.runtime.subject", "xorca.runtime.leaving"
ATTEMPTS = "SubjectWorker._attempts"
SAVE = "tag = await self._saving(key, attempt, warm)"
INDENT = " " * 16

PROTOCOL: tuple[Mutant, ...] = (
    Mutant(
        "local emits after conflict",
        "what was computed is sent although the save was refused",
        (
            Edit(
                SUBJECT,
                ATTEMPTS,
                "work.fail(exc)\n",
                "work.fail(exc)\n            if attempt is not None and attempt.body is not"
                " None:\n                return await self._deliver(work, attempt, warm,"
                " key=key, publish=publish)\n",
            ),
        ),
    ),
    Mutant(
        "published watermark",
        "what left is remembered as the highest revision, not one by one",
        (
            Edit(
                LEAVING,
                "recall",
                "for emit_id in known:",
                "newest = max([int(i.split('-')[1]) for i in known if '-timer-' not in i],"
                " default=0)\n    for emit_id in [key for key, out in record.outbox.items()"
                " if key in known or out.revision <= newest]:",
            ),
        ),
    ),
    Mutant(
        "no If-Match",
        "the record is saved over whatever is there",
        (
            Edit(
                SUBJECT,
                ATTEMPTS,
                SAVE,
                "now = await self.store.load(key); warm = now and Warm(now.body, now.tag)\n"
                + INDENT
                + SAVE,
            ),
        ),
    ),
    Mutant(
        "publish first",
        "events are sent before the record is saved",
        (
            Edit(
                SUBJECT,
                ATTEMPTS,
                SAVE,
                "await self.bus.publish(list(attempt.draft.fresh.values())) if publish and"
                " attempt.draft.fresh else None\n" + INDENT + SAVE,
            ),
        ),
    ),
    Mutant(
        "inbox without emits",
        "a repeated event is answered with nothing: only what is new is sent",
        (
            Edit(
                LEAVING,
                "unsent",
                "if len(outbox) == len(fresh):",
                "if True:",
            ),
        ),
    ),
    Mutant(
        "reject from cache",
        "an event is refused or ignored on the word of a cached record",
        (
            Edit(
                SUBJECT,
                ATTEMPTS,
                "(attempt.body is not None or attempt.certain)",
                "(attempt.body is not None or attempt.certain or warm is not None)",
            ),
        ),
    ),
    Mutant(
        "acknowledged first",
        "what could not be published is acknowledged all the same",
        (
            Edit(
                SUBJECT,
                "_outcomes",
                'unsafe = failure is not None and verdict.status != "retry"',
                "unsafe = False",
            ),
        ),
    ),
    Mutant(
        "cache before commit",
        "a record is kept in the cache before it is saved",
        (
            Edit(
                SUBJECT,
                ATTEMPTS,
                SAVE,
                "self._keep(key, attempt, attempt.body, expect)\n" + INDENT + SAVE,
            ),
            Edit(SUBJECT, ATTEMPTS, "self.cache.drop(key)", "pass"),
            Edit(
                SUBJECT, ATTEMPTS, "None if number else self.cache.get(key)", "self.cache.get(key)"
            ),
        ),
    ),
    Mutant(
        "bytes that depend on the time",
        "a repetition is sent with the time of the repetition",
        (
            Edit(
                LEAVING,
                "unsent",
                "read_event(bytes(outbox[key].event))",
                'read_event(bytes(outbox[key].event).replace(b\'"time":"20\', b\'"time":"21\'))',
            ),
        ),
    ),
    Mutant(
        "version in the storage key",
        "another version of a process has another record",
        (
            Edit(
                "xorca.engine.routing",
                "_checked",
                "key = storage_key(name, process_id)",
                "key = storage_key(name, f'{version}/{process_id}')",
            ),
            Edit(
                "xorca.engine.routing",
                "_route",
                "Route(storage_key(parts.name, parts.process_id),",
                "Route(storage_key(parts.name, f'{parts.version}/{parts.process_id}'),",
            ),
        ),
    ),
    Mutant(
        "own write not recognised",
        "an unknown outcome is taken for a failure, and answered from what was computed",
        (
            Edit(
                SUBJECT,
                ATTEMPTS,
                "self.cache.drop(key)\n",
                "return await self._deliver(work, attempt, warm, key=key, publish=False) if attempt is not None and attempt.draft is not None else []\n",
            ),
        ),
    ),
    Mutant(
        "waiting items forgotten at the end",
        "what a fan-out left in its backlog is not sent when the process goes on",
        (
            Edit(
                "xorca.engine.transition",
                "_await",
                "release(draft, command, entry, rest=True)",
                "pass",
            ),
            Edit("xorca.engine.sending", "release", "while room > 0", "while False and room > 0"),
        ),
    ),
    Mutant(
        "wake-up set once",
        "a wake-up that could not be set is taken to be set",
        (
            Edit(
                SUBJECT,
                "SubjectWorker._deliver",
                "if draft.record.timers and (draft.arms or not all_set(draft)):",
                "if draft.record.timers and draft.arms:",
            ),
        ),
    ),
    Mutant(
        "unlocked by key",
        "a lease is given back by whoever held it once, though it is another's by now",
        (Edit("xorca.providers.memory.lease", "MemoryLease.release", "== owner", '!= ""'),),
    ),
    Mutant(
        "sent before it is sent",
        "what is about to be published is remembered as out, should that fail too",
        (
            Edit(
                SUBJECT,
                "SubjectWorker._deliver",
                "await self.bus.publish(waiting)\n",
                "known.update([event.id for event in waiting])\n"
                "            await self.bus.publish(waiting)\n",
            ),
        ),
    ),
    Mutant(
        "set before it is set",
        "a wake-up that is about to be set is remembered as set, should that fail too",
        (
            Edit(
                "xorca.runtime.delivery",
                "arm_all",
                "await alarm.set(arm.event, arm.due)\n",
                "known.add(arm.event.id)\n        await alarm.set(arm.event, arm.due)\n",
            ),
        ),
    ),
    Mutant(
        "side objects never written",
        "a record refers to what nobody has saved",
        (
            Edit(
                SUBJECT,
                "SubjectWorker._save_sides",
                "await save_side(self.store, side_key(key, name), side)",
                "pass",
            ),
        ),
    ),
)
