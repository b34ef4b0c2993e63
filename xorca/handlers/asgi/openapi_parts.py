"""The parts of the OpenAPI document that are the same for every application."""

from __future__ import annotations

from typing import Any, Final

Part = dict[str, Any]  # a part of a JSON document


def _problem(description: str) -> Part:
    schema = {"$ref": "#/components/schemas/HttpProblem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


def _json(description: str, schema: Part) -> Part:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _parameter(name: str, where: str, description: str, **more: Any) -> Part:
    required = {"required": True} if where == "path" else {}
    schema: Part = {"type": "string", **more}
    about = {"name": name, "in": where, "description": description}
    return {**about, **required, "schema": schema}


def _operation(name: str, summary: str, responses: Part, **more: Any) -> Part:
    return {"operationId": name, "summary": summary, **more, "responses": responses}


_STATUSES: Final = {
    "400": "it cannot be read",
    "401": "nobody knows the caller",
    "403": "this caller, or the source of this event, is not heard",
    "404": "nothing here is meant",
    "405": "not by this method",
    "408": "the body came too slowly",
    "409": "the process exists since another start, or is over",
    "413": "it is too large",
    "415": "it is of a type that is not taken",
    "422": "it can never be applied; the payload does not fit, say",
    "429": "the caller sends too much",
    "503": "send it again, after Retry-After",
}

ANSWERS: Final[Part] = {status: _problem(said) for status, said in _STATUSES.items()}
"""The responses that everything has in common."""

PARAMETERS: Final[Part] = {
    "id": _parameter("id", "query", "The id of the event."),
    "process_id": _parameter("process_id", "query", "The process id; any text."),
    "version": _parameter("version", "query", "The version to start."),
    "event": _parameter("event", "query", "The start event, where there are several."),
    "idempotency-key": _parameter("Idempotency-Key", "header", "The id of the event."),
    "source": _parameter("source", "query", "The source of the event, a URI reference."),
    "subject": _parameter("subject", "query", "The process that it is for."),
    "causationid": _parameter("causationid", "query", "The id of the command that it answers."),
    "type": _parameter("type", "path", "The type of the event.", minLength=1),
    "process": _parameter("subject", "path", "<name>/<version>/<process id>.", minLength=1),
    "token": _parameter("token", "path", "A continuation token.", minLength=1),
    "timeout": _parameter("timeout", "query", "Seconds.", type="number", minimum=0),
    "reason": _parameter("reason", "query", "Why.", maxLength=1000),
    "name": _parameter("name", "query", "Only this orchestrator."),
    "status": _parameter(
        "status", "query", "Only of this status.",
        enum=["active", "ended", "failed", "cancelled", "deleted"],
    ),
    "after": _parameter("after", "query", "The cursor of the page before."),
    "limit": _parameter("limit", "query", "How many.", type="integer", minimum=1, maximum=500),
}  # fmt: skip

_EVENT: Final[Part] = {"$ref": "#/components/schemas/CloudEvent"}
_EVENTS: Final[Part] = {
    "application/cloudevents+json": {"schema": _EVENT},
    "application/cloudevents-batch+json": {"schema": {"type": "array", "items": _EVENT}},
}
_REPORT: Final[Part] = {"application/json": {"schema": {}}}
_ALIVE: Final = _json("yes", {"type": "object"})

SHARED_PATHS: Final[Part] = {
    "/": {
        "post": _operation(
            "send",
            "Send CloudEvents in binary, structured or batch mode",
            {
                "200": {"description": "what was emitted", "content": _EVENTS | _REPORT},
                "202": {"description": "taken; nothing goes back"},
                "207": {"description": "a batch, some of which was not taken", "content": _REPORT},
                **ANSWERS,
            },
            requestBody={"required": True, "content": _EVENTS},
        )
    },
    "/health": {"get": _operation("health", "Is this alive?", {"200": _ALIVE}, security=[])},
    "/ready": {
        "get": _operation(
            "ready",
            "Does the store answer?",
            {"200": _ALIVE, "503": _json("no", {"type": "object"})},
            security=[],
        )
    },
}  # fmt: skip

HANDSHAKE: Final[Part] = {
    "options": _operation(
        "ask",
        "Ask whether an origin may send events by webhooks",
        {
            "200": {"description": "it may, as the headers say"},
            **{status: ANSWERS[status] for status in ("400", "403", "405", "429", "503")},
        },
        parameters=[
            {
                **_parameter("WebHook-Request-Origin", "header", "The host that asks."),
                "required": True,
            },
            _parameter("WebHook-Request-Rate", "header", "How many events a minute, or *."),
        ],
        security=[],
    )
}

_PROCESS: Final = _json("the process", {"$ref": "#/components/schemas/Process"})
_CANCELLED: Final = _json("cancelled", {"type": "object"})
_CANCEL: Final[Part] = {"200": _CANCELLED, **ANSWERS}

PROCESS_PATHS: Final[Part] = {
    "/processes": {
        "get": _operation(
            "list",
            "Give a page of processes",
            {"200": _json("a page", {"$ref": "#/components/schemas/Page"}), **ANSWERS},
            parameters=[PARAMETERS[n] for n in ("name", "version", "status", "after", "limit")],
        )
    },
    "/processes/{subject}": {
        "parameters": [PARAMETERS["process"]],
        "get": _operation(
            "describe",
            "Describe a process",
            {"200": _PROCESS, "304": {"description": "as before"}, **ANSWERS},
        ),
        "delete": _operation(
            "cancel", "Cancel a process", _CANCEL, parameters=[PARAMETERS["reason"]]
        ),
    },
    "/processes/{subject}/cancel": {
        "parameters": [PARAMETERS["process"]],
        "post": _operation(
            "cancel by post", "Cancel a process", _CANCEL, parameters=[PARAMETERS["reason"]]
        ),
    },
    "/processes/{subject}/result": {
        "parameters": [PARAMETERS["process"]],
        "get": _operation(
            "result",
            "Wait for the end of a process",
            {"200": _PROCESS, "202": _json("it goes on", {"type": "object"}), **ANSWERS},
            parameters=[PARAMETERS["timeout"]],
        ),
    },
}

_TOKEN: Final[Part] = {
    "200": {"$ref": "#/components/responses/Outcome"},
    "202": {"$ref": "#/components/responses/Outcome"},
    "410": _problem("the token is used or expired, or nobody waits for it"),
    **ANSWERS,
}
_PAGE: Final[Part] = {
    "description": "a page",
    "content": {"text/html": {"schema": {"type": "string"}}},
}
_BROUGHT: Final[Part] = {
    "type": "object",
    "required": ["token"],
    "properties": {"token": {"type": "string"}, "payload": {}},
}

RESUME_PATHS: Final[Part] = {
    "/resume": {
        "post": _operation(
            "resume",
            "Turn a token into its event",
            _TOKEN,
            security=[],
            requestBody={"required": True, "content": {"application/json": {"schema": _BROUGHT}}},
        )
    },
    "/resume/{token}": {
        "parameters": [PARAMETERS["token"]],
        "get": _operation(
            "resume page",
            "Show what is asked; nothing is consumed",
            {str(status): _PAGE for status in (200, 403, 410)}
            | {status: ANSWERS[status] for status in ("429", "503")},
            security=[],
        ),
        "post": _operation(
            "resume by path",
            "Turn a token into its event",
            _TOKEN,
            security=[],
            requestBody={"content": {"application/json": {"schema": {}}}},
        ),
    },
}  # fmt: skip

COMPONENTS: Final[Part] = {
    "schemas": {
        "HttpProblem": {
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
            },
        },
        "CloudEvent": {
            "type": "object",
            "required": ["specversion", "id", "source", "type"],
            "properties": {
                "specversion": {"const": "1.0"},
                "id": {"type": "string", "minLength": 1},
                "source": {"type": "string", "minLength": 1},
                "type": {"type": "string", "minLength": 1},
                "subject": {"type": "string", "minLength": 1},
                "data": {},
            },
        },
        "Process": {
            "type": "object",
            "required": ["subject", "status", "state", "revision", "memory"],
        },
        "Page": {
            "type": "object",
            "required": ["processes", "after"],
            "properties": {
                "processes": {"type": "array", "items": {"type": "object"}},
                "after": {"type": ["string", "null"]},
            },
        },
    },
    "responses": {
        "Outcome": _json(
            "what became of it",
            {"type": "object", "required": ["outcome"]},
        )
    },
    "securitySchemes": {"signature": {"type": "apiKey", "in": "header", "name": "xorca-signature"}},
}
