"""The command line works on stores and buses of AWS, named by URLs alone."""

from __future__ import annotations

import asyncio

import pytest
from click.testing import CliRunner

from tests.aws.grounds import GROUNDS
from tests.aws.places import Place, queue
from xorca import Orchestrator, Runtime, emit, end, on, start
from xorca.cli import main
from xorca.events import Event
from xorca.providers.aws import S3Store

pytestmark = pytest.mark.usefixtures("aws_environment")


class Errand(Orchestrator, name="errand"):
    @start
    @emit("cmd.bread.buy")
    def begin(self, request: dict[str, str]) -> dict[str, str]:
        return request

    @on("evt.bread.buy.success", to=end)
    def done(self, bought: dict[str, str]) -> None:
        """It is there."""


@pytest.mark.parametrize("markers", ["0", "1"])
def test_what_was_left_behind_is_swept_from_a_bucket_to_a_queue(
    moto: str, fresh_name: str, markers: str
) -> None:
    """A command that never left its record in S3 arrives in SQS, with the id it had."""
    place, emitted = asyncio.run(_left_behind(moto, fresh_name, markers == "1"))
    bucket = f"s3://{emitted[0]}/{fresh_name}?endpoint={moto}&markers={markers}"
    taker = f"{place.url}?endpoint={moto}&region=eu-central-1"

    arguments = ("sweep", "--store", bucket, "--bus", f"sqs:{taker}", "--older-than", "0s")
    done = CliRunner().invoke(main, arguments)

    assert done.exit_code == 0, done.output
    assert "sent 1 event" in done.output
    assert [event.id for event in asyncio.run(_arrived(place))] == [emitted[1]]


async def _left_behind(moto: str, name: str, markers: bool) -> tuple[Place, tuple[str, str]]:
    bucket = await GROUNDS.bucket(moto)
    place = await queue(moto, name)
    async with S3Store(bucket, prefix=name, markers=markers, endpoint=moto) as store:
        start_event = Errand.start_event({"for": "us"}, process_id="e-1")
        (outcome,) = await Runtime([Errand], store=store).handle(start_event, publish=False)
    await place.clients.close()
    return place, (bucket, outcome.emitted[0].get_id())


async def _arrived(place: Place) -> list[Event]:
    try:
        return await place.events()
    finally:
        await place.clients.close()
