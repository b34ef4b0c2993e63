"""An event as a message of SQS and SNS: its text, its attributes, its place in a FIFO."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from xorca.events import Event
from xorca.events.lazy import lazy_pattern
from xorca.providers.aws.entries import Entry, Rejected, check_size, wire_text
from xorca.providers.aws.faults import is_transient, not_aws

CONTENT_TYPE: Final = "application/cloudevents+json"

_GROUP: Final = lazy_pattern(r"[!-~]{1,128}")
_CLEAN: Final = lazy_pattern(r"[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


def message_entry(event: Event, body_name: str, *, limit: int, fifo: bool, shown: str) -> Entry:
    """Give a message; ``body_name`` is how the request names its text.

    Raises:
        PayloadError: it is larger than ``limit``.
    """
    text, attributes = wire_text(event), attributes_of(event)
    size = len(text.encode()) + _size_of(attributes)
    check_size(event, size, limit=limit, shown=shown)
    # The SDK's types differ by service, and what is common to them has none.
    request: dict[str, Any] = {body_name: text, "MessageAttributes": attributes}
    if fifo:
        request["MessageGroupId"] = group_of(event)
        # Ids are unique for one source only: two events of one id are not one.
        request["MessageDeduplicationId"] = event.key
    return Entry(event, request, size)


def attributes_of(event: Event) -> dict[str, dict[str, str]]:
    """Give what filters look at: ``type``, ``source``, ``subject``, and the content type.

    What SQS takes in no attribute is left out; the event itself is whole in any case.
    """
    values = {"content-type": CONTENT_TYPE, "type": event.type, "source": event.source}
    values["subject"] = event.subject or ""
    return {
        name: {"DataType": "String", "StringValue": value}
        for name, value in values.items()
        if _CLEAN.fullmatch(value)
    }


def group_of(event: Event) -> str:
    """Give the group of a FIFO: the subject, or its hash where it has other characters.

    An event without subject stands in no order, and has a group of its own.
    """
    subject = event.subject
    if not subject:
        return event.key
    return subject if _GROUP.fullmatch(subject) else sha256(subject.encode()).hexdigest()


def rejected_of(response: Mapping[str, Any], count: int, *, shown: str) -> dict[int, Rejected]:
    """Read the answer to a batch whose entries were numbered: only what is named is taken.

    The answer is a dictionary of the SDK, whose types differ by service.

    Raises:
        Unavailable: it names none, and so is not of the service, which is called ``shown``.
    """
    if not (response.get("Successful") or response.get("Failed")):
        raise not_aws(shown)
    taken = {str(each.get("Id")) for each in response.get("Successful") or ()}
    failed = {str(each.get("Id")): each for each in response.get("Failed") or ()}
    return {
        place: _rejected(failed.get(str(place), {}))
        for place in range(count)
        if str(place) not in taken
    }


def _rejected(told: Mapping[str, Any]) -> Rejected:
    code = str(told.get("Code") or "it was neither taken nor refused")
    message = str(told.get("Message") or "")
    again = not told.get("SenderFault", False) or is_transient(code)
    return Rejected(f"{code}: {message}" if message else code, again)


def _size_of(attributes: Mapping[str, Mapping[str, str]]) -> int:
    """Count the bytes of names, types and values, as they count towards the size."""
    parts = [(name, *value.values()) for name, value in attributes.items()]
    return sum(len(text.encode()) for part in parts for text in part)
