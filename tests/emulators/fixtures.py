"""One emulator of each kind a test session, started when the first test asks for it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest

from tests.emulators.serving import free_port, missing, serving

HERE = Path(__file__).parent
NODE_PROGRAMS = HERE.parents[1] / "build" / "emulators" / "node_modules" / ".bin"


def node_program(name: str) -> Path:
    """Give the path of a program from npm, or end the test where it is missing."""
    program = NODE_PROGRAMS / name
    if shutil.which("node") is None or not program.exists():
        missing(name, "install Node.js 20 or newer and run: make setup")
    return program


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """Serve S3, DynamoDB, SNS, SQS, EventBridge and Scheduler; give the endpoint."""
    if find_spec("moto") is None:
        missing("moto", "run: make setup")
    port = free_port()
    with serving([sys.executable, HERE / "locked_moto.py", str(port)], port) as url:
        yield url


@pytest.fixture(scope="session")
def dynalite() -> Iterator[str]:
    """Serve DynamoDB; give the endpoint."""
    port = free_port()
    command = [node_program("dynalite"), "--host", "127.0.0.1", "--port", str(port)]
    with serving([*command, "--createTableMs", "0"], port) as url:
        yield url


@pytest.fixture(scope="session")
def azurite() -> Iterator[dict[str, str]]:
    """Serve Azure blobs and queues; give the endpoints under "blob" and "queue"."""
    blob, queue = free_port(), free_port()
    command = [
        node_program("azurite"),
        *("--silent", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"),
        *("--blobHost", "127.0.0.1", "--blobPort", str(blob)),
        *("--queueHost", "127.0.0.1", "--queuePort", str(queue)),
        *("--tableHost", "127.0.0.1", "--tablePort", str(free_port())),
    ]
    with serving(command, queue):
        account = "devstoreaccount1"
        yield {
            "blob": f"http://127.0.0.1:{blob}/{account}",
            "queue": f"http://127.0.0.1:{queue}/{account}",
        }


@pytest.fixture
def fresh_name() -> str:
    """Give a name for a bucket, table, queue or container that no other test uses."""
    return f"t-{uuid4().hex[:20]}"


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give credentials and a region by the environment, and no files of this machine."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
