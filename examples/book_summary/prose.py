"""From a page of reference text to plain sentences. Pure functions over strings."""

from __future__ import annotations

import re

_BLOCK = re.compile(r"\n\s*\n")
_NO_PROSE = re.compile(r"^(\s|[*\-=~^+|.>\[#]|\d+\.)", re.MULTILINE)
_NOTE = re.compile(r"\s*\[\d+\]")
_EMPHASIS = re.compile(r"(?<!\w)\*{1,2}([^*\s][^*]*?)\*{1,2}(?!\w)")
_BOUNDARY = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“])")
_HISTORY = ("New in version", "Changed in version", "Deprecated since", "Added in version")
_SENTENCE = re.compile(r"[A-Z\"“].*[.!?]", re.DOTALL)


def prose_of(page: str) -> str:
    """Keep the paragraphs of a page that are prose; drop headings, lists and code."""
    blocks = (block.strip("\n") for block in _BLOCK.split(page))
    kept = [_plain(block) for block in blocks if block and not _NO_PROSE.search(block)]
    return "\n\n".join(text for text in kept if text)


def _plain(block: str) -> str:
    joined = re.sub(r"-\n(?=[a-z])", "-", block)
    text = _EMPHASIS.sub(r"\1", _NOTE.sub("", " ".join(joined.split())))
    return text if len(text.split()) > 3 else ""


def sentences(text: str) -> list[str]:
    """Give the whole sentences of prose, in order."""
    found = (part.strip() for block in text.split("\n\n") for part in _BOUNDARY.split(block))
    return [part for part in found if _is_sentence(part)]


def _is_sentence(part: str) -> bool:
    whole = _SENTENCE.fullmatch(part) is not None
    return whole and len(part.split()) >= 4 and not part.startswith(_HISTORY)


def words(text: str) -> list[str]:
    """Give the words of a text in lower case."""
    return re.findall(r"[a-z]+(?:['\u2019-][a-z]+)*", text.lower())
