"""The payloads that AWS puts around events, as small as they are whole."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

Json = dict[str, Any]

S3_NOTIFICATION: Json = {
    "Records": [
        {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "parcels"}, "object": {"key": "label.pdf", "size": 17}},
        }
    ]
}
STREAM: Json = {
    "Records": [
        {
            "eventID": "1",
            "eventSource": "aws:dynamodb",
            "eventName": "INSERT",
            "dynamodb": {"Keys": {"pk": {"S": "parcel"}}, "SequenceNumber": "111"},
        }
    ]
}
DESTINATION: Json = {
    "version": "1.0",
    "requestContext": {"condition": "RetriesExhausted", "functionArn": "arn:aws:lambda:f"},
    "requestPayload": {"specversion": "1.0"},
    "responsePayload": {"errorMessage": "no"},
}
SCHEDULE: Json = {
    "version": "0",
    "id": "53dc4d37",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "time": "2026-11-20T09:00:00Z",
    "resources": ["arn:aws:events:eu-central-1:1:rule/sweep"],
    "detail": {},
}


def event(event_id: str = "1", **more: Any) -> Json:
    """Give an event in its structured form, parsed."""
    head = {"specversion": "1.0", "id": event_id, "source": "/shop", "type": "evt.order.placed"}
    return {**head, "data": {"n": 1}, **more}


def text(value: Any) -> str:
    """Give JSON text."""
    return value if isinstance(value, str) else json.dumps(value)


def binary(event_id: str = "1", **more: str) -> dict[str, str]:
    """Give the headers of an event in binary mode."""
    head = {"specversion": "1.0", "id": event_id, "source": "/shop", "type": "evt.order.placed"}
    return {f"ce-{name}": value for name, value in {**head, **more}.items()}


# -- queues and topics ------------------------------------------------------------------


def message(
    body: Any, message_id: str = "m0", *, attributes: dict[str, str] | None = None, group: str = ""
) -> Json:
    """Give one record of SQS; with a group, of a FIFO queue."""
    fifo = {"MessageGroupId": group, "SequenceNumber": "18"} if group else {}
    return {
        "messageId": message_id,
        "receiptHandle": "AQEB",
        "body": text(body),
        "attributes": {"ApproximateReceiveCount": "1", **fifo},
        "messageAttributes": {
            name: {"stringValue": value, "dataType": "String", "stringListValues": []}
            for name, value in (attributes or {}).items()
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-central-1:1:events{'.fifo' if group else ''}",
        "awsRegion": "eu-central-1",
    }


def sqs(*bodies: Any) -> Json:
    """Give a batch of SQS: records as they are, and a message m0, m1, ... of anything else."""
    records = [
        body if isinstance(body, dict) and "messageId" in body else message(body, f"m{place}")
        for place, body in enumerate(bodies)
    ]
    return {"Records": records}


def notification(body: Any, attributes: dict[str, str] | None = None) -> Json:
    """Give what SNS puts around a message."""
    return {
        "Type": "Notification",
        "MessageId": "n0",
        "TopicArn": "arn:aws:sns:eu-central-1:1:events",
        "Subject": None,
        "Message": text(body),
        "Timestamp": "2026-11-20T09:00:00.000Z",
        "MessageAttributes": {
            name: {"Type": "String", "Value": value} for name, value in (attributes or {}).items()
        },
    }


def sns(body: Any, attributes: dict[str, str] | None = None) -> Json:
    """Give a delivery of SNS to a function."""
    record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn"}
    return {"Records": [{**record, "Sns": notification(body, attributes)}]}


def rule(detail: Any, **more: Any) -> Json:
    """Give what EventBridge delivers."""
    return {
        "version": "0",
        "id": "7bf73129",
        "detail-type": "evt.order.placed",
        "source": "/shop",
        "account": "1",
        "time": "2026-11-20T09:00:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": detail,
        **more,
    }


# -- HTTP -------------------------------------------------------------------------------

STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCHED = {"content-type": "application/cloudevents-batch+json"}


def function_url(
    body: Any, headers: dict[str, str] | None = None, *, method: str = "POST", path: str = "/"
) -> Json:
    """Give a request to a function URL, or to an HTTP API (format 2.0)."""
    path, _, query = path.partition("?")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "f.example.org", **(STRUCTURED if headers is None else headers)},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
            "stage": "$default",
            "requestId": "r0",
        },
        "body": text(body),
        "isBase64Encoded": False,
    }


def rest_api(body: Any, headers: dict[str, str] | None = None) -> Json:
    """Give a request to a REST API (format 1.0)."""
    found = STRUCTURED if headers is None else headers
    return {
        "resource": "/{proxy+}",
        "path": "/events",
        "httpMethod": "POST",
        "headers": dict(found),
        "multiValueHeaders": {name: [value] for name, value in found.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"stage": "prod", "requestId": "r0", "httpMethod": "POST"},
        "body": text(body),
        "isBase64Encoded": False,
    }


def balancer(body: Any, headers: dict[str, str] | None = None, *, several: bool = False) -> Json:
    """Give a request of a load balancer; ``several``: with multi-value headers."""
    found = STRUCTURED if headers is None else headers
    request: Json = {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:t"}},
        "httpMethod": "POST",
        "path": "/events",
        "body": text(body),
        "isBase64Encoded": False,
    }
    if several:
        many = {name: [value] for name, value in found.items()}
        return {**request, "multiValueQueryStringParameters": {}, "multiValueHeaders": many}
    return {**request, "queryStringParameters": {}, "headers": dict(found)}


def encoded(request: Json) -> Json:
    """Give a request with its body in base64."""
    return {
        **request,
        "body": b64encode(request["body"].encode()).decode(),
        "isBase64Encoded": True,
    }
