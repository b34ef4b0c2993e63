"""Queues, topics and buses of an emulator, made and read by the SDK alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from xorca.events import Event, read_event
from xorca.providers.aws.clients import AwsClients

REGION = "eu-central-1"
ACCOUNT = "123456789012"


def clients_of(endpoint: str) -> AwsClients:
    """Give clients of an emulator."""
    return AwsClients(
        endpoint=endpoint, region=REGION, access_key_id="testing", secret_access_key="testing"
    )


@dataclass
class Place:
    """What was made for one test, and the queue at which everything arrives."""

    clients: AwsClients
    name: str
    url: str

    @property
    def arn(self) -> str:
        """Give the ARN of the queue."""
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.url.rpartition('/')[2]}"

    async def messages(self, **more: Any) -> list[dict[str, Any]]:
        """Take every message that is visible, with its attributes."""
        sqs = await self.clients.client("sqs")
        found: list[dict[str, Any]] = []
        while True:
            answer = await sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=10,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
            messages: Any = answer.get("Messages", [])
            if not messages:
                return found
            found += messages
            receipts: Any = [
                {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]}
                for place, message in enumerate(messages)
            ]
            await sqs.delete_message_batch(QueueUrl=self.url, Entries=receipts)

    async def events(self) -> list[Event]:
        """Take every message, and read the event in it, however it is wrapped."""
        return [unwrapped(message["Body"]) for message in await self.messages()]


def unwrapped(body: str) -> Event:
    """Read an event out of a message of SQS, of SNS or of a rule of EventBridge."""
    found = json.loads(body)
    if found.get("Type") == "Notification":
        return read_event(found["Message"])
    if "detail-type" in found:
        return read_event(msgspec.json.encode(found["detail"]))  # as JSON is written here
    return read_event(body)


async def queue(endpoint: str, name: str, **attributes: str) -> Place:
    """Make a queue."""
    clients = clients_of(endpoint)
    sqs = await clients.client("sqs")
    if name.endswith(".fifo"):
        attributes["FifoQueue"] = "true"
    made = await sqs.create_queue(QueueName=name, Attributes=attributes)  # type: ignore[arg-type]
    return Place(clients, name, made["QueueUrl"])


async def topic(endpoint: str, name: str, *, raw: bool = True) -> tuple[str, Place]:
    """Make a topic with a queue behind it; give its ARN, and the queue."""
    place = await queue(endpoint, name)
    sns = await place.clients.client("sns")
    fifo = {"FifoTopic": "true"} if name.endswith(".fifo") else {}
    made = await sns.create_topic(Name=name, Attributes=fifo)
    await sns.subscribe(
        TopicArn=made["TopicArn"],
        Protocol="sqs",
        Endpoint=place.arn,
        Attributes={"RawMessageDelivery": "true"} if raw else {},
    )
    return made["TopicArn"], place


async def event_bus(endpoint: str, name: str) -> Place:
    """Make an event bus whose rule sends everything to a queue."""
    place = await queue(endpoint, name)
    events = await place.clients.client("events")
    await events.create_event_bus(Name=name)
    everything = json.dumps({"account": [ACCOUNT]})
    await events.put_rule(Name="all", EventBusName=name, EventPattern=everything)
    target = {"Id": "queue", "Arn": place.arn}
    await events.put_targets(Rule="all", EventBusName=name, Targets=[target])  # type: ignore[list-item]
    return place
