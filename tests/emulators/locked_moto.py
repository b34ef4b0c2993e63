"""Serve moto with one request at a time: unlocked, it loses updates of DynamoDB.

Its server checks a condition and writes in two steps on several threads, so that two
writers can both be told that they won.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

BACKENDS = DomainDispatcherApplication(create_backend_app)
ONE_AT_A_TIME = threading.Lock()


def locked(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer one request while all others wait."""
    with ONE_AT_A_TIME:
        return list(BACKENDS(environ, start_response))


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    run_simple("127.0.0.1", int(sys.argv[1]), locked, threaded=True)
