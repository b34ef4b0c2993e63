"""Fixtures for the tests of Azure."""

from __future__ import annotations

from tests.azure.haste import hasty_azurite, hurry

__all__ = ["hasty_azurite", "hurry"]
