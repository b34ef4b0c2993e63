"""The example on AWS, from its template: three functions over emulated services."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from aiobotocore.session import AioSession

from tests.aws import shapes
from tests.aws.deployed import Deployment, action_of, actions, properties
from tests.aws.runtime_api import Answer, Container, RuntimeApi
from tests.emulators.proxy import FaultProxy

SERVICES = ("s3", "sqs", "events", "scheduler")
PLAIN = {"content-type": "application/json"}


@dataclass
class Stage:
    """The functions in their containers, and the queues between them."""

    deployment: Deployment
    proxy: FaultProxy
    containers: dict[str, Container]

    async def invoke(self, function: str, payload: Any) -> Answer:
        """Invoke a function."""
        container = self.containers[function]
        return await asyncio.to_thread(container.invoke, payload)

    async def pump(self, queue: str, function: str) -> int:
        """Give a function what waits in its queue, as the event source mapping does."""
        sqs, url = self.deployment.clients["sqs"], self.deployment.queues[queue]
        found = await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        messages = found.get("Messages", [])
        if not messages:
            return 0
        records = [shapes.message(each["Body"], each["MessageId"]) for each in messages]
        answer = await self.invoke(function, {"Records": records})
        assert answer == Answer("response", {"batchItemFailures": []}), self.containers[
            function
        ].log()
        for each in messages:
            await sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return len(messages)

    async def ask(self, method: str, path: str, body: str = "") -> Any:
        """Send a request to the URL."""
        request = shapes.function_url(body, PLAIN, method=method, path=path)
        answer = await self.invoke("WebFunction", request)
        assert answer.kind == "response", self.containers["WebFunction"].log()
        return answer.value


@pytest.fixture
async def stage(moto: str, fresh_name: str, aws_environment: None) -> AsyncIterator[Stage]:
    """Make what the template describes, and start the functions."""
    session = AioSession()
    async with AsyncExitStack() as services, FaultProxy(moto) as proxy:
        clients = {
            name: await services.enter_async_context(
                session.create_client(name, "eu-central-1", endpoint_url=moto)  # type: ignore[call-overload]
            )
            for name in SERVICES
        }
        deployment = Deployment(clients, fresh_name)
        await deployment.make()
        with ExitStack() as stack:
            containers = {
                name: _container(stack, deployment, proxy.url, name)
                for name in ("ProcessesFunction", "ServicesFunction", "WebFunction")
            }
            yield Stage(deployment, proxy, containers)


def _container(stack: ExitStack, deployment: Deployment, url: str, function: str) -> Container:
    env = deployment.environment(function) | {"AWS_ENDPOINT_URL": url}
    if "BOOKS_STORE" in env:
        env["BOOKS_STORE"] += f"&endpoint={url}"
    api = stack.enter_context(RuntimeApi())
    return stack.enter_context(api.container(properties(function)["Handler"], env))


async def test_a_book_is_summarised_from_request_to_result(stage: Stage) -> None:
    """Through every function, by the rules and with the rights of the template."""
    started = await stage.ask(
        "POST", "/processes/books.summary?process_id=7", '{"book_id": "while"}'
    )
    for _ in range(20):
        moved = await stage.pump("Commands", "ServicesFunction")
        if not moved + await stage.pump("Events", "ProcessesFunction"):
            break
    found = await stage.ask("GET", "/processes/books.summary/1.0.0/7/result?timeout=5")
    swept = await stage.invoke("ProcessesFunction", {"xorca": "sweep"})

    assert started["statusCode"] == 201, started
    assert found["statusCode"] == 200, found
    process = json.loads(found["body"])
    assert (process["status"], process["state"]) == ("ended", "finish")
    assert "typed in in a hurry" in process["memory"]["summary"]
    assert swept.value["failures"] == 0
    await _check_rights(stage)


async def _check_rights(stage: Stage) -> None:
    """Compare what was asked of AWS with what the template allows."""
    requests = stage.proxy.requests
    allowed = actions("ProcessesRole") | actions("ServicesRole")
    asked = {action_of(each) for each in requests}
    writes = [
        each for each in requests if action_of(each) == "s3:PutObject" and "~marks" not in each.path
    ]

    assert asked <= allowed
    assert {"s3:PutObject", "events:PutEvents", "scheduler:CreateSchedule"} <= asked
    assert writes
    assert all({"if-match", "if-none-match"} & {*each.headers} for each in writes)
