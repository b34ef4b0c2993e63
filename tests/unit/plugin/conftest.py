"""The plugin under test, also where xorca is on the path and not installed."""

from __future__ import annotations

import pytest

from xorca_contrib import pytest_plugin


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin unless its entry point has done so."""
    if not config.pluginmanager.is_registered(pytest_plugin):
        config.pluginmanager.register(pytest_plugin, "xorca")
