"""What an invocation of Lambda brings: its kind by its shape, and the events in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias, cast

from xorca.events import Event
from xorca.handlers.aws_lambda.envelopes import (
    Unwrap,
    attributes_of,
    is_notification,
    is_rule,
    native,
)
from xorca.handlers.aws_lambda.requests import is_request, read_http_payload
from xorca.handlers.trigger import ROOT, Member, Origin, Refused, read_value, split

Json: TypeAlias = Mapping[str, object]


class Kind(Enum):
    """How an invocation came, which says how it is answered."""

    QUEUE = "sqs"
    TOPIC = "sns"
    RULE = "eventbridge"
    HTTP = "http"
    DIRECT = "direct"
    SWEEP = "sweep"
    NATIVE = "native"


@dataclass(frozen=True, slots=True)
class Part:
    """One message, with what was found in it; ``group`` is the FIFO group, if it has one."""

    members: list[Member]
    message_id: str | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class Trigger:
    """An invocation, message by message."""

    kind: Kind
    parts: list[Part]


def read_trigger(
    payload: object, *, plain_eventbridge: bool = False
) -> tuple[list[Event], list[Refused]]:
    """Read the payload of an invocation: the events in it, and what is none.

    SQS, SNS and EventBridge, one in another too, function URLs, API Gateway, load balancers
    and direct invocations; structured, batched or in binary mode. It never raises, whatever
    the JSON is.

    Args:
        payload: As Lambda gives it to a handler.
        plain_eventbridge: Take an EventBridge event that holds no CloudEvent for one: its
            detail-type is the type, its detail the data; it has no subject.
    """
    trigger = read(payload, plain=plain_eventbridge)
    return split(member for part in trigger.parts for member in part.members)


def read(payload: object, *, plain: bool = False) -> Trigger:
    """Read the payload of an invocation, message by message."""
    if isinstance(payload, list):
        members = cast("list[object]", payload)
        if members and all(map(_is_record, members)):  # as EventBridge Pipes sends them
            return _records(members, "", Unwrap(plain))
        return Trigger(Kind.DIRECT, [Part(read_value(members, ROOT))])
    if isinstance(payload, dict):
        return _object(cast("Json", payload), Unwrap(plain))
    if isinstance(payload, str):
        return Trigger(Kind.DIRECT, [Part(Unwrap(plain).message(payload, {}, ROOT))])
    return Trigger(Kind.DIRECT, [Part(read_value(payload, ROOT))])


def _object(payload: Json, unwrap: Unwrap) -> Trigger:
    records = payload.get("Records")
    if "specversion" in payload:
        return Trigger(Kind.DIRECT, [Part(read_value(payload, ROOT))])
    if _is_sweep(payload):
        return Trigger(Kind.SWEEP, [])
    if isinstance(records, list):
        return _records(cast("list[object]", records), "Records", unwrap)
    kind, members = _alone(payload, unwrap)
    return Trigger(kind, [Part(members)])


def _alone(payload: Json, unwrap: Unwrap) -> tuple[Kind, list[Member]]:
    """Read what came alone, in an envelope or in none."""
    if is_request(payload):
        return Kind.HTTP, read_http_payload(payload)
    if is_rule(payload):
        return Kind.RULE, unwrap.rule(payload, ROOT)
    if is_notification(payload):
        return Kind.TOPIC, unwrap.notification(payload, ROOT)
    if "requestPayload" in payload or "eventSource" in payload:
        return Kind.NATIVE, [native(ROOT)]
    return Kind.DIRECT, read_value(payload, ROOT)


def _is_sweep(payload: Json) -> bool:
    scheduled = payload.get("detail-type") == "Scheduled Event"
    asked = payload.get("xorca") == "sweep"
    return asked or (scheduled and payload.get("source") == "aws.events")


# -- records ------------------------------------------------------------------------------

_KINDS: Final = {"aws:sqs": Kind.QUEUE, "aws:sns": Kind.TOPIC}


def _records(records: list[object], name: str, unwrap: Unwrap) -> Trigger:
    kinds: set[Kind] = set()
    parts: list[Part] = []
    for place, record in enumerate(records):
        origin = Origin(f"{name}[{place}]")
        if not isinstance(record, dict):
            parts.append(Part([origin.refuse("malformed", "the record is no JSON object")]))
            continue
        known = cast("Json", record)
        kind = _kind_of(known)
        kinds.add(kind)
        parts.append(_record(known, kind, origin, unwrap))
    for kind in (Kind.QUEUE, Kind.TOPIC):
        if kind in kinds:
            return Trigger(kind, parts)
    return Trigger(Kind.NATIVE, parts)


def _record(record: Json, kind: Kind, origin: Origin, unwrap: Unwrap) -> Part:
    if kind is Kind.QUEUE:
        return _queue_part(record, origin, unwrap)
    if kind is Kind.TOPIC:
        at, found = origin.at(".Sns"), record.get("Sns")
        if not isinstance(found, dict):
            return Part([at.refuse("malformed", "the record has no Sns that is an object")])
        return Part(unwrap.notification(cast("Json", found), at))
    return Part([native(origin)])


def _queue_part(record: Json, origin: Origin, unwrap: Unwrap) -> Part:
    given, body = record.get("messageId"), record.get("body")
    message_id = given if isinstance(given, str) and given else None
    at = Origin(f"{origin.place}.body", message_id)
    group = _group_of(record)
    if not isinstance(body, str):
        return Part(
            [at.refuse("malformed", "the message has no body that is text")], message_id, group
        )
    attributes = attributes_of(record.get("messageAttributes"), "stringValue")
    return Part(unwrap.message(body, attributes, at), message_id, group)


def _group_of(record: Json) -> str:
    """Give the group within which order counts; queues that are not FIFO have groups, too."""
    attributes = record.get("attributes")
    if not isinstance(attributes, dict):
        return ""
    known = cast("Json", attributes)
    is_fifo = "SequenceNumber" in known or str(record.get("eventSourceARN")).endswith(".fifo")
    return str(known.get("MessageGroupId") or "") if is_fifo else ""


def _kind_of(record: Json) -> Kind:
    source = record.get("eventSource", record.get("EventSource"))
    if isinstance(source, str):
        return _KINDS.get(source, Kind.NATIVE)
    if "Sns" in record:
        return Kind.TOPIC
    return Kind.QUEUE if "body" in record and "messageId" in record else Kind.NATIVE


def _is_record(member: object) -> bool:
    if not isinstance(member, dict):
        return False
    found = cast("Json", member)
    return "specversion" not in found and ("eventSource" in found or "messageId" in found)
