"""The stores that are raced on, plain and behind a proxy with faults."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from uuid import uuid4

from tests.aws.grounds import make_bucket, make_table
from tests.emulators.aws_answers import json_fault, s3_fault
from tests.emulators.fixtures import HERE, node_program
from tests.emulators.proxy import Fault, FaultProxy
from tests.emulators.serving import free_port, serving

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}

Course = tuple[str, str, str, Mapping[str, object]]

S3_FAULTS = (
    s3_fault(409, "ConditionalRequestConflict"),
    s3_fault(503, "SlowDown"),
    s3_fault(500, "InternalError", after=True),
    Fault.lost_answer(),
    Fault.lost_request(),
    Fault.half_answer(),
    Fault.slow(0.2),
)
DYNAMODB_FAULTS = (
    json_fault(400, "ThrottlingException"),
    json_fault(400, "TransactionConflictException"),
    json_fault(500, "InternalServerError", after=True),
    Fault.lost_answer(),
    Fault.lost_request(),
    Fault.half_answer(),
    Fault.slow(0.2),
)


async def courses() -> AsyncIterator[Course]:
    """Give name, URL, URL without faults, and further words of the job, one after the other."""
    os.environ.update(ENVIRONMENT)
    with ExitStack() as stack:
        port = free_port()
        command = [sys.executable, HERE / "locked_moto.py", str(port)]
        moto = stack.enter_context(serving(command, port))
        port = free_port()
        dynalite = stack.enter_context(
            serving([node_program("dynalite"), "--port", str(port), "--createTableMs", "0"], port)
        )
        await make_bucket(moto, "races")
        await make_table(dynalite, "races")
        plain = _urls(moto, dynalite)
        for name, url in plain.items():
            yield name, url, "", {}
        yield "S3 with a lease", _s3(moto), "", {"lease": "races", "locks": dynalite}
        async with FaultProxy(moto) as s3, FaultProxy(dynalite) as dynamodb:
            s3.seed(5, 0.1, *S3_FAULTS)
            dynamodb.seed(5, 0.1, *DYNAMODB_FAULTS)
            for name, url in _urls(s3.url, dynamodb.url).items():
                calm = url.replace(s3.url, moto).replace(dynamodb.url, dynalite)
                yield f"{name}, behind a proxy with faults", url, calm, {}


def _urls(moto: str, dynalite: str) -> dict[str, str]:
    return {
        "S3": _s3(moto),
        "S3 with markers": f"{_s3(moto)}&markers=1",
        "DynamoDB": f"dynamodb://races/{uuid4().hex}?endpoint={dynalite}",
    }


def _s3(endpoint: str) -> str:
    return f"s3://races/{uuid4().hex}?endpoint={endpoint}"
