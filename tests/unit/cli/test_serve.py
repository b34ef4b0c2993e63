"""``xorca serve``: a module over HTTP, from its first request to its graceful end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import uvicorn

from tests.unit.cli.conftest import HELLO, SERVED, Call
from tests.unit.cli.dev_stage import PATIENCE, Dev, wait_until
from tests.unit.cli.serve_stage import START, STORE, Serve
from tests.unit.providers_http.taker import Taker
from xorca.cli import serve_protocol
from xorca.cli.serve_protocol import Patience, PatientH11, patient_protocol
from xorca.cli.serve_server import Server, say_ready
from xorca.cli.serve_wish import ServeWish

SLOW = (
    SERVED
    + """
import asyncio
from datetime import timedelta
from pathlib import Path


@fleet.serves("cmd.nap.take", timeout=timedelta(minutes=5))
async def nap(wish: dict) -> dict:
    Path("napping").touch()
    await asyncio.sleep(wish["seconds"])
    return {}
"""
)
TIMED = (
    HELLO.replace("from xorca import", "from datetime import timedelta\n\nfrom xorca import after,")
    + """
    @after(timedelta(milliseconds=100), to=end)
    @emit("notif.greeting.late")
    def late(self) -> Greeting:
        return Greeting("too late")
"""
)
NAP = {"specversion": "1.0", "id": "n-1", "source": "/tests", "type": "cmd.nap.take"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory with modules."""
    for name, text in {"hello": HELLO, "served": SERVED, "slow": SLOW, "timed": TIMED}.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    return tmp_path  # type: ignore[return-value]


# -- serving -------------------------------------------------------------------------------


def test_an_event_is_answered_with_what_it_led_to(place: Path) -> None:
    """Without a sink the command comes back in the response; the process is there afterwards."""
    with Serve(place, "hello") as serve:
        answer = serve.post(START)
        found = serve.get("/processes/hello/1.0.0/ada")

    assert answer.status_code == 200
    assert answer.json()["type"] == "cmd.greeting.write"
    assert found.json()["state"] == "ask"


@pytest.mark.parametrize("path", ["/health", "/ready", "/openapi.json"])
def test_it_tells_of_itself(place: Path, path: str) -> None:
    """Alive, ready, and what can be asked."""
    with Serve(place, "hello") as serve:
        assert serve.get(path).status_code == 200


def test_it_says_what_it_serves(place: Path) -> None:
    """The orchestrators, the fleets below them, and the address."""
    with Serve(place, "served") as serve:
        lines = serve.output.splitlines()

    assert lines[:2] == ["  hello 1.0.0 at /", "  /greetings at /fleets/greetings"]
    assert lines[2].startswith("ready at http://127.0.0.1:")


def test_a_fleet_is_served_below_the_orchestrators(place: Path) -> None:
    """A command that is posted there is answered by the service."""
    command = {**START, "type": "cmd.greeting.write", "subject": "a/1/b"}

    with Serve(place, "served") as serve:
        answer = serve.post(command, "/fleets/greetings")

    assert answer.json()["data"] == {"text": "Hello, Ada!"}


def test_several_fleets_have_paths_of_their_own(place: Path) -> None:
    """Where there is no orchestrator, the root still tells that the program is alive."""
    (place / "two.py").write_text(
        "from xorca.fleet import Fleet\na, b = Fleet('/srvc/a'), Fleet('/srvc/b')\n", "utf-8"
    )

    with Serve(place, "two") as serve:
        statuses = [
            serve.get(path).status_code
            for path in ("/health", "/fleets/srvc/a/health", "/fleets/srvc/b/health", "/fleets/c")
        ]

    assert statuses == [200, 200, 200, 404]


def test_a_prefix_comes_before_every_path(place: Path) -> None:
    """And nothing answers without it."""
    with Serve(place, "hello", "--prefix", "/shop") as serve:
        statuses = [serve.get(path).status_code for path in ("/shop/health", "/health")]

    assert statuses == [200, 404]


def test_keys_in_the_environment_ask_for_signatures(place: Path) -> None:
    """401 without one, and the event is taken with one; health needs none."""
    from xorca.handlers.asgi import sign

    key = {"XORCA_HTTP_KEY": f"k1:{'ab' * 32}"}
    with Serve(place, "hello", variables=key) as serve:
        body = json.dumps(START).encode()
        headers = {"content-type": "application/cloudevents+json"}
        signed = sign(key["XORCA_HTTP_KEY"], "POST", f"{serve.url}/", body=body, headers=headers)

        refused = serve.post(START).status_code
        taken = httpx.post(f"{serve.url}/", content=body, headers=signed).status_code
        alive = serve.get("/health").status_code

    assert (refused, taken, alive) == (401, 200, 200)


# -- where events go --------------------------------------------------------------------------


async def test_a_sink_gets_what_is_emitted(place: Path) -> None:
    """The command leaves by HTTP, and the response is empty."""
    async with Taker() as taker:
        arguments = ("--sink", taker.url, "--sink-http", "--sink-private")
        with await asyncio.to_thread(Serve(place, "hello", *arguments).__enter__) as serve:
            answer = await asyncio.to_thread(serve.post, START)

    assert (answer.status_code, answer.content) == (202, b"")
    assert [event.type for event in taker.taken] == ["cmd.greeting.write"]


async def test_a_platform_may_name_the_sink(place: Path) -> None:
    """K_SINK is enough, in the network of the platform."""
    async with Taker() as taker:
        starting = Serve(place, "hello", variables={"K_SINK": taker.url})
        with await asyncio.to_thread(starting.__enter__) as serve:
            await asyncio.to_thread(serve.post, START)

    assert [event.type for event in taker.taken] == ["cmd.greeting.write"]


async def test_deadlines_are_kept(place: Path) -> None:
    """What a deadline decides goes to the sink, with nobody asking."""
    async with Taker() as taker:
        arguments = ("--sink", taker.url, "--sink-http", "--sink-private")
        with await asyncio.to_thread(Serve(place, "timed", *arguments).__enter__) as serve:
            await asyncio.to_thread(serve.post, START)
            async with asyncio.timeout(PATIENCE):
                while len(taker.taken) < 2:  # noqa: ASYNC110 - it comes from another program
                    await asyncio.sleep(0.05)

    assert [event.type for event in taker.taken][-1] == "notif.greeting.late"


def test_the_channel_of_the_store_may_be_the_sink(place: Path) -> None:
    """Then the fleets of the module take the commands, and the process comes to its end."""
    with Serve(place, "served", "--sink", "store:") as serve:
        serve.post(START)
        answer = serve.get("/processes/hello/1.0.0/ada/result?timeout=20")

    assert answer.json()["state"] == "done"


# -- the end ----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_ends_when_it_is_told_to(place: Path, number: int, workers: str) -> None:
    """With exit code 0 and a word, and nothing of it is left."""
    with Serve(place, "hello", "--workers", workers) as serve:
        wait_until(lambda: serve.get("/health").status_code == 200, lambda: serve.output)
        family = serve.family()

        code = serve.stop(number)

        assert code == 0, serve.output
        assert serve.output.endswith("stopped\n")
        assert "Traceback" not in serve.output
        assert not any(member.is_running() for member in family)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_under_way_is_answered(place: Path, workers: str) -> None:
    """A command that is being served when SIGTERM comes is served to its end."""
    with Serve(place, "slow", "--workers", workers) as serve:
        answers: list[httpx.Response] = []
        command = {**NAP, "data": {"seconds": 1.0}}
        asking = threading.Thread(
            target=lambda: answers.append(serve.post(command, "/fleets/greetings"))
        )
        asking.start()
        wait_until((place / "napping").exists, lambda: serve.output)

        code = serve.stop()
        asking.join(PATIENCE)

    assert code == 0
    assert [answer.json()["type"] for answer in answers] == ["evt.nap.take.success"]


def test_what_takes_too_long_is_cut_off(place: Path) -> None:
    """After the grace the program ends all the same; who waits is told to come again."""
    with Serve(place, "slow", "--grace", "0.5") as serve:
        command = {**NAP, "data": {"seconds": 200}}

        answers: list[httpx.Response] = []

        def ask() -> None:
            answers.append(serve.post(command, "/fleets/greetings"))

        asking = threading.Thread(target=ask)
        asking.start()
        wait_until((place / "napping").exists, lambda: serve.output)

        code = serve.stop()
        asking.join(PATIENCE)

        assert (code, "Traceback" in serve.output) == (0, False), serve.output
    assert [(each.status_code, each.headers["retry-after"]) for each in answers] == [(503, "1")]


def test_a_worker_that_dies_is_replaced(place: Path) -> None:
    """The others serve on, and there are as many as before."""
    with Serve(place, "hello", "--workers", "2") as serve:
        wait_until(lambda: serve.get("/health").status_code == 200, lambda: serve.output)
        victim = serve.family()[1]

        victim.kill()
        wait_until(lambda: "starting another" in serve.output, lambda: serve.output)

        assert serve.get("/health").status_code == 200
        assert len(serve.family()) == 3


def test_workers_do_not_outlive_their_parent(place: Path) -> None:
    """Even where the parent had no time to tell them."""
    with Serve(place, "hello", "--workers", "2") as serve:
        wait_until(lambda: serve.get("/health").status_code == 200, lambda: serve.output)
        workers = serve.family()[1:]

        serve.process.kill()

        _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
        assert not alive


# -- wrong use -----------------------------------------------------------------------------------


def one_sentence(text: str) -> bool:
    """Tell whether it is one line, without a traceback."""
    return text.startswith("xorca: ") and text.count("\n") == 1


def test_a_port_in_use_is_one_sentence(place: Path, here: Path, call: Call) -> None:
    """With exit code 2 and the option to change."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = call("serve", "hello", "--store", STORE, "--port", str(port))

    assert done.exit_code == 2
    assert one_sentence(done.stderr), done.stderr
    assert f"port {port} of 127.0.0.1 is in use" in done.stderr


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "httpx"])
@pytest.mark.parametrize("command", [("serve",), ("dev", "--http", "0")])
def test_without_the_extra_it_says_the_pip_line(
    package: str, command: tuple[str, ...], here: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is imported or opened."""
    monkeypatch.setitem(sys.modules, package, None)

    done = call(*command, "hello", "--store", STORE)

    assert done.exit_code == 2
    assert one_sentence(done.stderr), done.stderr
    assert f"needs {package}: pip install 'xorca[http]'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("hello",), "which store?"),
        (("hello", "--store", "memory:", "--workers", "2"), "share no memory"),
        (("nothing", "--store", STORE), "there is nothing to serve"),
        (("nowhere", "--store", STORE), "there is no module 'nowhere'"),
        (("hello", "--store", "sqlite:////nowhere/at/all.db"), "/nowhere/at"),
        (("timed", "--store", STORE), "--sink"),
        (("hello", "--store", "file:./state", "--sink", "store:"), "no channel"),
        (("hello", "--store", STORE, "--sink", "http://127.0.0.1:9/"), "http:"),
        (("hello", "--store", STORE, "--sink", "https://10.0.0.1/"), "private"),
        (("hello", "--store", STORE, "--host", "192.0.2.1"), "give another with --host"),
        (("hello", "--store", STORE, "--prefix", "shop"), "prefix='shop'"),
        (("hello", "--store", STORE, "--webhook-origin", "https://a/"), "no host"),
        (("hello", "--store", STORE, "--trusted-proxy", "me"), "is no address"),
    ],
)
@pytest.mark.usefixtures("place")
def test_what_cannot_be_served_is_one_sentence(
    arguments: tuple[str, ...], told: str, here: Path, call: Call
) -> None:
    """With exit code 2, and what to change."""
    (here / "nothing.py").write_text("x = 1\n", "utf-8")

    done = call("serve", *arguments, "--port", "0")

    assert done.exit_code == 2, done.output
    assert one_sentence(done.stderr), done.stderr
    assert told in done.stderr


@pytest.mark.parametrize(
    ("arguments", "key"),
    [(("--prefix", "shop"), ""), (("--sink", "ftp://a"), ""), ((), "too-short")],
)
@pytest.mark.usefixtures("place")
def test_it_is_said_once_for_all_workers(
    arguments: tuple[str, ...], key: str, here: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any is started, and before anything is called ready."""
    monkeypatch.setenv("XORCA_HTTP_KEY", key)

    done = call("serve", "hello", "--store", STORE, "--port", "0", "--workers", "2", *arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert one_sentence(done.stderr), done.stderr


def test_workers_that_cannot_begin_end_the_program(place: Path) -> None:
    """What they said is there, and the exit code is 2."""
    with Serve(place, "timed", "--workers", "2") as serve:
        code = serve.process.wait(PATIENCE)

    assert code == 2
    assert "--sink" in serve.output


@pytest.mark.parametrize(
    ("host", "warned"), [("0.0.0.0", True), ("::", True), ("127.0.0.1", False)]
)
def test_an_open_port_is_warned_about(
    host: str, warned: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who listens for everybody and asks for no signature is told so."""
    monkeypatch.delenv("XORCA_HTTP_KEY", raising=False)

    say_ready((), ServeWish(target="a", url=STORE, host=host, port=1), "http://a")

    assert ("XORCA_HTTP_KEY" in capsys.readouterr().err) == warned


def test_log_lines_may_be_json(place: Path) -> None:
    """One object a line, on stderr."""
    with Serve(place, "hello", "--json-logs", "--log-level", "info") as serve:
        serve.post(START)
        wait_until(lambda: '"level"' in serve.output, lambda: serve.output)

        lines = [line for line in serve.output.splitlines() if line.startswith("{")]

    assert [json.loads(line)["logger"] for line in lines] == ["xorca"]


@pytest.mark.parametrize(("level", "told"), [(None, False), ("info", True)])
def test_events_that_go_well_are_logged_where_asked(
    place: Path, level: str | None, *, told: bool
) -> None:
    """A line an event costs; by default there are lines for what goes wrong."""
    with Serve(place, "hello", variables={"XORCA_LOG_LEVEL": level} if level else None) as serve:
        serve.post(START)
        serve.post({**START, "id": "s-2", "data": 5})
        wait_until(lambda: "dead letter" in serve.output, lambda: serve.output)

        assert ("started by" in serve.output) == told


# -- how it answers ---------------------------------------------------------------------------------

UNHEARD = {**START, "type": "evt.weather.changed"}


def test_webhooks_are_allowed_by_option(place: Path) -> None:
    """The hosts that are named, and no others; of the fleets as well."""
    with Serve(
        place, "served", "--webhook-origin", "a.example", "--webhook-origin", "b.example"
    ) as serve:
        statuses = [
            httpx.options(
                f"{serve.url}{path}", headers={"WebHook-Request-Origin": host}, trust_env=False
            ).status_code
            for path in ("/", "/fleets/greetings")
            for host in ("a.example", "b.example", "c.example")
        ]

    assert statuses == [200, 200, 403] * 2


def test_options_may_stand_in_the_environment(place: Path) -> None:
    """As a container is configured; workers are told as well."""
    variables = {
        "XORCA_WEBHOOK_ORIGINS": "a.example b.example",
        "XORCA_PASS_OVER": "1",
        "XORCA_COMPAT": "true",
        "XORCA_MAX_BODY": "2000",
    }
    with Serve(place, "hello", "--workers", "2", variables=variables) as serve:
        asked = httpx.options(
            serve.url, headers={"WebHook-Request-Origin": "b.example"}, trust_env=False
        )
        passed = serve.post(UNHEARD)
        large = serve.post({**START, "data": {"name": "x" * 3000}})
        typed = serve.post({}, "/events/evt.weather.changed")

    assert (asked.status_code, passed.status_code, large.status_code) == (200, 202, 413)
    assert (typed.status_code, "Unsupported event type" in typed.text) == (400, True)


@pytest.mark.parametrize(("proxies", "statuses"), [((), [429, 429]), (("127.0.0.1",), [200, 429])])
def test_callers_behind_a_proxy_have_a_rate_each(
    place: Path, proxies: tuple[str, ...], statuses: list[int]
) -> None:
    """Where the proxy is trusted; else what it says of them may be said by anybody."""
    options = [part for each in proxies for part in ("--trusted-proxy", each)]
    with Serve(place, "hello", "--rate", "0.01", *options) as serve:
        serve.post(START, **{"x-forwarded-for": "10.0.0.0"})
        found = [
            serve.post(START, **{"x-forwarded-for": address}).status_code
            for address in ("10.0.0.9", "10.0.0.0")
        ]

    assert found == statuses


# -- a head that never ends ------------------------------------------------------------------------


MADE = pytest.mark.parametrize("made", [PatientH11, patient_protocol()], ids=["h11", "httptools"])


@contextlib.asynccontextmanager
async def serving(
    made: type[asyncio.Protocol], application: Callable[..., Any] | None = None
) -> AsyncIterator[tuple[str, int]]:
    """Serve an application by a protocol, and give the address."""
    ready = asyncio.Event()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        application = application or hello_world
        config = uvicorn.Config(application, http=made, lifespan="off", log_config=None)
        server = Server(config, ready.set)
        task = asyncio.create_task(server.serve([listening]))
        await ready.wait()
        yield listening.getsockname()
        server.stop()
        await task


@MADE
async def test_a_head_that_does_not_come_is_not_waited_for(
    made: type[asyncio.Protocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the first nor a later one; one that came in time is answered."""
    monkeypatch.setattr(Patience, "patience", 0.2)

    async with serving(made) as address:
        begins = (b"", b"GET / HTTP/1.1\r\nx: ", BOTH)
        ends = [await exchange(address, begin) for begin in begins]

    assert [end.count(b"200 OK") for end in ends] == [0, 0, 1]


@MADE
async def test_a_head_without_end_is_not_kept(
    made: type[asyncio.Protocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However patient a server is, it keeps so much of a head and no more."""
    monkeypatch.setattr(Patience, "patience", 3600.0)

    async with serving(made) as address:
        end = await exchange(address, b"GET / HTTP/1.1\r\n" + b"x: " + b"y" * 99_999)

    assert b"200 OK" not in end


@MADE
@pytest.mark.parametrize("name", [b"Upgrade", b"upgrade", b"UPGRADE"])
async def test_a_client_that_would_rather_speak_http_2_is_answered(
    made: type[asyncio.Protocol], name: bytes
) -> None:
    """As Java's sends its first request: the body is read, whatever is in it."""
    body = b"{}\r\nUpgrade: h2c\r\n\r\n"
    lines = b"Connection: Upgrade, HTTP2-Settings, close", name + b": h2c", b"HTTP2-Settings: AAMA"
    head = b"POST / HTTP/1.1\r\nhost: x\r\n" + b"\r\n".join(lines)

    async with serving(made, echo) as address:
        end = await exchange(address, head + b"\r\ncontent-length: %d\r\n\r\n" % len(body) + body)

    assert end.startswith(b"HTTP/1.1 200 OK")
    assert body in end


@MADE
async def test_it_is_answered_wherever_the_network_cuts_its_head(
    made: type[asyncio.Protocol],
) -> None:
    """None of the request is lost, nor is the body looked through for headers."""
    body = b'{"x":1}\r\nUpgrade: h2c\r\n'
    head = b"POST / HTTP/1.1\r\nhost: x\r\nConnection: Upgrade, close\r\nUpGrade: h2c\r\n"
    whole = head + b"content-length: %d\r\n\r\n" % len(body) + body
    cuts = range(1, len(whole) - len(body) + 2)

    async with serving(made, echo) as address:
        ends = await asyncio.gather(*(exchange(address, whole[:n], whole[n:]) for n in cuts))

    assert [n for n, end in zip(cuts, ends, strict=True) if body not in end] == []


@MADE
async def test_what_follows_a_body_is_no_header(made: type[asyncio.Protocol]) -> None:
    """A trailer is not added to the headers, which were looked at already, or not yet."""
    head = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n"
    said = head + b"ce-id: 1\r\n\r\n2\r\n{}\r\n0\r\nce-id: 2\r\nce-type: t\r\n\r\n"

    async with serving(made, tell_headers) as address:
        end = await exchange(address, said)

    assert b"[('ce-id', '1')]" in end


@MADE
async def test_who_sends_nothing_more_is_answered(made: type[asyncio.Protocol]) -> None:
    """A client may close its side of a connection as soon as it has asked."""
    async with serving(made, slowly) as address:
        end = await exchange(address, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", eof=True)

    assert end.startswith(b"HTTP/1.1 200 OK")
    assert end.endswith(b"slow")


@MADE
async def test_who_sends_nothing_more_is_not_waited_for_long(
    made: type[asyncio.Protocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have gone away: the application is told so, and need not go on."""
    monkeypatch.setattr(serve_protocol, "_LISTENS", 0.1)

    async with serving(made, until_gone) as address:
        end = await exchange(address, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", eof=True)

    assert end == b""


BOTH = b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTT"


async def exchange(
    address: tuple[str, int], begin: bytes, rest: bytes = b"", *, eof: bool = False
) -> bytes:
    """Send the beginning of something, and read until the other side hangs up."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(begin)
    if rest:
        await asyncio.sleep(0.2)  # else both would arrive as one
        writer.write(rest)
    if eof:
        writer.write_eof()
    found = b""
    async with asyncio.timeout(PATIENCE):
        with contextlib.suppress(ConnectionResetError):
            while part := await reader.read(65_536):
                found += part
    writer.close()
    return found


async def hello_world(scope: object, receive: object, send: object) -> None:
    """Answer everything."""
    await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]


async def tell_headers(scope: Any, receive: Any, send: Any) -> None:
    """Answer with what the headers say of an event, once the body is there."""
    while (await receive()).get("more_body"):
        pass
    found = [(name.decode(), text.decode()) for name, text in scope["headers"]]
    body = str([(name, text) for name, text in found if name.startswith("ce-")]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def slowly(scope: Any, receive: Any, send: Any) -> None:
    """Answer after a while."""
    await asyncio.sleep(0.2)
    length = [(b"content-length", b"4")]
    await send({"type": "http.response.start", "status": 200, "headers": length})
    await send({"type": "http.response.body", "body": b"slow"})


async def until_gone(scope: Any, receive: Any, send: Any) -> None:
    """Answer nobody, and end when nobody is there."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with what was sent."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


# -- beside dev --------------------------------------------------------------------------------------


def test_dev_serves_over_http_where_asked(place: Path) -> None:
    """What is posted is applied by its worker, and printed by it."""
    with Dev(place, "served", "--http", "0") as dev:
        dev.wait_for("ready")
        url = dev.output.partition("HTTP at ")[2].split()[0]

        answer = httpx.post(f"{url}/processes/hello", json={"name": "Ada"}, trust_env=False)
        dev.wait_for("Hello, Ada!")

    assert answer.status_code == 201
