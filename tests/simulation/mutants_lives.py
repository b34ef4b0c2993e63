"""Mutants of what a process id keeps: lives, letters, what waits, what was forgotten."""

from __future__ import annotations

from tests.simulation.mutating import Edit, Mutant

LIVES: tuple[Mutant, ...] = (
    Mutant(
        "tombstone without versions",
        "a deleted process is forgotten by those who speak to its version",
        (
            Edit(
                "xorca.engine.tombstones", "entomb", "past.versions.append(record.version)", "pass"
            ),
        ),
    ),
    Mutant(
        "tombstone's floor off by one",
        "what was heard when it was made begins another life",
        (Edit("xorca.engine.tombstones", "may_be_seen", "<= record.floor", "< record.floor"),),
    ),
    Mutant(
        "signals of an earlier life",
        "what a deleted process has heard begins another life",
        (Edit("xorca.runtime.attempt", "_is_over", "and may_be_seen(record, start)", "and False"),),
    ),
    Mutant(
        "tombstone that expires at once",
        "a tombstone may be removed as soon as it is there",
        (
            Edit(
                "xorca.engine.tombstones",
                "entomb",
                "round(commit.at + commit.limits.horizon, 3)",
                "commit.at",
            ),
        ),
    ),
    Mutant(
        "tombstone without a floor",
        "what a deleted process has heard is new to the next life",
        (Edit("xorca.engine.tombstones", "entomb", "floor=_last_seen(record)", "floor=0.0"),),
    ),
    Mutant(
        "tombstone of the last life only",
        "of two lives that were deleted the first is forgotten",
        (
            Edit(
                "xorca.engine.tombstones", "entomb", "past = record.past or Past()", "past = Past()"
            ),
        ),
    ),
    Mutant(
        "floor lost in the next life",
        "the next life does not know how far back its id is used up",
        (
            Edit(
                "xorca.engine.starting",
                "new_record",
                "record.dead, record.history, record.floor = before.dead, before.history, before.floor",
                "record.dead, record.history = before.dead, before.history",
            ),
        ),
    ),
    Mutant(
        "floor reached at its own time",
        "what is as old as the youngest key that was forgotten is taken for new",
        (
            Edit(
                "xorca.engine.step",
                "_too_old",
                "noted(made) > record.floor",
                "noted(made) >= record.floor",
            ),
        ),
    ),
    Mutant(
        "no new life after a failed start",
        "no start is heard after one that failed",
        (
            Edit(
                "xorca.runtime.attempt", "Stepper.attempt", "in (FAILED, DELETED)", "in (DELETED,)"
            ),
        ),
    ),
    Mutant(
        "letters of a failed start lost",
        "the next start takes the letter of a failed one away",
        (
            Edit(
                "xorca.engine.starting",
                "new_record",
                "record.dead, record.history, record.floor = before.dead, before.history, before.floor",
                "record.history, record.floor = before.history, before.floor",
            ),
        ),
    ),
    Mutant(
        "inbox of a failed start lost",
        "a start that failed is dead-lettered once more after the next",
        (
            Edit(
                "xorca.engine.starting",
                "new_record",
                "record.inbox, record.outbox = before.inbox, before.outbox",
                "record.outbox = before.outbox",
            ),
        ),
    ),
    Mutant(
        "redriven start begins nothing",
        "the letter of a start goes, and no process begins",
        (
            Edit(
                "xorca.runtime.redriving",
                "Redriver._again",
                "if own.starts and draft.record.status == FAILED:",
                "if False:",
            ),
        ),
    ),
    Mutant(
        "redriven wake-up finds no timer",
        "a deadline whose handler failed is stale when it is redriven",
        (Edit("xorca.runtime.redriving", "Redriver._again", "set_back(draft, own.event)", "pass"),),
    ),
    Mutant(
        "redrive meets the floor",
        "what was new when it died is too old when it is redriven",
        (
            Edit(
                "xorca.engine.redrive",
                "as_new",
                'record.seen, record.answered, record.pages, record.floor = "", "", [], 0.0',
                'record.seen, record.answered, record.pages = "", "", []',
            ),
        ),
    ),
    Mutant(
        "inbox lost by a redrive",
        "a redrive forgets which events were seen",
        (
            Edit(
                "xorca.engine.redrive",
                "as_new",
                "record.seen, record.answered, record.pages, record.floor = hidden",
                "record.answered, record.pages, record.floor = hidden[1:]",
            ),
        ),
    ),
    Mutant(
        "places of a failed join stay taken",
        "the answers of a join that failed are stale when they come again",
        (Edit("xorca.engine.gathering", "free_places", "reopen(awaited, kept.item)", "pass"),),
    ),
    Mutant(
        "failed join keeps one part",
        "of a join that failed one part alone is kept",
        (Edit("xorca.engine.letters", "bury_join", "also=others", "also=()"),),
    ),
    Mutant(
        "expired and applied all the same",
        "what waited too long is applied when its state comes",
        (Edit("xorca.engine.settling", "_undefer", "deferred.expires < draft.at or", ""),),
    ),
    Mutant(
        "deferred given up at once",
        "what came early is given up by the next event",
        (
            Edit(
                "xorca.runtime.attempt", "_expire", "late.expires < draft.at", "late.at < draft.at"
            ),
            Edit(
                "xorca.engine.settling",
                "expire_deferred",
                "[deferred for deferred in waiting if deferred.expires < draft.at]",
                "[d for d in waiting if d.at < draft.at]",
            ),
            Edit(
                "xorca.engine.settling",
                "expire_deferred",
                "if d.expires >= draft.at",
                "if d.at >= draft.at",
            ),
        ),
    ),
    Mutant(
        "no room for early events",
        "what came early is given up, as if too many waited",
        (Edit("xorca.engine.sharing", "has_place", "if waiting >= limits.deferred:", "if True:"),),
    ),
    Mutant(
        "expired letter with its own event",
        "what tells of an expired event belongs to one that was acknowledged",
        (
            Edit(
                "xorca.runtime.attempt",
                "_expire",
                "expire_deferred(draft, entry)",
                "expire_deferred(draft)",
            ),
        ),
    ),
    Mutant(
        "repetition carries a letter",
        "what tells of an expired event belongs to a repetition",
        (
            Edit(
                "xorca.runtime.attempt",
                "_is_settled",
                '("retry", "deferred", "duplicate")',
                '("retry", "deferred")',
            ),
        ),
    ),
    Mutant(
        "early wake-up carries a letter",
        "a wake-up that is to come again is noted, and then known",
        (Edit("xorca.runtime.attempt", "_is_settled", "and not put_off", ""),),
    ),
    Mutant(
        "hidden floods",
        "what one source sends too much of goes without a letter",
        (Edit("xorca.engine.noise", "muted", '"dead" if caught.lost else "ignored"', '"ignored"'),),
    ),
    Mutant(
        "flood stops what has an effect",
        "of a source that sends too much nothing is taken",
        (
            Edit(
                "xorca.engine.step",
                "step",
                "return _step_quietly(draft, event, starts)",
                "return Verdict('ignored', 'flood')",
            ),
        ),
    ),
    Mutant(
        "kept for an hour only",
        "keys are forgotten after an hour, and what is older is refused",
        (
            Edit(
                "xorca.engine.inbox",
                "settle_inbox",
                "oldest, outbox = now - horizon, record.outbox",
                "oldest, outbox = now - 3600, record.outbox",
            ),
        ),
    ),
    Mutant(
        "floor in the future",
        "more is refused as too old than was forgotten",
        (
            Edit(
                "xorca.engine.inbox",
                "_evict",
                "record.floor = max(record.floor, page.until)",
                "record.floor = now if (now := page.until + 900) else 0",
            ),
        ),
    ),
    Mutant(
        "merged page with the oldest time",
        "a page of keys has the time of its oldest part",
        (Edit("xorca.engine.inbox", "_join", "max([page.until", "min([page.until"),),
    ),
    Mutant(
        "page of one spill only",
        "a page of keys takes the place of the one before it",
        (
            Edit(
                "xorca.engine.inbox",
                "_spill",
                "_join(record, sides, growing, seen",
                "[sides.drop(p.name) for p in growing]; record.pages = []; _join(record, sides, [], seen",
            ),
        ),
    ),
    Mutant(
        "refused starts forgotten",
        "a start that was refused begins a life once the other is deleted",
        (Edit("xorca.engine.tombstones", "entomb", "if entry.dead:", "if False:"),),
    ),
    Mutant(
        "letter of an ended process opened",
        "a redrive takes the letters of a process that is over",
        (
            Edit(
                "xorca.runtime.redriving",
                "_left",
                "if record.status == ACTIVE or starts:",
                "if True:",
            ),
        ),
    ),
    Mutant(
        "dead and not marked so",
        "a repetition of a dead event is told to have been seen",
        (Edit("xorca.engine.letters", "bury", "entry.dead = True", "pass"),),
    ),
    Mutant(
        "redriven and forgotten",
        "what was redriven is not known any more",
        (
            Edit(
                "xorca.engine.redrive",
                "close_letter",
                "entry = record.inbox.setdefault(key, Entry(commit.at, answered=old.answered))",
                "entry = record.inbox.pop(key, Entry(commit.at))",
            ),
        ),
    ),
    Mutant(
        "room made by the dead",
        "at the size limit the dead letters go first",
        (
            Edit(
                "xorca.engine.inbox",
                "make_room",
                "if record.seen:",
                "if record.dead:\n        record.dead = []\n    elif record.seen:",
            ),
        ),
    ),
)
