"""The services that check a summary: its grammar, and what may not be published."""

from __future__ import annotations

import re

from examples.book_summary.desk import LONGEST, at_work
from examples.book_summary.payloads import CheckText, Verdict
from xorca.fleet import Call, Fleet

_DOUBLED = re.compile(r"\b([a-z]+) \1\b", re.IGNORECASE)
_LOOSE = re.compile(r"\w (?:[,;!?]|\.(?=\s|$))")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")

grammar = Fleet(source="/srvc/grammar", concurrency=5)
regulations = Fleet(source="/srvc/regulations", concurrency=5)


@grammar.serves("cmd.grammar.check", timeout=LONGEST)
async def check_grammar(command: CheckText, call: Call) -> Verdict:
    async with at_work(call):
        return grammar_of(command.text)


@regulations.serves("cmd.regulations.check", timeout=LONGEST)
async def check_regulations(command: CheckText, call: Call) -> Verdict:
    async with at_work(call):
        return regulations_of(command.text)


def grammar_of(text: str) -> Verdict:
    """Find a doubled word, a space before a comma or full stop, and an end without one."""
    doubled = _DOUBLED.search(text)
    if doubled:
        return Verdict(False, f"the word {doubled[1]!r} is doubled")
    loose = _LOOSE.search(text)
    if loose:
        return Verdict(False, f"there is a space in {loose[0]!r}")
    if not text.rstrip().endswith((".", "!", "?")):
        return Verdict(False, "the last sentence has no end")
    return Verdict(True)


def regulations_of(text: str) -> Verdict:
    """Find what tells of a person: an e-mail address."""
    address = _ADDRESS.search(text)
    return Verdict(False, f"it holds the address {address[0]}") if address else Verdict(True)
