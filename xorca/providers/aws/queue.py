"""A queue of SQS by its name, ARN or URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xorca.errors import ConfigurationError
from xorca.events.lazy import lazy_pattern
from xorca.providers.aws.faults import not_aws
from xorca.providers.aws.retrying import patiently

if TYPE_CHECKING:
    from xorca.providers.aws.clients import AwsClients

_NAME: Final = lazy_pattern(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")
_ARN: Final = lazy_pattern(r"arn:[a-z0-9-]+:sqs:[a-z0-9-]*:(?P<account>[0-9]{12}):(?P<name>[^:]+)")


class Queue:
    """One queue; its URL is asked for once, where it was not given.

    Args:
        queue: The name, the ARN or the URL.

    Raises:
        ConfigurationError: it is none of them.
    """

    def __init__(self, queue: str) -> None:
        found = _ARN.fullmatch(queue)
        self._url = queue if queue.startswith(("https://", "http://")) else ""
        self._owner = found["account"] if found else ""
        self.name = found["name"] if found else queue.rpartition("/")[2] if self._url else queue
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(
                f"{queue[:100]!r} is no queue: write its name (letters, digits, '-' and '_', 80"
                " at most), its ARN, or its URL"
            )
        self.shown = f"the queue {self.name!r}"

    @property
    def fifo(self) -> bool:
        """Whether the queue keeps the order of each group."""
        return self.name.endswith(".fifo")

    async def url(self, clients: AwsClients) -> str:
        """Give the URL.

        Raises:
            Unavailable: nobody answered.
            AwsRefused: there is no such queue, or it may not be asked for.
        """
        if not self._url:
            self._url = await patiently(self.shown, lambda: self._asked(clients))
        return self._url

    async def _asked(self, clients: AwsClients) -> str:
        client = await clients.client("sqs")
        more = {"QueueOwnerAWSAccountId": self._owner} if self._owner else {}
        answer = await client.get_queue_url(QueueName=self.name, **more)
        url = answer.get("QueueUrl", "")
        if not url:
            raise not_aws(self.shown)
        return url
