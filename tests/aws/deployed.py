"""The template of the example, read, and as much of it made in an emulator as events need."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cfnlint.decode import decode

from tests.aws.runtime_api import ROOT
from tests.emulators.proxy import Request

HERE = ROOT / "examples" / "book_summary" / "aws"
Json = dict[str, Any]


def template() -> Json:
    """Give the template as JSON, its functions in their long form."""
    found, faults = decode(str(HERE / "template.yaml"))
    assert not faults, faults
    loaded: Json = json.loads(json.dumps(found, default=str))
    return loaded


def properties(name: str) -> Json:
    """Give the properties of a resource."""
    found: Json = template()["Resources"][name]["Properties"]
    return found


def statements(name: str) -> list[Json]:
    """Give what a role, or a policy of a resource, allows or denies."""
    found = properties(name)
    policies = found.get("Policies") or [found]
    return [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]


def actions(name: str) -> set[str]:
    """Give the actions that a role allows."""
    return {action for each in statements(name) for action in listed(each["Action"])}


def listed(given: Any) -> list[Any]:
    """Give a list of one or more."""
    return given if isinstance(given, list) else [given]


def action_of(request: Request) -> str:
    """Give the action that a request needs to be allowed."""
    target = request.headers.get("x-amz-target", "")
    if target:
        service, _, operation = target.partition(".")
        return f"{ {'AWSEvents': 'events', 'AmazonSQS': 'sqs'}[service] }:{operation}".replace(
            " ", ""
        )
    if request.path.startswith("/schedules/"):
        verbs = {"POST": "Create", "DELETE": "Delete", "GET": "Get"}
        return f"scheduler:{verbs[request.method]}Schedule"
    if "list-type" in request.path:
        return "s3:ListBucket"
    return f"s3:{request.method.title()}Object"


@dataclass
class Deployment:
    """Resources that were made, and what the template's references to them stand for."""

    clients: Mapping[str, Any]
    stack: str
    found: dict[str, str] = field(default_factory=dict)
    queues: dict[str, str] = field(default_factory=dict)

    async def make(self) -> None:
        """Make bucket, bus, queues, rules and schedule group as the template has them."""
        await self._bucket()
        await self.clients["events"].create_event_bus(Name=self.stack)
        self.found["Bus"] = self.stack
        for name in ("EventsLetters", "CommandsLetters", "Events", "Commands"):
            await self._queue(name)
        for name in ("EventsRule", "CommandsRule"):
            await self._rule(name)
        await self.clients["scheduler"].create_schedule_group(Name=self.stack)
        self.found |= {"Wakes": self.stack, "WakesRole.Arn": "arn:aws:iam::123456789012:role/wakes"}

    def environment(self, function: str) -> dict[str, str]:
        """Give the environment of a function."""
        variables = properties(function)["Environment"]["Variables"]
        return {name: self.value(each) for name, each in variables.items()}

    def value(self, given: Any) -> str:
        """Give what a value of the template is once its references are filled in."""
        if isinstance(given, str):
            return given
        ((kind, what),) = given.items()
        if kind == "Ref":
            return self.found[what]
        if kind == "Fn::GetAtt":
            return self.found[".".join(what)]
        assert kind == "Fn::Sub", given
        return re.sub(r"\$\{([\w.]+)\}", lambda match: self.found[match[1]], what)

    async def _bucket(self) -> None:
        name = f"{self.stack}-records"
        where = {"LocationConstraint": "eu-central-1"}
        await self.clients["s3"].create_bucket(Bucket=name, CreateBucketConfiguration=where)
        self.found |= {"Records": name, "Records.Arn": f"arn:aws:s3:::{name}"}

    async def _queue(self, name: str) -> None:
        sqs, found = self.clients["sqs"], properties(name)
        attributes = {"VisibilityTimeout": str(found.get("VisibilityTimeout", 30))}
        if "RedrivePolicy" in found:
            policy = found["RedrivePolicy"]
            policy["deadLetterTargetArn"] = self.value(policy["deadLetterTargetArn"])
            attributes["RedrivePolicy"] = json.dumps(policy)
        made = await sqs.create_queue(QueueName=f"{self.stack}-{name}", Attributes=attributes)
        url = self.queues[name] = made["QueueUrl"]
        told = await sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        self.found[f"{name}.Arn"] = told["Attributes"]["QueueArn"]

    async def _rule(self, name: str) -> None:
        events, found = self.clients["events"], properties(name)
        pattern = json.dumps(found["EventPattern"])
        rule = f"{self.stack}-{name}"
        await events.put_rule(Name=rule, EventBusName=self.stack, EventPattern=pattern)
        targets = [{"Id": each["Id"], "Arn": self.value(each["Arn"])} for each in found["Targets"]]
        await events.put_targets(Rule=rule, EventBusName=self.stack, Targets=targets)


def files() -> list[Path]:
    """Give what of the example a function or an image is made of."""
    return sorted([*HERE.parent.glob("*.py"), *HERE.glob("*.py"), HERE / "requirements.txt"])
