"""What every adapter of a port must do, as pytest classes to inherit.

Give a fixture with the adapter, and the promises of the port are tested::

    class TestMyStore(StoreContract):
        @pytest.fixture
        async def store(self, tmp_path):
            async with MyStore(tmp_path) as store:
                yield store

The tests are coroutines: install pytest-asyncio.
"""

import pytest

pytest.register_assert_rewrite(
    "xorca_contrib.conformance.alarm",
    "xorca_contrib.conformance.arming",
    "xorca_contrib.conformance.bus",
    "xorca_contrib.conformance.lease",
    "xorca_contrib.conformance.listing",
    "xorca_contrib.conformance.store",
)

from xorca_contrib.conformance.alarm import AlarmContract  # noqa: E402 - rewritten above
from xorca_contrib.conformance.arming import ArmingContract  # noqa: E402
from xorca_contrib.conformance.bus import BusContract  # noqa: E402
from xorca_contrib.conformance.lease import LeaseContract  # noqa: E402
from xorca_contrib.conformance.store import StoreContract  # noqa: E402

__all__ = ["AlarmContract", "ArmingContract", "BusContract", "LeaseContract", "StoreContract"]
