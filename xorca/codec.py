"""From annotation to JSON and back: one codec a type, resolved once.

Dataclasses, TypedDicts, msgspec Structs and plain JSON types go through msgspec; a pydantic
model is recognised by its methods (it is never imported here) and does its own work.
``Any`` stands here for "the type that the user annotated".
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypedDict, TypeVar, Union, get_args, get_origin

import msgspec

from xorca.errors import PayloadError
from xorca.events import Event

_UNIONS = (Union, types.UnionType)


def is_pydantic(annotation: object) -> bool:
    """Tell whether an annotation is a pydantic model class, without importing pydantic."""
    return isinstance(annotation, type) and hasattr(annotation, "model_validate_json")


def _from_builtins(annotation: Any, value: Any) -> Any:
    if is_pydantic(annotation):
        try:
            # As JSON again: a strict model, or datetime | str, reads JSON in a way of its own.
            return annotation.model_validate_json(msgspec.json.encode(value))
        except ValueError as exc:
            raise ValueError(f"it does not fit {annotation.__name__}: {_reason(exc)}") from None
    raise NotImplementedError(f"{annotation!r} has no JSON form")


def _to_builtins(value: Any) -> Any:
    if is_pydantic(value.__class__):
        return value.model_dump(mode="json", by_alias=_spelling_of(value.__class__).by_alias)
    raise NotImplementedError(f"{value.__class__.__qualname__} has no JSON form")


class _Spelling(msgspec.Struct, frozen=True):
    """How a model is written, so that it can be read again: by its aliases, or by its names.

    ``checked`` says that it may be written in a way that it does not read.
    """

    by_alias: bool
    checked: bool


@lru_cache(maxsize=4096)
def _spelling_of(model: Any) -> _Spelling:
    found: dict[Any, None] = {}
    _gather_models(model, found)
    fields = [field for one in found for field in one.model_fields.values()]
    one_way = any(f.serialization_alias and f.validation_alias is None for f in fields)
    even = all(f.serialization_alias == f.validation_alias for f in fields)
    computed = any(one.model_computed_fields for one in found)  # extra="forbid" refuses these
    return _Spelling(by_alias=not one_way, checked=not even or computed)


def _gather_models(annotation: Any, found: dict[Any, None]) -> None:
    if is_pydantic(annotation) and annotation not in found:
        found[annotation] = None
        for field in annotation.model_fields.values():
            _gather_models(field.annotation, found)
    for argument in get_args(annotation):
        _gather_models(argument, found)


_encoder = msgspec.json.Encoder(enc_hook=_to_builtins)
encode_json: Callable[[Any], bytes] = _encoder.encode


def to_builtins(value: Any) -> Any:
    """Give a payload as plain dicts, lists, strings and numbers, as JSON would hold it."""
    return msgspec.to_builtins(value, enc_hook=_to_builtins)


def union_arms(annotation: Any) -> tuple[Any, ...]:
    """Split ``A | B`` into its arms; anything else is its own single arm."""
    return get_args(annotation) if get_origin(annotation) in _UNIONS else (annotation,)


def list_item(annotation: Any) -> Any | None:
    """Give B for ``list[B]`` (its type for ``list[None]``), None for anything else."""
    if get_origin(annotation) is list:
        (item,) = get_args(annotation)
        return type(None) if item is None else item
    return Any if annotation is list else None


def type_name(annotation: Any) -> str:
    """Give the name that a person would write for an annotation."""
    if get_origin(annotation) is None and isinstance(annotation, type):
        return annotation.__qualname__.rpartition("<locals>.")[2]
    return re.sub(r"(\w+\.|<locals>\.)+", "", str(annotation))


class Codec:
    """Decode and encode the values of one annotation.

    Make it with :func:`codec_for`, which refuses what has no JSON form.
    """

    __slots__ = ("_check_type", "_decode", "_trusted", "annotation", "name")
    _check_type: Any

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self.name = type_name(annotation)
        self._decode: Callable[[bytes], Any] = (
            annotation.model_validate_json
            if is_pydantic(annotation)
            else msgspec.json.Decoder(annotation, dec_hook=_from_builtins).decode
        )
        # A model has checked itself already.
        self._trusted = is_pydantic(annotation) and not _spelling_of(annotation).checked
        plain = isinstance(annotation, type) and get_origin(annotation) is None
        plain = plain and annotation is not Any  # a class, since Python 3.11
        checked = plain and not _is_typed_dict(annotation)
        self._check_type = annotation if checked else None

    def decode(self, data: bytes | None) -> Any:
        """Read a value from JSON.

        Raises:
            PayloadError: the data does not fit; the message says where.
        """
        try:
            return self._decode(b"null" if data is None else data)
        except (msgspec.MsgspecError, ValueError, NotImplementedError) as exc:
            raise PayloadError(f"the data does not fit {self.name}: {_reason(exc)}") from exc

    def encode(self, value: Any) -> bytes:
        """Write a value as JSON that this codec's ``decode`` is known to accept.

        Raises:
            PayloadError: the value is of another type, or one of its parts is.
        """
        expected = self._check_type
        fits = expected is None or isinstance(value, expected)
        if not fits and not (expected is float and type(value) is int):
            raise PayloadError(f"expected {self.name}, got {type(value).__qualname__}")
        try:
            data = encode_json(value)
            if not self._trusted:
                self._decode(data)
        except (msgspec.MsgspecError, ValueError, TypeError, NotImplementedError) as exc:
            raise PayloadError(f"the value does not fit {self.name}: {_reason(exc)}") from exc
        return data


def _is_typed_dict(annotation: Any) -> bool:
    return hasattr(annotation, "__total__") and hasattr(annotation, "__required_keys__")


_QUOTED = re.compile(r"(Invalid (?:enum )?value) (?:.*(?= - at `)|.*)", re.DOTALL)
"""What msgspec says of a value that is none of a choice, with the value, which may be secret."""


def _reason(exc: Exception) -> str:
    errors: Any = getattr(exc, "errors", None)
    if callable(errors):  # pydantic: name the places, never the values
        found: Any = errors(include_url=False, include_input=False, include_context=False)
        return "; ".join(
            f"{error['msg']} at {'.'.join(str(part) for part in error['loc']) or 'the top'}"
            for error in found
        )
    return _QUOTED.sub(r"\1", str(exc))


@lru_cache(maxsize=4096)
def _cached(annotation: Any) -> Codec:
    return _checked(annotation)


def codec_for(annotation: Any) -> Codec:
    """Give the codec of an annotation.

    Raises:
        TypeError: the annotation has no JSON form; the message says which part.
    """
    try:
        return _cached(annotation)
    except TypeError as exc:
        if "unhashable" not in str(exc):
            raise
    return _checked(annotation)


class ArmsCodec(Codec):
    """The codec of ``A | B`` where both are classes: decoding tries them in order."""

    __slots__ = ("_arms",)

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self.name = type_name(annotation)
        self._check_type = None
        self._arms = tuple(codec_for(arm) for arm in union_arms(annotation))

    def decode(self, data: bytes | None) -> Any:
        """Read a value of the first arm that the data fits."""
        return _first_fit(self._arms, lambda codec: codec.decode(data))

    def encode(self, value: Any) -> bytes:
        """Write a value by the first arm that it fits."""
        return _first_fit(self._arms, lambda codec: codec.encode(value))


_R = TypeVar("_R")


def _first_fit(arms: tuple[Codec, ...], attempt: Callable[[Codec], _R]) -> _R:
    reasons: list[str] = []
    for codec in arms:
        try:
            return attempt(codec)
        except PayloadError as exc:
            reasons.append(str(exc))
    raise PayloadError("; ".join(reasons))


def _checked(annotation: Any) -> Codec:
    try:
        if not is_pydantic(annotation):
            for found in _custom_types(annotation):
                raise TypeError(f"{type_name(found)} has no JSON form")
        return Codec(annotation)
    except (TypeError, NameError) as exc:
        if len(union_arms(annotation)) > 1:
            return ArmsCodec(annotation)
        # Its own annotations are strings, and are read where nothing local is seen.
        cure = "; define it at module level" if isinstance(exc, NameError) else ""
        raise TypeError(f"{exc}{cure}") from exc


def _custom_types(annotation: Any) -> list[Any]:
    """Find the classes inside an annotation that nothing here can turn into JSON."""
    from msgspec import inspect

    found: list[Any] = []
    seen: set[int] = set()

    def visit(node: Any) -> None:
        if id(node) in seen:
            return
        seen.add(id(node))
        if isinstance(node, inspect.CustomType):
            if not is_pydantic(node.cls):
                found.append(node.cls)
        elif isinstance(node, inspect.RawType):
            found.append(msgspec.Raw)
        elif isinstance(node, (tuple, list)):
            for item in node:  # pyright: ignore[reportUnknownVariableType]
                visit(item)
        elif isinstance(node, (inspect.Type, inspect.Field)):
            for name in node.__struct_fields__:
                visit(getattr(node, name))

    visit(inspect.type_info(annotation))
    return found


def payload_of(codec: Codec, event: Event) -> Any:
    """Decode the data of an event for a handler; text and bytes take what is no JSON.

    Raises:
        PayloadError: it does not fit.
    """
    if event.is_json:
        return codec.decode(event.data)
    if codec.annotation is bytes:
        return event.data
    if codec.annotation is str and event.data is not None:
        return event.data.decode("utf-8", "replace")
    raise PayloadError(f"the data is {event.datacontenttype}, not JSON, and {codec.name} is asked")


class MemoryCodec:
    """Decode and encode the declared attributes of an orchestrator, as one JSON object."""

    __slots__ = ("_decode", "names")

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.names = tuple(fields)
        shape: Any = TypedDict("Memory", dict(fields), total=False)  # type: ignore[misc]
        decode: Any = msgspec.json.Decoder(shape, dec_hook=_from_builtins).decode
        self._decode: Callable[[bytes | msgspec.Raw], dict[str, Any]] = decode

    def decode(self, data: bytes | msgspec.Raw) -> dict[str, Any]:
        """Read the attributes that are stored.

        Raises:
            PayloadError: what is stored does not fit the annotations.
        """
        try:
            return self._decode(data)
        except (msgspec.MsgspecError, ValueError, NotImplementedError) as exc:
            raise PayloadError(f"the memory does not fit its annotations: {_reason(exc)}") from exc

    def encode(self, values: Mapping[str, Any]) -> bytes:
        """Write the attributes in the order of their declaration.

        Raises:
            PayloadError: one has no value, or one that cannot be written.
        """
        try:
            if tuple(values) == self.names:  # as nearly always
                return encode_json(values)
            return encode_json({name: values[name] for name in self.names})
        except KeyError as exc:
            raise PayloadError(
                f"attribute {exc.args[0]!r} has no value: give it a default, or set it in @start"
            ) from None
        except (msgspec.MsgspecError, TypeError, ValueError, NotImplementedError) as exc:
            raise PayloadError(f"the memory cannot be written as JSON: {_reason(exc)}") from exc
