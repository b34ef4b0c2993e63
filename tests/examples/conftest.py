"""The fixtures of the pytest plugin, where the package is not installed."""

from __future__ import annotations

import pytest

from xorca_contrib import pytest_plugin


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin as its entry point would."""
    if not config.pluginmanager.is_registered(pytest_plugin):
        config.pluginmanager.register(pytest_plugin, "xorca")
