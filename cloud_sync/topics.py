"""The topic tree: one place for every topic name.

At most 7 slashes and the level charset `[a-z0-9_-]`, so that the same tree fits brokers that map or refuse other
characters. Must not: know what a message holds.
"""

from __future__ import annotations

import re
from typing import Final

from edge.core.errors import BadInput

ROOT: Final = "us/v1"
LEDGER: Final = "up/ledger"
SYNC: Final = "up/sync"
STATE: Final = "state"
RECEIPT: Final = "down/receipt"
COMMAND: Final = "down/cmd"

_DEVICE = re.compile(r"[a-z0-9_-]{1,64}")


def topic(device: str, leaf: str) -> str:
    """Full topic of one box. Raises BadInput where `device` is not one level of the allowed characters."""
    if not _DEVICE.fullmatch(device):
        raise BadInput("device", f"{device!r} is not a topic level; use 1 to 64 of a-z, 0-9, _ and -")
    return f"{ROOT}/{device}/{leaf}"


def every(leaf: str) -> str:
    """Filter for this leaf of all boxes."""
    return f"{ROOT}/+/{leaf}"


def split(name: str) -> tuple[str, str]:
    """Device and leaf of a full topic. Raises BadInput for a topic that is not of this tree."""
    device, slash, leaf = name.removeprefix(f"{ROOT}/").partition("/")
    if not name.startswith(f"{ROOT}/") or not slash or not _DEVICE.fullmatch(device):
        raise BadInput("topic", f"{name[:80]!r} is not of the tree {ROOT}/DEVICE/...")
    return device, leaf


def source(device: str) -> str:
    """The `source` of an envelope from this box."""
    return f"us/{device}"
