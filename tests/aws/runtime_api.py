"""A small Runtime API of Lambda, and containers that run a function against it.

    with RuntimeApi() as api, api.container("tests.aws.lambda_app.handler", env) as container:
        answer = container.invoke(payload, seconds=10)

A container is a process of AWS's own runtime interface client. It is killed when an
invocation is not over in time, as Lambda does.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
_BASE = "/2018-06-01/runtime"


@dataclass(frozen=True, slots=True)
class Answer:
    """How an invocation ended: ``kind`` is response, error, killed or init."""

    kind: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class _Invocation:
    id: str
    body: bytes
    deadline: float


class RuntimeApi:
    """The API that one container at a time asks for its next invocation."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[_Invocation] = queue.Queue()
        self._started = 0
        self.answers: queue.Queue[tuple[str, Answer]] = queue.Queue()
        self.ready = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._started += 1
        self._server.shutdown()
        self._server.server_close()

    def give(self, payload: Any, *, seconds: float, request_id: str) -> None:
        """Let the container have an invocation; it is told of so many seconds."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self._waiting.put(_Invocation(request_id, body, time.time() + seconds))

    @contextmanager
    def container(
        self,
        handler: str,
        env: Mapping[str, str] | None = None,
        *,
        root: Path = ROOT,
        options: Sequence[str] = (),
    ) -> Iterator[Container]:
        """Start a container; it is killed at the end of the block.

        ``root`` is the folder of its code, ``options`` are those of the interpreter.
        """
        self.ready.clear()
        self._started += 1
        process = subprocess.Popen(
            [sys.executable, *options, "-m", "awslambdaric", handler],
            cwd=root,
            env={**_environment(self.address, root), **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        container = Container(self, process)
        try:
            yield container
        finally:
            container.kill()

    def _next(self) -> _Invocation | None:
        """Wait for the next invocation; None for a container that is gone meanwhile."""
        mine = self._started
        self.ready.set()
        while mine == self._started:
            try:
                found = self._waiting.get(timeout=0.05)
            except queue.Empty:
                continue
            if mine == self._started:
                return found
            self._waiting.put(found)
        return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                assert self.path == f"{_BASE}/invocation/next", self.path
                found = api._next()
                if found is not None:
                    self._give(found)

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                value = json.loads(self.rfile.read(length) or b"null")
                parts = self.path.removeprefix(f"{_BASE}/").split("/")
                if parts[0] == "init":
                    api.answers.put(("init", Answer("init", value)))
                    api.ready.set()
                else:
                    api.answers.put((parts[1], Answer(parts[2], value)))
                self.send_response(202)
                self.send_header("content-length", "0")
                self.end_headers()

            def _give(self, found: _Invocation) -> None:
                self.send_response(200)
                headers = {
                    "Lambda-Runtime-Aws-Request-Id": found.id,
                    "Lambda-Runtime-Deadline-Ms": str(int(found.deadline * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:1:function:f",
                    "Content-Type": "application/json",
                    "Content-Length": str(len(found.body)),
                }
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(found.body)

            def log_message(self, format: str, *args: Any) -> None: ...

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a container that was killed while it asked."""


class Container:
    """A running function."""

    def __init__(self, api: RuntimeApi, process: subprocess.Popen[bytes]) -> None:
        self._api, self.process = api, process
        self._log: list[bytes] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_until_ready(self) -> None:
        """Wait until it asks for its first invocation, or has failed to start."""
        assert self._api.ready.wait(PATIENCE), self.log()

    def initialisation(self) -> Answer:
        """Give the error with which it failed to start."""
        return self._api.answers.get(timeout=PATIENCE)[1]

    def invoke(
        self,
        payload: Any,
        *,
        seconds: float = 30.0,
        kill_after: float | None = None,
        request_id: str = "",
    ) -> Answer:
        """Invoke the function.

        Args:
            payload: What it is given.
            seconds: How long it is told that it may take, and may.
            kill_after: Kill it after so many seconds, whatever it was told.
            request_id: Of the invocation; the same for a retry of Lambda's.
        """
        known = request_id or str(uuid4())
        self._api.give(payload, seconds=seconds, request_id=known)
        end = time.monotonic() + (seconds if kill_after is None else kill_after)
        while time.monotonic() < end:
            was_there = self.process.poll() is None
            try:
                found, answer = self._api.answers.get(timeout=0.05)
            except queue.Empty:
                if not was_there:
                    return Answer("killed")
                continue
            if found in (known, "init"):
                return answer
        self.kill()
        return Answer("killed")

    def freeze(self, seconds: float) -> None:
        """Stop the process for a while, as Lambda does between invocations."""
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def log(self) -> str:
        """Give what it has written."""
        return b"".join(self._log).decode(errors="replace")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._log.append(line)


def _environment(address: str, root: Path) -> dict[str, str]:
    """Give what Lambda sets, and credentials that are none."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_LAMBDA_FUNCTION_NAME": "orders",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "LAMBDA_TASK_ROOT": str(root),
        "PYTHONPATH": str(root),
    }
