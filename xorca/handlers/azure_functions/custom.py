"""The payload that the host posts to a custom handler: ``{"Data": {...}, "Metadata": {...}}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard, cast

import msgspec

from xorca.errors import InvalidEvent
from xorca.handlers.azure_functions.bodies import read_body
from xorca.handlers.azure_functions.http import read_http_request
from xorca.handlers.azure_functions.messages import read_message
from xorca.handlers.trigger import Member, Origin, json_of

Json = dict[str, object]

_decode = msgspec.json.Decoder().decode


def is_custom(payload: object) -> TypeGuard[Json]:
    """Tell whether a payload is what a custom handler is given."""
    return is_object(payload) and "specversion" not in payload and is_object(payload.get("Data"))


def is_object(value: object) -> TypeGuard[Json]:
    """Tell whether a value is a JSON object, whose names are text."""
    if not isinstance(value, dict):
        return False
    return all(isinstance(name, str) for name in cast("dict[object, object]", value))


def read_custom(payload: Json, origin: Origin, *, native: bool) -> list[Member]:
    """Read every binding of the payload."""
    metadata = payload.get("Metadata")
    about = metadata if is_object(metadata) else {}
    found: list[Member] = []
    for name, value in cast("Json", payload["Data"]).items():
        place = origin.at(f".Data.{name}")
        if is_object(value) and "Method" in value and "Headers" in value:
            found += _read_request(value, place, native=native)
        elif isinstance(value, str) and any(key.endswith("Array") for key in about):
            found += _read_several(parsed(value), about, place, native=native)
        elif isinstance(value, list):
            found += _read_several(cast("object", value), about, place, native=native)
        else:
            found += _read_one(value, about, place, native=native)
    return found


def parsed(value: object) -> object:
    """Give what JSON text says; what is no JSON text is given as it is."""
    if not isinstance(value, (str, bytes)):
        return value
    try:
        return _decode(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return value


def _read_request(request: Json, origin: Origin, *, native: bool) -> list[Member]:
    given = request.get("Headers")
    headers: dict[str, str] = {}
    for name, value in (given if is_object(given) else {}).items():
        values = _values(value)
        if len(values) > 1 and name.lower().startswith(("ce-", "content-type")):
            text = "a header of the event comes twice: send each attribute once"
            return [origin.refuse("duplicate-attribute", text)]
        headers[name] = ", ".join(values)
    body = request.get("Body")
    try:
        content = _utf8(body) if isinstance(body, str) else b"" if body is None else json_of(body)
    except InvalidEvent as error:
        return [origin.refuse_for(error)]
    return read_http_request(headers, content, origin.at(".Body"), native=native)


def _values(value: object) -> list[str]:
    several = cast("list[object]", value) if isinstance(value, list) else [value]
    return [str(each) for each in several]


def _read_several(value: object, about: Json, origin: Origin, *, native: bool) -> list[Member]:
    """Read a batch: the metadata of its messages stand in arrays of the same order."""
    if not isinstance(value, list):
        return _read_one(value, about, origin, native=native)
    found: list[Member] = []
    for index, each in enumerate(cast("list[object]", value)):
        single = {
            key.removesuffix("Array"): _at(parsed(several), index)
            for key, several in about.items()
            if key.endswith("Array")
        }
        found += _read_one(each, single, origin.at(f"[{index}]"), native=native)
    return found


def _at(several: object, index: int) -> object:
    if not isinstance(several, list):
        return None
    values = cast("list[object]", several)
    return values[index] if index < len(values) else None


def _read_one(value: object, about: Json, origin: Origin, *, native: bool) -> list[Member]:
    message_id = parsed(about.get("MessageId") or about.get("Id"))
    origin = Origin(origin.place, message_id if isinstance(message_id, str) else None)
    try:
        body = _utf8(value) if isinstance(value, str) else json_of(value)
    except InvalidEvent as error:
        return [origin.refuse_for(error)]
    if not isinstance(value, str) and not about.get("ContentType"):
        return read_body(body, origin, native=native)
    return read_message(
        body,
        origin,
        content_type=_text(about, "ContentType"),
        properties=_properties(about),
        native=native,
    )


def _text(about: Json, name: str) -> str | None:
    value = about.get(name)
    if isinstance(value, str) and value.startswith('"'):
        value = parsed(value)
    return value if isinstance(value, str) else None


def _properties(about: Json) -> Mapping[str, object]:
    for name in ("ApplicationProperties", "UserProperties", "Properties"):
        found = parsed(about.get(name))
        if is_object(found) and found:
            return found
    return {}


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
