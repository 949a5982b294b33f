"""Names of what a sandbox may be able to do, and why it may lack it.

Source: atom-spec/build.md [capability-names].
"""

from __future__ import annotations

from enum import StrEnum

from eka.values import dataclass


class Capability(StrEnum):
    """Something a sandbox may be able to do; plans name them."""

    ROOTFS = "rootfs"
    SEVERAL_OUTPUTS = "several-outputs"
    PLAIN_USER = "plain-user"
    SYSTEM_CALL_FILTER = "system-call-filter"
    LIMIT_PROCESSES = "limit-processes"
    LIMIT_MEMORY = "limit-memory"
    LIMIT_DISK = "limit-disk"
    ENTER = "enter"


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a sandbox lacks a capability, and what to do about it."""

    why: str
    fix: str
