"""Mutants of the step: inbox, answers, deadlines, deferred events, fan-outs, poison."""

from __future__ import annotations

from tests.simulation.mutating import Edit, Mutant

STEP, SETTLING = "xorca.engine.step", "xorca.engine.settling"

ENGINE: tuple[Mutant, ...] = (
    Mutant(
        "inbox window of one",
        "only the newest event is known to have been seen",
        (
            Edit(
                "xorca.engine.inbox",
                "_retire",
                "record.seen += key",
                "record.seen = key",
            ),
        ),
    ),
    Mutant(
        "no inbox, no fresh read",
        "nobody looks whether an event was seen, nor reads again what may be stale",
        (
            Edit(STEP, "step", "if known is not None:", "if False:"),
            Edit(STEP, "step", "if has_seen(record, key):", "if False:"),
        ),
    ),
    Mutant(
        "deadline without its visit",
        "a wake-up of an earlier visit fires in a later one",
        (
            Edit(
                "xorca.engine.timing",
                "take_timer",
                "or timer.visit != wake.visit",
                "",
            ),
        ),
    ),
    Mutant(
        "early wake-up dropped",
        "a wake-up that comes before its time is not set again",
        (Edit("xorca.engine.timing", "take_timer", "draft.rearm(", "(lambda *_, **__: None)("),),
    ),
    Mutant(
        "deadline before its time",
        "a wake-up fires whenever it comes",
        (
            Edit(
                "xorca.engine.timing",
                "take_timer",
                "if timer.due > draft.at + draft.limits.skew:",
                "if False:",
            ),
        ),
    ),
    Mutant(
        "deferred and not cascaded",
        "what was deferred is not applied when its state comes",
        (
            Edit(
                SETTLING,
                "_undefer",
                "if deferred.expires < draft.at or",
                "if True or deferred.expires < draft.at or",
            ),
        ),
    ),
    Mutant(
        "cascade kept under the deferred event",
        "what a deferred event emits does not belong to the event that brought its state",
        (Edit(SETTLING, "_take_deferred", "if done is not None and done.emits:", "if False:"),),
    ),
    Mutant(
        "answers matched by type only",
        "any answer of the right type answers the command that is awaited now",
        (
            Edit(
                "xorca.engine.awaiting",
                "match_reply",
                "if type(named) is str and named.startswith(mark[:MARK]):",
                "if False:",
            ),
            Edit(
                "xorca.engine.awaiting",
                "match_reply",
                'if awaited.many:\n        return Match(command, reason="no-causation")\n    if not'
                " is_open(awaited, 0):",
                "if not is_open(awaited, 0):",
            ),
        ),
    ),
    Mutant(
        "answered places stay open",
        "a second answer to an item of a fan-out counts again",
        (
            Edit(
                "xorca.engine.awaiting",
                "_by_causation",
                "and is_open(awaited, item):",
                ":",
            ),
            Edit(
                "xorca.engine.awaiting",
                "_by_causation",
                'stale = awaited.open != "1"',
                "stale = False",
            ),
        ),
    ),
    Mutant(
        "poison is tried for ever",
        "an event whose handler raises is not recorded",
        (
            Edit(
                "xorca.engine.taking",
                "fire",
                "except (HandlerError, PayloadError) as exc:\n        reason",
                "except (HandlerError, PayloadError) as exc:\n        raise\n        reason",
            ),
        ),
    ),
    Mutant(
        "evicted without a floor",
        "keys are forgotten at the size limit, and old events taken for new",
        (
            Edit(
                "xorca.engine.inbox",
                "make_room",
                "record.floor = max(record.floor, record.seen_until)",
                "pass",
            ),
        ),
    ),
    Mutant(
        "old keys forgotten without a floor",
        "keys are forgotten by age, and what is older than they were is taken for new",
        (
            Edit(
                "xorca.engine.inbox",
                "_evict",
                "record.floor = max(record.floor, page.until)",
                "pass",
            ),
            Edit(
                "xorca.engine.inbox",
                "_evict",
                "record.floor = max(record.floor, record.seen_until)",
                "pass",
            ),
        ),
    ),
    Mutant(
        "every key in the ring of answers",
        "of plain events too only the newest keys are known",
        (Edit("xorca.engine.inbox", "_retire", "if entry.answered:", "if True:"),),
    ),
    Mutant(
        "joins that are never used up",
        "what a join has taken stays there for the next one",
        (
            Edit(
                "xorca.engine.gathering",
                "consume",
                "basket = record.baskets.pop(part.name, None)",
                "basket = record.baskets.get(part.name)",
            ),
        ),
    ),
    Mutant(
        "a page that forgets as it grows",
        "the keys that an inbox page had before are not in the one that takes its place",
        (
            Edit(
                "xorca.engine.inbox",
                "_join",
                'body = b"".join([*sides.read(*[page.name for page in pages]), seen])',
                "body = seen",
            ),
        ),
    ),
    Mutant(
        "a page searched too narrowly",
        "a key that stands elsewhere than its letters say is not found",
        (
            Edit("xorca.engine.inbox", "_page_has", "low = 0", "pass"),
            Edit("xorca.engine.inbox", "_page_has", "high = count", "high = min(high, count)"),
        ),
    ),
)
