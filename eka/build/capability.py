"""What a sandbox can do, what an action demands of it, and the refusal where the two do not meet.

Source: atom-spec/build.md [capability-names], [capability-refused].
"""

from __future__ import annotations

import contextlib
import os
from enum import StrEnum

from eka.build.errors import UnsupportedCapability
from eka.checking import TYPE_CHECKING
from eka.store import RunAction
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from eka.build.cgroup import ControlGroups
    from eka.build.demands import Demands
    from eka.build.sandbox import Limits, Sandbox
    from eka.store import Action

_LIMITED = {"pids": "processes", "memory": "memory"}  # by the kernel's name of the controller
_FILES = {"pids": ("pids.max",), "memory": ("memory.max", "memory.limit_in_bytes")}
_DELEGATE = "run below a delegated control group, for instance with systemd-run --user --scope"


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


_UNKNOWN = Lack(
    "no sandbox that is known here has this capability",
    "correct `requires` of the action, or use a later eka",
)


def refusal(name: str, capability: str, sandbox: Sandbox) -> UnsupportedCapability | None:
    """Return the error to raise if a sandbox lacks what an action needs.

    Args:
        name: Of the action.
        capability: What it needs; may be one this version knows nothing of.
        sandbox: Where it would run.
    """
    known = capability in Capability.__members__.values()
    lack = sandbox.lack(Capability(capability)) if known else _UNKNOWN
    if lack is None:
        return None
    return refused(name, capability, sandbox, lack)


def refused(name: str, capability: str, sandbox: Sandbox, lack: Lack) -> UnsupportedCapability:
    """Return the error that says that an action cannot have what it needs."""
    return UnsupportedCapability(
        name, capability=capability, backend=sandbox.name, why=lack.why, fix=lack.fix
    )


def check(actions: Iterable[Action], demands: Demands, sandbox: Sandbox) -> None:
    """Raise `UnsupportedCapability` for the first action that needs what a sandbox lacks.

    Source: atom-spec/build.md [capability-refused].
    """
    has: set[str] = set()
    for action in actions:
        if isinstance(action, RunAction):
            for capability in sorted(_demanded(action, demands) - has):
                error = refusal(action.name, capability, sandbox)
                if error is not None:
                    raise error
                has.add(capability)


def _demanded(action: RunAction, demands: Demands) -> set[str]:
    found = set(action.requires) | demands.requires
    if action.rootfs is not None:
        found.add(Capability.ROOTFS)
    if len(action.outputs) > 1:
        found.add(Capability.SEVERAL_OUTPUTS)
    if demands.keep_failed is not None:
        found.add(Capability.ENTER)
    return found


def told(sandbox: Sandbox) -> dict[str, object]:
    """Return what a sandbox can and cannot do, as a JSON object."""
    lacks = {each.value: sandbox.lack(each) for each in Capability}
    return {
        "name": sandbox.name,
        "capabilities": sorted(each for each, lack in lacks.items() if lack is None),
        "lacks": [
            {"capability": each, "why": lack.why, "fix": lack.fix}
            for each, lack in sorted(lacks.items())
            if lack is not None
        ],
    }


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
