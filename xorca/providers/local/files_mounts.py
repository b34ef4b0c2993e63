"""Which file systems can keep a promise between processes, and which cannot."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from xorca.errors import ConfigurationError
from xorca.telemetry.lines import say

_TABLE = Path("/proc/self/mountinfo")

# fmt: off
_SAFE = frozenset((
    "bcachefs", "btrfs", "ceph", "ext2", "ext3", "ext4", "f2fs", "gfs2", "gpfs", "jfs",
    "lustre", "nfs4", "ocfs2", "overlay", "ramfs", "reiserfs", "tmpfs", "xfs", "zfs",
))
# fmt: on
_CURE = "use a local disk or NFS version 4 (such as EFS), or a store that is no directory"
_NO_LOCKS = "its locks do not hold between machines, so two writers could both win"
_UNSAFE = {
    "nfs": "NFS versions 2 and 3 keep these locks on one machine only; mount it with vers=4.1",
    **dict.fromkeys(("cifs", "smb2", "smb3", "smbfs", "ncpfs", "afs", "coda"), _NO_LOCKS),
    **dict.fromkeys(("vboxsf", "vmhgfs", "fuse.vmhgfs-fuse", "prl_fs"), _NO_LOCKS),
    **dict.fromkeys(
        (
            "fuse.blobfuse",
            "fuse.blobfuse2",
            "fuse.davfs",
            "fuse.gcsfuse",
            "fuse.goofys",
            "fuse.mount-s3",
            "fuse.mountpoint-s3",
            "fuse.rclone",
            "fuse.s3fs",
            "fuse.sshfs",
            "davfs",
        ),
        _NO_LOCKS,
    ),
}
_LOCAL_LOCKS = {"nfs4": ("local_lock=flock", "local_lock=all", "nolock"), "lustre": ("localflock",)}


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of the kernel's table: where, of which type, with which options."""

    point: str
    type: str
    options: frozenset[str]


def mount_of(path: Path, table: str) -> Mount | None:
    """Give the mount on which a resolved path lies: the innermost, and of these the last."""
    found: Mount | None = None
    for line in table.splitlines():
        mount = _read(line)
        if mount is None or not path.is_relative_to(mount.point):
            continue
        if found is None or len(mount.point) >= len(found.point):
            found = mount
    return found


def check_mount(path: Path) -> None:
    """Refuse a directory whose file system cannot be trusted with locks.

    A type that is not known is allowed, with a warning in the log.

    Raises:
        ConfigurationError: it is known to be unsafe.
    """
    mount = mount_of(path, _table())
    if mount is None:
        return _warn(path, f"cannot tell on which file system {path} is; {_CURE}")
    reason = _reason(mount)
    if reason:
        raise ConfigurationError(f"{path} is on a {mount.type} file system: {reason}; {_CURE}")
    if mount.type not in _SAFE:
        _warn(
            path,
            f"{path} is on a {mount.type} file system, of which nothing is known here; its locks"
            " must hold between all processes that use it",
        )
    return None


def _warn(path: Path, message: str) -> None:
    say(logging.WARNING, "files.mount", message, {"path": str(path)})


def _reason(mount: Mount) -> str:
    for option in _LOCAL_LOCKS.get(mount.type, ()):
        if option in mount.options:
            return f"it is mounted with {option!r}, which keeps locks on one machine; leave it out"
    return _UNSAFE.get(mount.type, "")


def _read(line: str) -> Mount | None:
    head, _, tail = line.partition(" - ")
    first, last = head.split(), tail.split()
    if len(first) < 6 or len(last) < 3:
        return None
    options = frozenset((*first[5].split(","), *last[2].split(",")))
    return Mount(_unescaped(first[4]), _kind(last[0], options), options)


def _kind(kind: str, options: frozenset[str]) -> str:
    is_fourth = any(option.startswith("vers=4") for option in options)
    return "nfs4" if kind == "nfs" and is_fourth else kind


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _table() -> str:
    try:
        return _TABLE.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
