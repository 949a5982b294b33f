"""What the sandbox made by bubblewrap lacks on this machine, found by trying.

Source: atom-spec/build.md [capability-names].
"""

from __future__ import annotations

import contextlib
import os

from eka.build.capability import Capability, Lack
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from eka.build.cgroup import ControlGroups
    from eka.build.sandbox import Limits

_LIMITED = {"pids": "processes", "memory": "memory"}  # by the kernel's name of the controller
_FILES = {"pids": ("pids.max",), "memory": ("memory.max", "memory.limit_in_bytes")}
_DELEGATE = "run below a delegated control group, for instance with systemd-run --user --scope"


def asked_by(limits: Limits) -> frozenset[Capability]:
    """Return what a sandbox needs for limits that a user asks for; the others are its own."""
    return frozenset() if limits.memory_bytes is None else frozenset({Capability.LIMIT_MEMORY})


def lack_of_ours(
    capability: Capability,
    groups: ControlGroups | None,
    limits: Limits,
    *,
    has_filter: bool,
) -> Lack | None:
    """Return why the sandbox made by bubblewrap lacks a capability, None when it has it.

    A limit is tried on a process: a machine may have control groups that limit nothing.

    Args:
        capability: What is asked about.
        groups: Control groups of this machine.
        limits: What each build may use.
        has_filter: Whether a filter of system calls is known for this machine.
    """
    match capability:
        case Capability.SYSTEM_CALL_FILTER if not has_filter:
            why = f"no filter is known for machines of kind {os.uname().machine}"
            return Lack(why, "build it on x86_64 or aarch64")
        case Capability.LIMIT_PROCESSES if os.geteuid() == 0:  # of others the kernel keeps count
            return _lack_of("pids", groups, limits, limits.processes)
        case Capability.LIMIT_MEMORY:
            return _lack_of("memory", groups, limits, limits.memory_bytes)
        case _:
            return None


def _lack_of(
    controller: str, groups: ControlGroups | None, limits: Limits, wanted: int | None
) -> Lack | None:
    what = _LIMITED[controller]
    if groups is None or controller not in groups.controllers:
        return Lack(f"no control group lets this user limit the {what} of a build", _DELEGATE)
    if groups.works(limits) and (wanted is None or _is_set(groups, limits, controller, wanted)):
        return None
    return Lack(f"the control groups here do not limit the {what} of a build", _DELEGATE)


def _is_set(groups: ControlGroups, limits: Limits, controller: str, wanted: int) -> bool:
    """Whether a new group has the limit; the kernel rounds memory down to whole pages."""
    group = groups.make(limits)
    try:
        files = [place / name for place in group.directories for name in _FILES[controller]]
        found = [_number(file) for file in files]
    finally:
        group.remove()
    return any(each is not None and each <= wanted for each in found)


def _number(file: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(file.read_text())
    return None
