"""Mutants of what is promised to services and to people: a fleet's memory, and tokens."""

from __future__ import annotations

from tests.simulation.mutating import Edit, Mutant

MEMORY, TAKEN = "xorca.fleet.memory", "xorca.engine.tokens_taken"

PEOPLE: tuple[Mutant, ...] = (
    Mutant(
        "worked on though remembered",
        "a fleet does not look whether a command was answered before",
        (Edit(MEMORY, "Memory.once", "if stored is not None:", "if False:"),),
    ),
    Mutant(
        "own answer though another stands",
        "of two workers of a fleet each gives its own answer",
        (
            Edit(
                MEMORY,
                "Memory._keep",
                "found = outcome if stands == body else self._again(key, stands, event)",
                "found = outcome",
            ),
        ),
    ),
    Mutant(
        "answered before it is remembered",
        "an answer that could not be remembered is sent all the same",
        (Edit(MEMORY, "Memory._keep", "return _unwritten(event, exc)", "return outcome"),),
    ),
    Mutant(
        "unwritten answers forgotten",
        "a process of a fleet works again on what it could not write down",
        (Edit(MEMORY, "Memory._keep", "self._unsaved.put(key, body)", "pass"),),
    ),
    Mutant(
        "token good after its state",
        "a token is taken though its state was left, or entered anew",
        (Edit(TAKEN, "_judge", "if claim.visit not in (0, record.visit):", "if False:"),),
    ),
    Mutant(
        "token never used up",
        "nobody looks whether a token was used",
        (
            Edit(TAKEN, "_judge", "if knows(record, event.key) or", "if False and"),
            Edit("xorca.engine.step", "step", "if known is not None:", "if False:"),
            Edit("xorca.engine.step", "step", "if has_seen(record, key):", "if False:"),
        ),
    ),
    Mutant(
        "token used up by a refusal",
        "what no guard let pass counts as a use",
        (Edit(TAKEN, "step_token", 'if verdict.status == "ignored":', "if False:"),),
    ),
    Mutant(
        "token of another life",
        "a token is taken by the next process of that id",
        (
            Edit(
                TAKEN,
                "_judge",
                "if record.incarnation != claim.incarnation or record.status != ACTIVE:",
                "if record.status != ACTIVE:",
            ),
        ),
    ),
    Mutant(
        "signature not compared",
        "a token is taken whoever signed it",
        (
            Edit(
                "xorca.engine.tokens",
                "TokenKeys.read",
                "if not hmac.compare_digest(signature.encode(), parts[3].encode()):",
                "if False:",
            ),
        ),
    ),
)
