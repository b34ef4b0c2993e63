"""From attribute values that nobody checked to an Event; shared by every reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from xorca.errors import InvalidEvent
from xorca.events.attributes import (
    check_extension,
    check_identifier,
    check_name,
    check_schema,
    check_source,
    check_text,
    check_time,
    invalid,
)
from xorca.events.envelope import Event
from xorca.events.limits import MAX_ATTRIBUTES, MAX_EVENT_BYTES

_CORE: Final = frozenset(
    ("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema")
)


def checked_event(values: Mapping[str, object], *, plain: bool = False) -> Event:
    """Make an Event without data from attributes by name; None means unset.

    ``plain`` says that no value can hold a character that is not allowed.

    Raises:
        InvalidEvent: an attribute breaks a rule.
    """
    check_count(len(values))
    if values.get("specversion") != "1.0":
        raise _wrong_version(values.get("specversion"))
    event = Event(
        id=_required(values, "id"),
        source=_source(values),
        type=_required(values, "type"),
        subject=_subject(values),
        time=_time(values),
        datacontenttype=_optional(values, "datacontenttype"),
        dataschema=_schema(values),
        extensions=_extensions(values),
    )
    if not plain:
        _check_texts(values)
    return event


def check_count(count: int) -> None:
    """Raise InvalidEvent where an event has too many attributes."""
    if count > MAX_ATTRIBUTES:
        raise InvalidEvent(
            f"the event has {count} attributes: at most {MAX_ATTRIBUTES} are taken; "
            "put the rest into the data",
            reason="too-large",
        )


def check_size(event: Event) -> None:
    """Raise InvalidEvent where the structured form is too large to be read again."""
    size = len(event.to_json())
    if size > MAX_EVENT_BYTES:
        raise too_large(size)


def too_large(size: int) -> InvalidEvent:
    """Give the error for an event of ``size`` bytes."""
    return InvalidEvent(
        f"the event has {size} bytes: at most {MAX_EVENT_BYTES} are taken; store the data "
        "elsewhere and send a reference to it",
        reason="too-large",
    )


def _check_texts(values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if isinstance(value, str):
            check_text(name, value)


def _required(values: Mapping[str, object], name: str) -> str:
    value = _optional(values, name)
    if value is None:
        raise InvalidEvent(
            f"attribute '{name}' is missing: every event has specversion, id, source and type",
            reason="missing-attribute",
        )
    check_identifier(name, value)
    return value


def _optional(values: Mapping[str, object], name: str) -> str | None:
    value = values.get(name)
    if value is None or type(value) is str:
        return value
    raise invalid(f"attribute '{name}' is {type(value).__name__}, not text: send it as a string")


def _source(values: Mapping[str, object]) -> str:
    source = _required(values, "source")
    check_source(source)
    return source


def _subject(values: Mapping[str, object]) -> str | None:
    subject = _optional(values, "subject")
    if subject is not None:
        check_identifier("subject", subject)
    return subject


def _time(values: Mapping[str, object]) -> str | None:
    time = _optional(values, "time")
    if time is not None:
        check_time(time)
    return time


def _schema(values: Mapping[str, object]) -> str | None:
    schema = _optional(values, "dataschema")
    if schema is not None:
        check_schema(schema)
    return schema


def _extensions(values: Mapping[str, object]) -> dict[str, str | int | bool]:
    extensions: dict[str, str | int | bool] = {}
    for name in values:
        if name in _CORE:
            continue
        check_name(name)
        value = values[name]
        if value is not None:
            extensions[name] = check_extension(name, value)
    return extensions


def _wrong_version(found: object) -> InvalidEvent:
    if found is None:
        return InvalidEvent(
            "attribute 'specversion' is missing: send CloudEvents 1.0 with specversion \"1.0\"",
            reason="missing-attribute",
        )
    shown = repr(found)[:20] if isinstance(found, str | int | float) else type(found).__name__
    return invalid(f'specversion is {shown}: only the text "1.0" is read')
