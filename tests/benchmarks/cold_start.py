"""What a cold start on Lambda costs, beside that of the SDK alone.

``python -m tests.benchmarks.cold_start``: CPU time of fresh interpreters, in turn. One imports
aiobotocore, makes a session and an S3 client, and does its first GET and PUT; the other imports
a module that makes a handler over S3Store, which connects as on Lambda, and has it apply its
first event: a GET and a PUT as well. Both speak to a small server in this process.
"""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.benchmarks.figures import Figure, run
from tests.benchmarks.sizes import Size
from tests.benchmarks.timing import Samples, ratio, ratios, take_turns

ROOT = Path(__file__).parents[2]

BARE = """
import asyncio, os
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

async def main():
    config = AioConfig(s3={"addressing_style": "path"})
    url = os.environ["ENDPOINT"]
    async with AioSession().create_client("s3", endpoint_url=url, config=config) as s3:
        try:
            await s3.get_object(Bucket="bucket", Key="parcels/x")
        except s3.exceptions.NoSuchKey:
            pass
        await s3.put_object(Bucket="bucket", Key="parcels/x", Body=b"{}", IfNoneMatch="*")
        os._exit(0)  # as a function, which nobody asks to close anything

asyncio.run(main())
"""
OURS = """
import os
from tests.aws.lambda_parcels import Parcels
from xorca.handlers.aws_lambda import lambda_handler

class Bus:
    published = []

    async def publish(self, events):
        self.published += events

bus = Bus()
store = f"s3://bucket/orders?endpoint={os.environ['ENDPOINT']}"
handler = lambda_handler(Parcels, store=store, bus=bus)
body = '{"specversion":"1.0","id":"1","source":"/a","type":"xorca.parcels.start","data":{"what":"x"}}'
record = {"messageId": "m", "eventSource": "aws:sqs", "body": body, "messageAttributes": {}}
assert handler({"Records": [record]}) == {"batchItemFailures": []}
assert len(bus.published) == 1
os._exit(0)
"""
PROGRAMS = {
    "sdk": BARE,
    "xorca": OURS,
    "import": "import xorca.handlers.aws_lambda",
    "none": "pass",
}


class Bucket(BaseHTTPRequestHandler):
    """A bucket in which nothing is, and that takes everything."""

    protocol_version = "HTTP/1.1"
    asked: list[str] = []

    def do_GET(self) -> None:
        """Say that there is no such object."""
        self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>")

    def do_PUT(self) -> None:
        """Take it."""
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self._answer(200, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.asked.append(self.command)
        self.send_response(status)
        self.send_header("ETag", '"0123456789abcdef0123456789abcdef"')
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[str]:
    """Serve the bucket; give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def environment(url: str) -> dict[str, str]:
    """Give what Lambda sets, without anything of this machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "ENDPOINT": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_LAMBDA_FUNCTION_NAME": "parcels",
    }


def starting(program: str, env: dict[str, str]) -> Callable[[int], tuple[float, float]]:
    """Measure an interpreter that runs a program: CPU and wall-clock milliseconds."""

    def measure(_: int) -> tuple[float, float]:
        begun = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        wall = (time.perf_counter() - begun) * 1000
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, program
        return (usage.ru_utime + usage.ru_stime) * 1000, wall

    return measure


def measure(size: Size = Size.FULL) -> list[Figure]:
    """Measure fresh interpreters in turn."""
    # What is deployed is compiled; a checkout may not be (PYTHONDONTWRITEBYTECODE).
    compileall.compile_dir(ROOT / "xorca", quiet=1)
    with serving() as url:
        env = environment(url)
        contestants = {name: starting(program, env) for name, program in PROGRAMS.items()}
        found = take_turns(contestants, size.of(1, 5, 20))
    cpu = {name: Samples([each[0] for each in values]) for name, values in found.items()}
    wall = {name: Samples([each[1] for each in values]) for name, values in found.items()}
    figures = [_figure("the SDK alone, first GET and PUT: CPU", cpu["sdk"])]
    figures += [_figure("a handler, first event: CPU", cpu["xorca"])]
    figures += [_ratio("a handler : the SDK alone, CPU", cpu, most=1.15)]
    figures += [_figure("the SDK alone, first GET and PUT: wall", wall["sdk"])]
    figures += [_figure("a handler, first event: wall", wall["xorca"])]
    figures += [_ratio("a handler : the SDK alone, wall", wall, most=1.15)]
    figures += [_figure("import xorca.handlers.aws_lambda: CPU", cpu["import"])]
    return [*figures, _figure("a bare interpreter: CPU", cpu["none"])]


def _figure(name: str, samples: Samples) -> Figure:
    return Figure(name, samples.median, "ms", samples=tuple(samples.values))


def _ratio(name: str, found: dict[str, Samples], *, most: float) -> Figure:
    above, below = found["xorca"], found["sdk"]
    return Figure(name, ratio(above, below), "x", most, samples=ratios(above, below))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    return run("cold_start", measure, arguments, description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
