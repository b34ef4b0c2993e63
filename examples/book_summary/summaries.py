"""The service that summarises: the first sentence, and the two that say most."""

from __future__ import annotations

from collections import Counter

from examples.book_summary.desk import LONGEST, at_work
from examples.book_summary.payloads import CreateSummary, SummaryCreated
from examples.book_summary.prose import sentences, words
from xorca.fleet import Call, Fleet, Refusal

_WORDS = """
a an and any are as at be but by can does for from has have if in into is it its may must not of
on or other over same see so such than that the their them then there these they this to was when
where which will with
"""
_COMMON = frozenset(_WORDS.split())

summaries = Fleet(source="/srvc/summaries", concurrency=5)


@summaries.serves("cmd.summary.create", timeout=LONGEST)
async def create(command: CreateSummary, call: Call) -> SummaryCreated:
    async with at_work(call):
        return SummaryCreated(summarise(command.text))


def summarise(text: str, *, count: int = 3) -> str:
    """Pick sentences: the first, and those whose words are the most frequent of the text.

    The same text always gives the same summary, in the order of the text.

    Raises:
        Refusal: there is no whole sentence.
    """
    found = list(dict.fromkeys(sentences(text)))
    if not found:
        raise Refusal("there is no whole sentence to pick")
    weights = Counter(word for word in words(text) if word not in _COMMON)
    rest = sorted(range(1, len(found)), key=lambda i: (-_score(found[i], weights), i))
    picked = sorted([0, *rest[: count - 1]])
    return " ".join(found[i] for i in picked)


def _score(sentence: str, weights: Counter[str]) -> float:
    told = [word for word in words(sentence) if word not in _COMMON]
    return sum(weights[word] for word in told) / (len(told) + 4)
