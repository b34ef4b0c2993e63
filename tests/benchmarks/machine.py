"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import sqlite3
import tempfile
from importlib.metadata import version
from pathlib import Path

import msgspec
import psutil

PACKAGES = ("xorca", "transitions", "msgspec", "cloudevents", "tenacity")


class Machine(msgspec.Struct, frozen=True):
    """The machine, and how busy others kept it when the run began.

    ``disk`` is the type of the file system that was written to: on one in memory nothing
    waits for a disk, and what is durable costs less than anywhere else.
    """

    python: str
    platform: str
    architecture: str
    cpus: int
    load: float
    sqlite: str
    disk: str
    packages: dict[str, str]


def this_machine() -> Machine:
    """Look at the machine; names neither it nor a path."""
    return Machine(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=f"{platform.system()} {platform.release()}",
        architecture=platform.machine(),
        cpus=os.cpu_count() or 0,
        load=round(os.getloadavg()[0], 2),
        sqlite=sqlite3.sqlite_version,
        disk=disk_type(Path(tempfile.gettempdir())),
        packages={name: version(name) for name in PACKAGES},
    )


def disk_type(path: Path) -> str:
    """Give the type of the file system that a directory is on, empty if nobody knows."""
    place = path.resolve()
    mounts = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    above = (mounts[parent] for parent in (place, *place.parents) if parent in mounts)
    return next(above, "")
