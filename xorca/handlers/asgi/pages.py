"""The pages behind a resume link: plain HTML, in which nothing but our own text is markup."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from starlette.responses import Response

from xorca.handlers.asgi.forms import RAW, Field

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}
_INPUTS: Final = {
    "text": 'type="text"',
    "integer": 'type="number" step="1"',
    "number": 'type="number" step="any"',
}


def form_page(
    title: str,
    fields: tuple[Field, ...] | None,
    *,
    filled: Mapping[str, str] | None = None,
    complaint: str = "",
) -> Response:
    """Give a page that asks for an answer; nothing happens before it is sent off."""
    given = filled or {}
    rows = [_raw(given)] if fields is None else [_row(field, given) for field in fields]
    said = f'<p role="alert">{escape(complaint)}</p>' if complaint else ""
    body = (
        f"{said}<p>Nothing is sent before you press the button. It can be pressed once.</p>"
        f'<form method="post" accept-charset="utf-8">{"".join(rows)}'
        '<p><button type="submit">Send the answer</button></p></form>'
    )
    return _page(title, body, 422 if complaint else 200)


def told_page(title: str, sentence: str, status: int = 200) -> Response:
    """Give a page that says one thing."""
    headers = {"Retry-After": "1"} if status == 503 else {}
    return _page(title, f"<p>{escape(sentence)}</p>", status, headers)


def _page(title: str, body: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title></head><body><main><h1>{escape(title)}</h1>{body}"
        "</main></body></html>"
    )
    said = {**_HEADERS, **(headers or {})}
    return Response(
        text.encode("utf-8", "replace"), status, headers=said, media_type="text/html; charset=utf-8"
    )


def _row(field: Field, given: Mapping[str, str]) -> str:
    name, label = escape(field.name), escape(field.name.replace("_", " "))
    value, needed = given.get(field.name, ""), "" if field.optional else " required"
    if field.kind == "boolean":
        picks = (_pick(name, text, shown, value, needed) for text, shown in _YES_NO)
        return f"<fieldset><legend>{label}</legend>{''.join(picks)}</fieldset>"
    if field.kind == "choice":
        options = "".join(_option(choice, value) for choice in ("", *field.choices))
        return f'<p><label>{label} <select name="{name}"{needed}>{options}</select></label></p>'
    held = f'{_INPUTS[field.kind]} name="{name}" value="{escape(value)}"'
    # An empty text is a text, too.
    needed = "" if field.kind == "text" else needed
    return f"<p><label>{label} <input {held}{needed}></label></p>"


_YES_NO: Final = (("true", "yes"), ("false", "no"))


def _pick(name: str, text: str, shown: str, value: str, needed: str) -> str:
    checked = " checked" if text == value else ""
    held = f'type="radio" name="{name}" value="{text}"{checked}{needed}'
    return f"<label><input {held}> {shown}</label> "


def _option(choice: str, value: str) -> str:
    selected = " selected" if choice == value else ""
    return f'<option value="{escape(choice)}"{selected}>{escape(choice)}</option>'


def _raw(given: Mapping[str, str]) -> str:
    held = escape(given.get(RAW, ""))
    area = f'<textarea name="{RAW}" rows="8" cols="60">\n{held}</textarea>'
    return f"<p><label>the answer, as JSON<br>{area}</label></p>"
