"""HTTP requests to a function: events by POST, and all that the ASGI application serves."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.aws import shapes
from tests.aws.lambda_parcels import Parcels
from tests.aws.lambda_stage import Context, Stage, start_of
from tests.aws.shapes import BATCHED, balancer, binary, event, function_url, rest_api
from xorca.events import read_batch, read_event
from xorca.handlers.asgi import HmacAuth, app, sign
from xorca.handlers.aws_lambda import lambda_handler
from xorca.providers.memory import MemoryBus

ENVELOPES = [function_url, rest_api, balancer]


def problem(answer: Any) -> dict[str, Any]:
    """Give the problem document of an answer."""
    headers = answer["headers"]
    assert headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(answer["body"])
    assert found["status"] == answer["statusCode"]
    return found


@pytest.mark.parametrize("http", [False, True])
@pytest.mark.parametrize("part", ["rawPath", "rawQueryString", "headers"])
def test_half_a_character_anywhere_is_answered(part: str, http: bool) -> None:
    """JSON may hold one, and whoever sends it must not stop the function."""
    request = function_url(start_of("a"))
    request[part] = {"x": "\ud800", "\ud800": "x"} if part == "headers" else "/\ud800"

    answer: Any = Stage().handler(http=http)(request, Context())

    assert 200 <= answer["statusCode"] < 500


@pytest.mark.parametrize("answers", [False, True])
def test_an_application_that_raises_is_answered_for(answers: bool) -> None:
    """As servers do: what a framework said before it raised counts, else there is a 500."""

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        if answers:
            await send({"type": "http.response.start", "status": 418, "headers": []})
            await send({"type": "http.response.body", "body": b"no"})
        raise RuntimeError

    answer: Any = Stage().handler(http=broken)(function_url(""), Context())

    assert (answer["statusCode"], answer["body"]) == ((418, "no") if answers else (500, ""))


# -- events by POST -----------------------------------------------------------------------


@pytest.mark.parametrize("wrapped", ENVELOPES)
def test_an_event_is_taken(wrapped: Any) -> None:
    """What follows from it goes to the bus; there is nothing more to say."""
    stage = Stage()

    answer: Any = stage.handler()(wrapped(start_of("a")), Context())

    assert (answer["statusCode"], answer["body"]) == (202, "")
    assert stage.sent() == ["a"]


@pytest.mark.parametrize("wrapped", ENVELOPES)
def test_without_a_bus_the_answer_holds_what_was_emitted(wrapped: Any) -> None:
    """Whoever sent the event sends that."""
    answer: Any = Stage().handler(bus=None)(wrapped(start_of("a")), Context())

    assert answer["statusCode"] == 200
    assert read_event(answer["body"]).type == "cmd.parcel.send"


def test_what_a_batch_led_to_is_a_batch() -> None:
    """In the media type for that."""
    events = [start_of("a"), start_of("b")]

    answer: Any = Stage().handler(bus=None)(function_url(events, BATCHED), Context())

    assert answer["headers"]["content-type"] == BATCHED["content-type"]
    assert len(read_batch(answer["body"])) == 2


def test_what_must_come_again_is_a_503() -> None:
    """With when to try again, and what became of each."""
    stage = Stage()
    stage.store.broken = {"b"}
    events = [start_of("a"), start_of("b")]

    answer: Any = stage.handler()(function_url(events, BATCHED), Context())

    assert problem(answer)["outcomes"][0]["outcome"] == "applied"
    assert problem(answer)["outcomes"][1]["outcome"] == "retry"
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "1")


def test_what_is_not_done_in_time_is_a_503() -> None:
    """Before the function is killed."""
    stage = Stage()
    stage.store.slow = {"a"}

    answer: Any = stage.handler(margin=0.1)(function_url(start_of("a")), Context(left=0.4))

    assert answer["statusCode"] == 503


@pytest.mark.parametrize(
    ("request_of", "status", "kind"),
    [
        (function_url({"specversion": "1.0"}), 400, "missing-attribute"),
        (function_url("hello", {"content-type": "text/plain"}), 415, "unsupported"),
        (function_url("", {}, method="GET"), 405, "method"),
        (function_url(event(subject="others/1.0.0/x")), 404, "foreign"),
        (function_url(start_of("a", "poison")), 422, "handler-raised"),
        (function_url(event(data=1, type="xorca.parcels.start")), 422, "payload"),
        ({**function_url("%"), "isBase64Encoded": True}, 400, "malformed"),
    ],
)
def test_what_cannot_be_taken_is_a_problem(request_of: Any, status: int, kind: str) -> None:
    """As the ASGI application says it."""
    answer: Any = Stage().handler()(request_of, Context())

    assert answer["statusCode"] == status
    assert problem(answer)["type"] == f"urn:xorca:problem:{kind}"


def test_a_batch_with_a_bad_member_has_a_report() -> None:
    """The good one is taken."""
    stage = Stage()

    answer: Any = stage.handler()(function_url([start_of("a"), 7], BATCHED), Context())

    assert [each["status"] for each in json.loads(answer["body"])] == [200, 400]
    assert answer["statusCode"] == 207
    assert stage.sent() == ["a"]


def test_the_caller_of_a_request_is_told_and_no_dead_letter_sent() -> None:
    """What is no event is a fault of the caller."""
    stage = Stage()

    stage.handler()(function_url("x"), Context())

    assert stage.bus.published == []


def test_several_headers_are_answered_with_several() -> None:
    """A load balancer that sends them wants them."""
    answer: Any = Stage().handler(bus=None)(balancer(start_of("a"), several=True), Context())

    assert answer["multiValueHeaders"]["content-type"] == ["application/cloudevents+json"]
    assert "headers" not in answer


# -- through the application --------------------------------------------------------------


def test_a_process_is_started_and_asked_for() -> None:
    """All routes are there."""
    stage = Stage()
    handler = stage.handler(http=True)
    plain = {"content-type": "application/json"}

    started: Any = handler(
        function_url({"what": "lamp"}, plain, path="/processes/parcels?process_id=7")
    )
    found: Any = handler(function_url("", {}, method="GET", path="/processes/parcels/1.0.0/7"))
    waited: Any = handler(
        function_url("", {}, method="GET", path="/processes/parcels/1.0.0/7/result?timeout=0")
    )
    missing: Any = handler(function_url("", {}, method="GET", path="/nowhere"))

    assert started["statusCode"] == 201, started
    assert started["headers"]["location"] == "/processes/parcels/1.0.0/7"
    assert json.loads(found["body"])["memory"] == {"what": "lamp"}
    assert (waited["statusCode"], missing["statusCode"]) == (202, 404)


@pytest.mark.parametrize("wrapped", [function_url, balancer])
def test_the_application_takes_events(wrapped: Any) -> None:
    """At the root, in every form."""
    stage = Stage()
    handler = stage.handler(http=True)
    request = {**wrapped(start_of("a")), "path": "/"}

    answer: Any = handler(request, Context())
    data = {**binary(type="evt.parcel.send.success", subject="parcels/1.0.0/a"), "ce-id": "x"}
    ended: Any = handler(shapes.encoded(function_url("", data)), Context())

    assert (answer["statusCode"], ended["statusCode"]) == (202, 202)


def test_an_application_of_ones_own_asks_who_it_is() -> None:
    """With credentials, limits and the rest."""
    stage = Stage()
    runtime = stage.runtime()
    keys = {"shop": b"0123456789abcdef0123456789abcdef"}
    guarded = app(runtime, auth=HmacAuth(keys))
    handler = lambda_handler(runtime, http=guarded)
    body = json.dumps(start_of("a"))
    headers = sign(keys, "POST", "/", body=body.encode(), headers=shapes.STRUCTURED)

    stranger: Any = handler(function_url(start_of("a")), Context())
    known: Any = handler(function_url(body, headers), Context())

    assert (stranger["statusCode"], known["statusCode"]) == (401, 202)


def test_a_slow_request_is_a_503() -> None:
    """A long wait for a result ends before the function does."""
    stage = Stage()
    stage.store.slow = {"a"}
    handler = stage.handler(http=True, margin=0.1)

    answer: Any = handler(function_url(start_of("a")), Context(left=0.4))

    assert problem(answer)["type"] == "urn:xorca:problem:deadline"


def test_a_stage_is_no_part_of_the_path() -> None:
    """An HTTP API puts it before the path, but for the one named $default."""
    request = function_url("", {}, method="GET", path="/prod/health")
    request["requestContext"]["stage"] = "prod"

    answer: Any = Stage().handler(http=True)(request, Context())

    assert answer["statusCode"] == 200


def test_other_triggers_are_taken_beside_requests() -> None:
    """One function may have several."""
    stage = Stage()

    answer = stage.handler(http=True)(shapes.sqs(start_of("a")), Context())

    assert answer == {"batchItemFailures": []}


def test_a_body_that_is_no_text_is_base64() -> None:
    """Lambda's answers are JSON."""

    async def raw(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"x-one", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"\xff", "more_body": True})
        await send({"type": "http.response.body", "body": b"\x00"})

    handler = lambda_handler(Parcels, store="memory:", bus=MemoryBus(), http=raw)

    answer: Any = handler(function_url("", method="GET"), Context())

    assert base64.b64decode(answer["body"]) == b"\xff\x00"
    assert answer["isBase64Encoded"] is True
    assert (answer["cookies"], answer["headers"]) == (["a=1", "b=2"], {"x-one": "1"})


def test_a_header_that_comes_twice_is_joined() -> None:
    """This form of an answer has one place for each name."""

    async def twice(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"www-authenticate", b"Bearer"), (b"www-authenticate", b"HMAC")]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    handler = lambda_handler(Parcels, store="memory:", bus=MemoryBus(), http=twice)

    answer: Any = handler(function_url("", method="GET"), Context())

    assert answer["headers"] == {"www-authenticate": "Bearer, HMAC"}
