"""Orchestrators and services on Azure Functions, in the v2 model of its Python worker.

Needs the extra ``azure-functions``, which is imported when a blueprint is made;
:func:`read_trigger` needs nothing.
"""

from __future__ import annotations

from xorca.handlers.azure_functions.blueprints import blueprint, fleet_blueprint
from xorca.handlers.azure_functions.reading import read_trigger
from xorca.handlers.azure_functions.triggers import TriggerOptions
from xorca.handlers.trigger import Refused

__all__ = ["Refused", "TriggerOptions", "blueprint", "fleet_blueprint", "read_trigger"]
