"""Workers whose state lies in S3 or DynamoDB are killed at random, and keep the promise."""

from __future__ import annotations

import pytest

from tests.aws.grounds import GROUNDS, REGION
from tests.stress.hammering import assert_promise_held, run_hammer

KILLS = ("--kills", "6", "--seed", "5", "--patience", "60")


def environment(endpoint: str) -> dict[str, str]:
    """Tell the workers of a run where AWS is."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": "/dev/null",
    }


@pytest.mark.usefixtures("aws_environment")
async def test_nothing_is_lost_in_s3_when_workers_are_killed(moto: str) -> None:
    """Six kills among three workers: every event is applied once, and all of it is sent."""
    url = f"s3://{await GROUNDS.bucket(moto)}/kill"

    done = run_hammer(*KILLS, "--store", url, environment=environment(moto))

    assert_promise_held(done)


@pytest.mark.usefixtures("aws_environment")
async def test_nothing_is_lost_in_dynamodb_when_workers_are_killed(dynalite: str) -> None:
    """The same over a table."""
    url = f"dynamodb://{await GROUNDS.table(dynalite)}/kill"

    done = run_hammer(*KILLS, "--store", url, environment=environment(dynalite))

    assert_promise_held(done)
