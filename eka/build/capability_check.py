"""What an action demands of a sandbox, and the refusal where the sandbox lacks it.

Source: atom-spec/build.md [capability-refused].
"""

from __future__ import annotations

import os

from eka.build.capability import Capability, Lack
from eka.build.errors import UnsupportedCapability, WrongSystem
from eka.checking import TYPE_CHECKING
from eka.store import RunAction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eka.build.demands import Demands
    from eka.build.sandbox import Sandbox
    from eka.store import Action

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
    """Raise for the first action that cannot be performed here.

    Raises:
        UnsupportedCapability: It needs what the sandbox lacks.
        WrongSystem: It is for another kind of machine.

    Source: atom-spec/build.md [capability-refused].
    """
    machine = f"{os.uname().machine}-linux"
    has: set[str] = set()
    for action in actions:
        if isinstance(action, RunAction):
            if action.system != machine:
                raise WrongSystem(action.name, expected=action.system, found=machine)
            for capability in sorted(_demanded(action, demands, sandbox.asked) - has):
                error = refusal(action.name, capability, sandbox)
                if error is not None:
                    raise error
                has.add(capability)


def _demanded(action: RunAction, demands: Demands, asked: Iterable[str]) -> set[str]:
    found = {*action.requires, *asked}
    if action.rootfs is not None:
        found.add(Capability.ROOTFS)
    if len(action.outputs) > 1:
        found.add(Capability.SEVERAL_OUTPUTS)
    if demands.keep_failed is not None:
        found.add(Capability.ENTER)
    return found
