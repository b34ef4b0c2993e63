"""Answers in the shapes of AWS, for a FaultProxy to give: XML for S3, JSON for the others."""

from __future__ import annotations

import json

from tests.emulators.proxy import Fault


def s3_fault(status: int, code: str, *, text: str = "", after: bool = False) -> Fault:
    """Give an error of S3, such as 503 SlowDown; ``after``: the request was forwarded, too."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{text or code}</Message>"
        "<RequestId>4442587FB7D0A2F9</RequestId></Error>"
    ).encode()
    return _fault(status, body, {"content-type": "application/xml"}, after=after)


def json_fault(status: int, code: str, *, text: str = "", after: bool = False) -> Fault:
    """Give an error of DynamoDB and other JSON services, such as 400 ThrottlingException."""
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    body = json.dumps({"__type": kind, "message": text or code}).encode()
    return _fault(status, body, {"content-type": "application/x-amz-json-1.0"}, after=after)


def _fault(status: int, body: bytes, headers: dict[str, str], *, after: bool) -> Fault:
    return Fault(status, body, headers, forward=after)
