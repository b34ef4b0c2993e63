"""A thaw where connections are encrypted, as those to AWS are."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from xorca.handlers.aws_lambda import LambdaEntry
from xorca.providers.aws import S3Store

HOST = "127.0.0.1"
SAVED = b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 0\r\n\r\n'


class Bucket:
    """Takes every PUT, and can hang up without a word of TLS."""

    def __init__(self, certificate: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._socket = socket.create_server((HOST, 0))
        self._open: list[ssl.SSLSocket] = []
        self.connections = 0
        self._threads = [Thread(target=self._listen)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://{HOST}:{self._socket.getsockname()[1]}"

    def hang_up(self) -> None:
        """Close every connection, as what stands between does after a while."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End everything."""
        self.hang_up()
        self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._socket.accept()
                connection = self._context.wrap_socket(plain, server_side=True)
                self._open.append(connection)
                self.connections += 1
                self._threads.append(Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: ssl.SSLSocket) -> None:
        with connection, suppress(OSError):
            while connection.recv(65_536):  # a small request comes in one piece
                connection.sendall(SAVED)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a certificate for this machine, with its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]), datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    place = tmp_path / "certificate.pem"
    place.write_bytes(text + made.public_bytes(Encoding.PEM))
    return place


@pytest.fixture
def bucket(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """Give a bucket whose certificate the SDK trusts."""
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    bucket = Bucket(certificate)
    yield bucket
    bucket.close()


def test_a_connection_that_was_closed_in_a_freeze_is_not_used(
    bucket: Bucket, aws_environment: None
) -> None:
    """The loop needs a turn more than without encryption to see that it was."""

    class Core:
        """Saves something at each invocation; a save is never repeated by itself."""

        store = S3Store("parcels", endpoint=bucket.url)

        async def __call__(self, payload: object, context: object) -> object:
            return await self.store.save("a/b", b"x", expect=None)

        async def close(self) -> None:
            await self.store.close()

    core: Any = Core()
    with LambdaEntry(core) as handler:
        first = handler({})
        bucket.hang_up()
        sleep(0.2)
        second = handler({})

    assert first == second == '"1"'
    assert bucket.connections == 2
