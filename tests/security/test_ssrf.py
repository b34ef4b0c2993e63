"""Requests cannot be led to where their sender did not mean to ask (T14)."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.unit.providers_http.taker import Taker, answer
from xorca.errors import DestinationRefused, PublishFailed, Unavailable
from xorca.events import Event
from xorca.providers.http import GuardedSender, HttpBus, Policy
from xorca.providers.http.addresses import fault_of
from xorca.providers.http.connecting import GuardedTransport
from xorca.providers.http.destinations import destination_of
from xorca.providers.http.resolving import Guard

METADATA = "169.254.169.254"
PUBLIC = "93.184.216.34"
OWN = Policy(allow_http=True, allow_private=True)


class Names:
    """A resolver of its own: each name has answers, the last of which stays."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.answers = {name.replace("_", "."): [*found] for name, found in answers.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        found = self.answers.get(host)
        if found is None:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return found.pop(0) if len(found) > 1 else found[0]


async def send(url: str, policy: Policy | None = None, **options: Any) -> int:
    """Send one request with a sender of its own, and give the status."""
    sender = GuardedSender(policy, timeout=5, **options)
    try:
        return (await sender.send(url, headers={}, body=b"{}")).status
    finally:
        await sender.close()


# -- the table -----------------------------------------------------------------------------

HOSTS = {
    "loopback": "127.0.0.1",
    "all of loopback": "127.255.255.254",
    "10/8": "10.0.0.1",
    "172.16/12, first": "172.16.0.1",
    "172.16/12, last": "172.31.255.255",
    "192.168/16": "192.168.1.1",
    "carriers": "100.64.0.1",
    "link-local": "169.254.0.1",
    "metadata": METADATA,
    "metadata of tasks": "169.254.170.2",
    "metadata elsewhere": "100.100.100.200",
    "metadata at a public address": "168.63.129.16",
    "unspecified": "0.0.0.0",
    "this network": "0.1.2.3",
    "broadcast": "255.255.255.255",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "assignments": "192.0.0.192",
    "documentation": "192.0.2.1",
    "benchmarks": "198.18.0.1",
    "relays": "192.88.99.1",
    "decimal": "2130706433",
    "decimal metadata": "2852039166",
    "octal": "0177.0.0.1",
    "octal metadata": "0251.0376.0251.0376",
    "octal number": "017700000001",
    "hexadecimal": "0x7f000001",
    "hexadecimal parts": "0x7f.0x0.0x0.0x1",
    "mixed": "0x7f.1",
    "short": "127.1",
    "three parts": "127.0.1",
    "too large a part": "127.0.0.256",
    "leading zeros": "127.000.000.001",
    "trailing dot": "127.0.0.1.",
    "IPv6 loopback": "[::1]",
    "IPv6 loopback at length": "[0:0:0:0:0:0:0:1]",
    "IPv6 unspecified": "[::]",
    "IPv6 unique local": "[fd00::1]",
    "IPv6 metadata": "[fd00:ec2::254]",
    "IPv6 metadata elsewhere": "[fd20:ce::254]",
    "IPv6 link-local": "[fe80::1]",
    "IPv6 site-local": "[fec0::1]",
    "IPv6 multicast": "[ff02::1]",
    "IPv4-mapped": "[::ffff:127.0.0.1]",
    "IPv4-mapped metadata": "[::ffff:169.254.169.254]",
    "IPv4-mapped in hexadecimal": "[::ffff:7f00:1]",
    "IPv4-mapped, a public one": f"[::ffff:{PUBLIC}]",
    "IPv4-compatible": "[::127.0.0.1]",
    "NAT64": "[64:ff9b::7f00:1]",
    "NAT64, a public one": "[64:ff9b::5db8:d822]",
    "local NAT64": "[64:ff9b:1::7f00:1]",
    "6to4": "[2002:7f00:1::]",
    "Teredo": "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "ISATAP": "[2606:2800:220:1:0:5efe:127.0.0.1]",
    "IPv6 documentation": "[2001:db8::1]",
    "IPv6 discard": "[100::1]",
    "zone": "[fe80::1%25eth0]",
    "localhost": "localhost",
    "localhost in capitals": "LOCALHOST",
    "below localhost": "a.localhost",
    "a name of one label": "intranet",
    "metadata by name": "metadata.google.internal",
    "metadata by short name": "metadata",
    "trailing dot of a name": "sink.example.",
    "user in front": f"sink.example@{METADATA}",
    "password in front": f"a:b@{METADATA}",
    "backslash": f"sink.example\\@{METADATA}",
    "fragment": f"sink.example#@{METADATA}",
    "digits of another script": "①②⑦.⓪.⓪.①",
    "a full stop of another script": "127。0。0。1",
    "percent-encoded": "127%2e0%2e0%2e1",
    "white space": "127.0.0.1 ",
    "line feed": "sink.example\n",
    "NUL": "sink.example\0",
    "nothing": "",
    "port 0": "sink.example:0",
    "port too large": "sink.example:65536",
}


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS.keys())
async def test_a_host_of_the_table_is_refused(host: str) -> None:
    """Nothing is asked for its address, and nothing is connected to."""
    names = Names(**{name: [[PUBLIC]] for name in ("localhost", "intranet", "metadata")})

    with pytest.raises(DestinationRefused):
        await send(f"https://{host}/", resolver=names)

    assert names.asked == []


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS.keys())
async def test_no_resolver_and_no_client_reads_it_otherwise(host: str) -> None:
    """A client on the guarded transport refuses the same hosts, whatever it makes of the text."""
    async with httpx.AsyncClient(transport=GuardedTransport(Guard(Policy()))) as client:
        with pytest.raises((DestinationRefused, httpx.InvalidURL)):
            await client.get(f"https://{host}/")


NEVER = ["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "0.0.0.0"]
NEVER += ["224.0.0.1", "255.255.255.255", "240.0.0.1", "fe80::1", "fd00:ec2::254", "::"]
NEVER += ["::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "ff02::1"]


@pytest.mark.parametrize("address", NEVER)
def test_a_private_sink_is_never_a_metadata_service(address: str) -> None:
    """What the flag for private networks does not allow."""
    assert fault_of(address, allow_private=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "fd12::1"])
def test_private_addresses_are_allowed_where_that_was_asked_for(address: str) -> None:
    """And only there."""
    assert fault_of(address, allow_private=True) == ""
    assert fault_of(address) != ""


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "172.32.0.1", "2606:2800:220:1::1"])
def test_public_addresses_are_allowed(address: str) -> None:
    """Those just beside the private ones, too."""
    assert fault_of(address) == ""


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://sink.example/", "scheme"),
        ("ftp://sink.example/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://sink.example/", "scheme"),
        ("https:sink.example", "url"),
        ("//sink.example/", "url"),
        ("https://sink.example/a b", "url"),
        ("https://sink.example/\r\nHost: x", "url"),
        ("https://sink.example/" + "a" * 2048, "url"),
        ("https://sink.example/a/../b", "url"),
        ("https://sink.example/.", "url"),
        ("https://sink.example:22/", "port"),
        ("https://sink_.-.example/", "host"),
    ],
)
def test_a_url_that_is_not_plain_is_refused(url: str, reason: str) -> None:
    """With the rule that it breaks."""
    with pytest.raises(DestinationRefused) as caught:
        destination_of(url, Policy(ports=frozenset((443,))))

    assert caught.value.reason == reason


@pytest.mark.parametrize("password", ["hunter2", "hunter2?x", "hunter2" * 20, "hunter2/@x"])
def test_a_password_is_not_repeated(password: str) -> None:
    """What stands before the @ is in no message, whatever it is made of."""
    with pytest.raises(DestinationRefused) as caught:
        destination_of(f"https://user:{password}@sink.example/", Policy())

    assert "hunter2" not in str(caught.value)


# -- names ----------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [METADATA, "127.0.0.1", "10.0.0.1", "::1", "::ffff:10.0.0.1"])
async def test_a_name_with_a_bad_address_is_refused(address: str) -> None:
    """A public name may stand for any address: it is judged."""
    with pytest.raises(DestinationRefused, match="sink"):
        await send("https://sink.example/", resolver=Names(sink_example=[[address]]))


async def test_one_bad_address_condemns_the_name() -> None:
    """A good one beside it is not taken: somebody plays."""
    names = Names(sink_example=[[PUBLIC, METADATA]])

    with pytest.raises(DestinationRefused):
        await send("https://sink.example/", resolver=names)


async def test_a_name_without_address_may_have_one_later() -> None:
    """That is no refusal: it may be tried again."""
    with pytest.raises(Unavailable, match="cannot be found"):
        await send("https://nowhere.example/", resolver=Names())


# -- rebinding ------------------------------------------------------------------------------


async def test_what_was_judged_is_what_is_connected_to() -> None:
    """The name is asked for once a connection: a second answer changes nothing (DNS rebinding)."""
    async with Taker() as good, Taker(host="127.0.0.2", port=good.port) as evil:
        names = Names(sink_example=[["127.0.0.1"], ["127.0.0.2"]])

        status = await send(f"http://sink.example:{good.port}/", OWN, resolver=names)

    assert (status, names.asked) == (202, ["sink.example"])
    assert (len(good.asked), len(evil.asked)) == (1, 0)


async def test_a_retry_stays_at_the_address() -> None:
    """New connections, too, go to the address that was judged first, while it is held."""
    async with Taker() as good, Taker(host="127.0.0.2", port=good.port) as evil:
        good.script += [b"", b"", answer("503 x", "connection: close")]
        names = Names(sink_example=[["127.0.0.1"], ["127.0.0.2"]])
        bus = HttpBus(
            f"http://sink.example:{good.port}/",
            allow_http=True,
            allow_private=True,
            resolver=names,
            sleep=_at_once,
        )

        async with bus:
            await bus.publish([_event()])
            await bus.publish([_event()])

    assert names.asked == ["sink.example"]
    assert (len(good.asked), len(evil.asked)) == (5, 0)


async def test_the_second_answer_is_judged_as_well() -> None:
    """A public address first, loopback when it does not answer: refused, nothing connected."""
    async with Taker() as inside:
        names = Names(sink_example=[[PUBLIC], ["127.0.0.1"]])
        bus = HttpBus(
            f"http://sink.example:{inside.port}/", allow_http=True, resolver=names, sleep=_at_once
        )

        async with bus:
            with pytest.raises(PublishFailed, match=r"127\.0\.0\.1 is loopback") as caught:
                await bus.publish([_event()])

    assert names.asked == ["sink.example"] * 2
    assert (caught.value.failed, inside.connections) == (("e-1",), 0)


async def test_addresses_are_held_and_then_judged_anew() -> None:
    """After their time the name is asked for again, and refused if it has moved inside."""
    names = Names(sink_example=[[PUBLIC], ["10.0.0.1"]])
    guard = Guard(Policy(), resolver=names, hold=0.05)

    first = [await guard.addresses("sink.example", 443) for _ in range(3)]
    await asyncio.sleep(0.06)

    assert first == [(PUBLIC,)] * 3
    with pytest.raises(DestinationRefused):
        await guard.addresses("sink.example", 443)


async def test_a_client_that_follows_is_stopped_at_the_next_address() -> None:
    """Even a client that was told to follow redirects is judged at every step."""
    async with Taker() as taker:
        taker.usual = answer("302 Found", f"location: http://{METADATA}/latest/meta-data/")
        transport = GuardedTransport(Guard(OWN))

        async with httpx.AsyncClient(transport=transport, follow_redirects=True) as client:
            with pytest.raises(DestinationRefused, match="link-local"):
                await client.get(taker.url)


# -- redirects and answers ---------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    """Neither to metadata nor anywhere else: it is a refusal, and said so."""
    async with Taker() as taker, Taker() as other:
        for target in (f"http://{METADATA}/latest/meta-data/", other.url):
            taker.usual = answer(f"{status} x", f"location: {target}")

            async with HttpBus(taker.url, allow_http=True, allow_private=True) as bus:
                with pytest.raises(PublishFailed, match="redirects are not followed"):
                    await bus.publish([_event()])

    assert len(taker.asked) == 2
    assert other.connections == 0


async def test_an_answer_is_cut() -> None:
    """Of an endless answer as much is kept as was asked for."""
    async with Taker() as taker:
        taker.usual = answer("200 OK", body=b"x" * 500_000)
        sender = GuardedSender(OWN, answer=1000)

        found = await sender.send(taker.url, headers={}, body=b"")
        await sender.close()

    assert (len(found.body), found.cut) == (1000, True)


async def test_packed_answers_stay_packed() -> None:
    """A small answer that would unpack to a large one is not unpacked."""
    import gzip

    packed = gzip.compress(b"\0" * 10_000_000)
    async with Taker() as taker:
        taker.usual = answer("200 OK", "content-encoding: gzip", body=packed)
        sender = GuardedSender(OWN)

        found = await sender.send(taker.url, headers={}, body=b"")
        await sender.close()

    assert found.body == packed


async def test_a_trickle_is_cut_off() -> None:
    """An answer that comes byte by byte does not last longer than the time of the request."""
    async with Taker() as taker:
        taker.usual = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx"
        sender = GuardedSender(OWN, timeout=0.1)

        with pytest.raises(Unavailable, match=r"within 0\.1 s"):
            await sender.send(taker.url, headers={}, body=b"")
        await sender.close()


async def test_cookies_are_not_kept() -> None:
    """What one answer sets is not sent with the next request."""
    async with Taker() as taker:
        taker.usual = answer("202 Accepted", "set-cookie: a=b")
        sender = GuardedSender(OWN)

        for _ in range(2):
            await sender.send(taker.url, headers={}, body=b"")
        await sender.close()

    assert [asked.headers.get("cookie") for asked in taker.asked] == [None, None]


async def test_tls_checks_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is pinned, and the certificate is still that of the name that was asked for."""
    certificate = certificate_for("sink.example", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    names = Names(sink_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    only_tls = Policy(allow_private=True)

    async with Taker(tls=context) as taker:
        status = await send(f"https://sink.example:{taker.port}/", only_tls, resolver=names)
        with pytest.raises(Unavailable, match="certificate"):
            await send(f"https://other.example:{taker.port}/", only_tls, resolver=names)

    assert (status, len(taker.asked)) == (202, 1)


def certificate_for(name: str, place: Path) -> Path:
    """Make a certificate for a name, signed by itself, with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = place / "certificate.pem"
    path.write_bytes(text + made.public_bytes(Encoding.PEM))
    return path


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would resolve the name by itself."""
    async with Taker() as taker, Taker() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

        status = await send(taker.url, OWN)

    assert (status, proxy.connections) == (202, 0)


async def _at_once(seconds: float) -> None:
    """Wait for nothing."""


def _event() -> Event:
    return Event(id="e-1", source="/s", type="cmd.a.b", subject="a/1/b", data=b"{}")
