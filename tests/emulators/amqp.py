"""The AMQP broker that stands in for Service Bus: how to start it and how to look into it."""

from __future__ import annotations

import json
import shutil
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.emulators.serving import free_port, missing, serving
from xorca.events import Event, read_event

HERE = Path(__file__).parent
RHEA = HERE.parents[1] / "build" / "emulators" / "node_modules" / "rhea"
KEY = "c2VjcmV0IG9mIHRoZSBicm9rZXI="
POLICY = "RootManageSharedAccessKey"


@dataclass(frozen=True)
class Broker:
    """A broker that runs: where it is, and what it holds."""

    port: int
    control: str

    def connection_string(self, *, key: str = KEY, port: int | None = None) -> str:
        """Give a connection string as that of the service's own emulator: without TLS."""
        return (
            f"Endpoint=sb://127.0.0.1:{port or self.port};SharedAccessKeyName={POLICY};"
            f"SharedAccessKey={key};UseDevelopmentEmulator=true;"
        )

    def waiting(self, queue: str) -> list[dict[str, Any]]:
        """Give the messages that wait, in order."""
        found: list[dict[str, Any]] = self._ask("GET", f"/messages?queue={queue}")["waiting"]
        return found

    def scheduled(self, queue: str) -> list[dict[str, Any]]:
        """Give the messages that are to come."""
        found: list[dict[str, Any]] = self._ask("GET", f"/messages?queue={queue}")["scheduled"]
        return found

    def order(self, *orders: dict[str, Any]) -> None:
        """Let the next requests meet these faults, one each."""
        self._ask("POST", "/orders", orders)

    def forget_orders(self) -> None:
        """Let nothing more go wrong."""
        self._ask("DELETE", "/orders")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self.control + path, data=data, method=method), timeout=10) as answer:
            return json.load(answer)


def event_in(message: dict[str, Any]) -> Event:
    """Read the event that a message of the broker holds."""
    return read_event(b64decode(message["body"]))


@contextmanager
def amqp_broker() -> Iterator[Broker]:
    """Run a broker until the end of the block."""
    if shutil.which("node") is None or not RHEA.exists():
        missing("rhea", "install Node.js 20 or newer and run: make setup")
    port, control = free_port(), free_port()
    command = ["node", str(HERE / "amqp_broker.cjs"), str(port), str(control), KEY]
    with serving(command, control) as url:
        yield Broker(port, url)
