"""Mutants of what leaves when and in which order: lists, deadlines, letters, answers."""

from __future__ import annotations

from tests.simulation.mutating import Edit, Mutant

LEAVING: tuple[Mutant, ...] = (
    Mutant(
        "list in the order of arrival",
        "a join gives its list in the order of the answers",
        (
            Edit(
                "xorca.engine.gathering",
                "_payload",
                "items.sort(key=lambda kept: kept.item)",
                "pass",
            ),
        ),
    ),
    Mutant(
        "waiting items last first",
        "the items of a fan-out leave in another order than their ids say",
        (Edit("xorca.engine.sending", "release", "backlog.items.pop(0)", "backlog.items.pop()"),),
    ),
    Mutant(
        "older answers in a new list",
        "the answers to a fan-out that was sent anew count for the new one",
        (
            Edit(
                "xorca.engine.transition",
                "_await",
                "forget_answers(draft.record, draft.sides, command)",
                "pass",
            ),
        ),
    ),
    Mutant(
        "end drops its backlog",
        "what a fan-out has yet to send is dropped at the end",
        (
            Edit(
                "xorca.engine.transition",
                "_end",
                "release(draft, command, entry, rest=True)",
                "pass",
            ),
        ),
    ),
    Mutant(
        "confirm forgotten",
        "what a caller has sent is saved again and again",
        (
            Edit(
                "xorca.runtime.subject",
                "SubjectWorker.confirm",
                "warm.out.update(emit_ids)",
                "pass",
            ),
        ),
    ),
    Mutant(
        "warm record handed out twice",
        "what a failed attempt has changed is taken for the record",
        (
            Edit(
                "xorca.runtime.cache",
                "Warm.take",
                "record, self.record = self.record, None",
                "record = self.record",
            ),
        ),
    ),
    Mutant(
        "time-out taken for success",
        "a save of which nobody knows is taken to have happened",
        (
            Edit(
                "xorca.runtime.subject",
                "SubjectWorker._attempts",
                "tag = await self._saving(key, attempt, warm)",
                "tag = 'gone'\n                try:\n                    tag = await self._saving(key, attempt, warm)\n                except Unavailable:\n                    pass",
            ),
        ),
    ),
    Mutant(
        "side objects deleted before the commit",
        "what the stored record refers to is deleted first",
        (
            Edit(
                "xorca.runtime.subject",
                "SubjectWorker._attempts",
                "tag = await self._saving(key, attempt, warm)",
                "await tidy(self.store, None, key, attempt.draft) if attempt.draft is not None and attempt.draft.sides.dropped else None\n                tag = await self._saving(key, attempt, warm)",
            ),
        ),
    ),
    Mutant(
        "wake-ups taken back before the commit",
        "a deadline is taken back by a commit that may fail",
        (
            Edit(
                "xorca.runtime.subject",
                "SubjectWorker._attempts",
                "tag = await self._saving(key, attempt, warm)",
                "[await self.alarm.cancel(one) for one in (attempt.draft.disarms if attempt.draft and self.alarm else ())]\n                tag = await self._saving(key, attempt, warm)",
            ),
        ),
    ),
    Mutant(
        "failed wake-up is no failure",
        "an event is acknowledged though its deadline could not be set",
        (
            Edit(
                "xorca.runtime.subject",
                "SubjectWorker._deliver",
                "await arm_all(self.alarm, draft, known)",
                "await arm_all(self.alarm, draft, known) if not draft.arms else None",
            ),
        ),
    ),
    Mutant(
        "lone event acknowledged unsent",
        "an event that came alone is acknowledged though its emits failed",
        (
            Edit(
                "xorca.runtime.subject",
                "SubjectWorker._deliver",
                "len(work.items) == 1 and failure is None and",
                "len(work.items) == 1 and",
            ),
        ),
    ),
    Mutant(
        "life's deadline never set",
        "a deadline of the whole process is not set",
        (Edit("xorca.engine.starting", "start", "draft.arm(deadline)", "pass"),),
    ),
    Mutant(
        "life's deadline ends with a state",
        "a deadline of the whole process goes with its first state",
        (
            Edit(
                "xorca.engine.draft",
                "Draft.arm",
                "0 if edge.whole_life else self.record.visit",
                "self.record.visit",
            ),
        ),
    ),
    Mutant(
        "deadline of a state that is entered anew",
        "a state that is entered from itself has no deadline",
        (
            Edit(
                "xorca.engine.transition",
                "_enter",
                "draft.arm(edge)",
                "draft.arm(edge) if record.attempt == 1 else None",
            ),
        ),
    ),
    Mutant(
        "deadline from the start on",
        "a deadline is set for three times its time",
        (
            Edit(
                "xorca.engine.draft",
                "Draft.arm",
                "due = self.now + edge.delay",
                "due = self.now + edge.delay * 3",
            ),
        ),
    ),
    Mutant(
        "recalled timers of other visits",
        "all wake-ups are taken for set when something else has left",
        (
            Edit(
                "xorca.runtime.leaving",
                "recall",
                "if not timer.set and commit.wake_id(name, timer) in known:",
                "if not timer.set and known:",
            ),
        ),
    ),
    Mutant(
        "summary with the last deadline",
        "a listing tells of the last deadline, not of the next",
        (Edit("xorca.runtime.attempt", "_due", "return min(", "return max("),),
    ),
    Mutant(
        "sweep sets no wake-up",
        "a wake-up that was lost stays lost",
        (
            Edit(
                "xorca.runtime.sweeping",
                "Sweeper._arm",
                "if arms and await self._tried(found, self._set(arms)):",
                "if False:",
            ),
        ),
    ),
    Mutant(
        "no patience with orphans",
        "an event is given up though its start may be on its way",
        (
            Edit(
                "xorca.runtime.core",
                "Runtime._orphan",
                "if age < self.limits.defer_for and tries < ORPHAN_DELIVERIES:",
                "if False:",
            ),
        ),
    ),
    Mutant(
        "orphans for ever",
        "an event of nobody comes again and again",
        (
            Edit(
                "xorca.runtime.core",
                "Runtime._orphan",
                "if age < self.limits.defer_for and tries < ORPHAN_DELIVERIES:",
                "if True:",
            ),
        ),
    ),
    Mutant(
        "loose letter under another id each time",
        "what tells of one event has many ids",
        (
            Edit(
                "xorca.engine.letters",
                "loose_letter",
                'derived_id("dead", what, reason)',
                'derived_id("dead", what, reason, str(id(what)))',
            ),
        ),
    ),
    Mutant(
        "unsent loose letter acknowledged",
        "an event is given up though nothing could tell of it",
        (
            Edit(
                "xorca.runtime.core",
                "Runtime._close",
                'return Outcome(outcome.raw, "retry", "publish", subject=outcome.subject, error=exc)',
                "return outcome",
            ),
        ),
    ),
    Mutant(
        "token never expires",
        "a token is taken when its time is over",
        (
            Edit(
                "xorca.runtime.resuming",
                "read_token",
                "if now.timestamp() >= claim.expires:",
                "if False:",
            ),
        ),
    ),
    Mutant(
        "token used up by a misfit",
        "what no handler can read uses a token up",
        (Edit("xorca.engine.tokens_taken", "step_token", "or _misfit(draft, event)", ""),),
    ),
    Mutant(
        "memory written after the answer",
        "an answer is sent before it is remembered",
        (
            Edit(
                "xorca.fleet.core",
                "Fleet._once",
                "worked = await (work() if memory is None else memory.once(event, work))",
                "async def early() -> Outcome:\n                return await self._publish(await work(), publish=publish)\n            worked = await (work() if memory is None else memory.once(event, early))",
            ),
        ),
    ),
    Mutant(
        "memory written over another's",
        "of two workers of a fleet the second is remembered",
        (
            Edit(
                "xorca.fleet.memory",
                "Memory._write",
                "await self._store.save(key, body, expect=None, summary=summary)",
                "now = await self._store.load(key); await self._store.save(key, body, expect=None if now is None else now.tag, summary=summary)",
            ),
        ),
    ),
    Mutant(
        "worked on twice at once",
        "two deliveries that come at once are both worked on",
        (
            Edit(
                "xorca.fleet.core",
                "Fleet._once",
                "if running is not None and running.get_loop() is loop:",
                "if False:",
            ),
        ),
    ),
    Mutant(
        "asked to come again and remembered",
        "what a service has put off is taken for answered",
        (Edit("xorca.fleet.memory", "Memory.once", "if not outcome.ok:", "if False:"),),
    ),
    Mutant(
        "changed: tidied before the save",
        "a cancel deletes what the stored record refers to before it saves",
        (
            Edit(
                "xorca.runtime.changing",
                "Changer._save",
                "await save_sides(self.store, key, sides.written)\n",
                "await save_sides(self.store, key, sides.written)\n    await tidy(self.store, None, key, commit)\n",
            ),
        ),
    ),
    Mutant(
        "memories pruned at once",
        "a prune takes what a fleet may be asked again",
        (
            Edit(
                "xorca.runtime.pruning",
                "Pruner._is_forgotten",
                "return item.summary.due is not None and item.summary.due <= self._now",
                "return True",
            ),
            Edit(
                "xorca.runtime.pruning",
                "Pruner._has_passed",
                "return _read_kept(body).keep_until <= self._now",
                "return True",
            ),
        ),
    ),
    Mutant(
        "memory forgotten by its fleet",
        "a fleet that prunes forgets what it may be asked again",
        (Edit("xorca.fleet.pruning", "prune", "due_before=now", "due_before=None"),),
    ),
)
