"""Take a batch apart into its members without reading them."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import takewhile
from typing import Final

import msgspec

from xorca.errors import InvalidEvent
from xorca.events.lazy import lazy_pattern
from xorca.events.limits import MAX_BATCH_BYTES, MAX_BATCH_EVENTS

_TOKENS: Final = lazy_pattern(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]++|[\]}]++|[,"]', re.DOTALL)
_MAX_TOKENS: Final = 500_000
_SPACE: Final = b" \t\r\n"


def split_batch(body: bytes) -> list[bytes]:
    """Give the members of a JSON array as text, in order.

    Raises:
        InvalidEvent: it is no array, or has too many members or bytes.
    """
    if len(body) > MAX_BATCH_BYTES:
        raise InvalidEvent(
            f"the batch has {len(body)} bytes: at most {MAX_BATCH_BYTES} are taken; send "
            "smaller batches",
            reason="too-large",
        )
    if not body.lstrip(_SPACE).startswith(b"["):
        raise _no_array()
    try:
        members = msgspec.structs.astuple(_array().decode(body))
    except msgspec.ValidationError:
        raise _too_many() from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # One member that is no JSON, or nested too deeply, is not to cost the others.
        return _cut(body)
    return list(takewhile(len, map(bytes, members)))


@lru_cache(maxsize=1)
def _array() -> msgspec.json.Decoder[msgspec.Struct]:
    # A struct of so many optional fields, written as an array: unlike a list with a greatest
    # length it stops at the first member that is too many, before they fill the memory.
    fields = [(f"m{index}", msgspec.Raw, msgspec.Raw()) for index in range(MAX_BATCH_EVENTS)]
    array = msgspec.defstruct("Batch", fields, array_like=True, forbid_unknown_fields=True)
    return msgspec.json.Decoder(array)


def _cut(body: bytes) -> list[bytes]:
    body = body.strip(_SPACE)
    cuts = _commas(body)
    starts = [1, *(cut + 1 for cut in cuts)]
    ends = [*cuts, len(body) - 1]
    members = [body[start:end].strip(_SPACE) for start, end in zip(starts, ends, strict=True)]
    if not all(members):
        raise _no_array()
    return members


def _commas(body: bytes) -> list[int]:
    """Find the commas between the members of an array that need not be sound inside."""
    cuts: list[int] = []
    depth = end = 0
    for count, token in enumerate(_TOKENS.finditer(body)):
        start, end = token.span()
        kind = body[start]
        if kind in b"[{":
            depth += end - start
        elif kind in b"]}":
            depth -= end - start
        elif kind in b"," and depth == 1:
            cuts.append(start)
        # A quotation mark alone opens a string that nothing closes: looking on from each
        # of the marks inside it would take quadratic time.
        if depth < 1 or body[start:end] == b'"':
            break
        _check_effort(count, len(cuts))
    if depth != 0 or end != len(body):
        raise _no_array()
    return cuts


def _check_effort(tokens: int, cuts: int) -> None:
    if cuts >= MAX_BATCH_EVENTS:
        raise _too_many()
    if tokens > _MAX_TOKENS:
        raise InvalidEvent(
            "the batch is not JSON, and too large to find the member that is to blame: send "
            "smaller batches",
            reason="malformed",
        )


def _no_array() -> InvalidEvent:
    return InvalidEvent(
        "the batch cannot be read: send a JSON array of events in UTF-8", reason="malformed"
    )


def _too_many() -> InvalidEvent:
    return InvalidEvent(
        f"the batch has more than {MAX_BATCH_EVENTS} members: send smaller batches",
        reason="too-large",
    )
