"""HTTP as Lambda has it: function URLs, API Gateway (both formats) and load balancers."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, cast
from urllib.parse import quote

from xorca.handlers.trigger import Member, Origin, Refused, read_request

Json: TypeAlias = Mapping[str, object]
_BODY: Final = Origin("body")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request; names of headers are in lower case, and one may come twice."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """Give a header, the last of its name; empty if there is none."""
        return dict(self.headers).get(name, "")


def is_request(payload: Json) -> bool:
    """Tell whether a payload is an HTTP request, in any of the formats."""
    if isinstance(payload.get("httpMethod"), str):
        return True
    return "http" in _object(payload.get("requestContext")) and "rawPath" in payload


def read_http_payload(payload: Json) -> list[Member]:
    """Read the events of a request."""
    request = request_of(payload)
    if isinstance(request, Refused):
        return [request]
    names = [name for name, _ in request.headers if _says_something(name)]
    if len(names) > len(set(names)):
        text = "a header of the event comes twice: send each attribute once"
        return [Origin("headers").refuse("duplicate-attribute", text)]
    return read_request(dict(request.headers), request.body, _BODY)


def request_of(payload: Json) -> HttpRequest | Refused:
    """Give the request that a payload describes, or why its body cannot be had."""
    body = _body_of(payload)
    if isinstance(body, Refused):
        return body
    http = _object(_object(payload.get("requestContext")).get("http"))
    if http:
        method, path = _text(http.get("method")), _path_of(payload)
        query = _text(payload.get("rawQueryString"))
    else:
        method, path = _text(payload.get("httpMethod")), _text(payload.get("path"))
        query = _query_of(payload)
    return HttpRequest(method.upper(), path or "/", query, _headers_of(payload), body)


def _path_of(payload: Json) -> str:
    """Give the path without the stage that an HTTP API puts before it."""
    path = _text(payload.get("rawPath"))
    stage = _text(_object(payload.get("requestContext")).get("stage"))
    return path.removeprefix(f"/{stage}") if stage and path.startswith(f"/{stage}/") else path


def wants_several_headers(payload: Json) -> bool:
    """Tell whether the answer is to have ``multiValueHeaders``, as the request has."""
    return isinstance(payload.get("multiValueHeaders"), dict)


def _body_of(payload: Json) -> bytes | Refused:
    body = payload.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        return _BODY.refuse("malformed", "the body of the request is no text")
    if not payload.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return a2b_base64(body, strict_mode=True)
    except ValueError:
        return _BODY.refuse("malformed", "the body is said to be base64, and is not")


def _headers_of(payload: Json) -> tuple[tuple[str, str], ...]:
    given = _given(payload, "multiValueHeaders", "headers")
    pairs = [(name.lower(), value) for name, value in _pairs(given)]
    cookies = payload.get("cookies")
    if isinstance(cookies, list):
        pairs.append(("cookie", "; ".join(map(str, cast("list[object]", cookies)))))
    return tuple(pairs)


def _query_of(payload: Json) -> str:
    given = _given(payload, "multiValueQueryStringParameters", "queryStringParameters")
    # A load balancer gives the query as it came, percent-encoded; API Gateway decodes it.
    as_it_came = "elb" in _object(payload.get("requestContext"))
    safe = "%+" if as_it_came else ""

    def quoted(text: str) -> str:
        return quote(text, safe=safe, errors="surrogatepass")  # half a character stays one

    return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in _pairs(given))


def _given(payload: Json, several: str, one: str) -> object:
    found = payload.get(several)
    return payload.get(one) if found is None else found


def _pairs(given: object) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in _object(given).items():
        values = cast("list[object]", value) if isinstance(value, list) else [value]
        pairs += [(name, each) for each in values if isinstance(each, str)]
    return pairs


def _object(given: object) -> Json:
    return cast("Json", given) if isinstance(given, dict) else {}


def _text(given: object) -> str:
    return given if isinstance(given, str) else ""


def _says_something(name: str) -> bool:
    return name == "content-type" or name.startswith("ce-")
