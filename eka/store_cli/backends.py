"""What ``realise`` lets run actions run in, and what ``info`` tells of it."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from eka.build import Bubblewrap, ControlGroups, Limits, seccomp_filter
from eka.build.capability import Capability
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping
    from typing import Any

    from eka.build import Sandbox
    from eka.build.capability import Lack
    from eka.store import Store

BUBBLEWRAP = "bwrap"
_NIX_PROGRAM = "nix-store"


def sandbox(
    store: Store, arguments: argparse.Namespace, environment: Mapping[str, str]
) -> Sandbox:
    """Return the sandbox that the words of ``realise`` ask for.

    Raises:
        SandboxUnavailable: It is that of Nix, and a program for it is not there.
    """
    limits = Limits(memory_bytes=arguments.max_memory)
    if arguments.nix is not None:
        from eka.store_cli.nix_backend import nix_sandbox  # noqa: PLC0415 - seldom asked for

        root = Path(arguments.nix).resolve()  # Nix takes no links on the way to its store
        return nix_sandbox(store, root, environment.get("PATH", ""), limits)
    return _ours(environment, limits)


def told(environment: Mapping[str, str]) -> list[dict[str, object]]:
    """Return what each backend can do on this machine, as JSON objects."""
    from eka.build.nix_sandbox import NIX, NIX_LACKS  # noqa: PLC0415 - seldom asked for

    path = environment.get("PATH", os.defpath)
    ours = _ours(environment, Limits(memory_bytes=1 << 30))
    return [
        _told(ours.name, ours.lack, is_there=shutil.which(BUBBLEWRAP, path=path) is not None),
        _told(NIX, NIX_LACKS.get, is_there=shutil.which(_NIX_PROGRAM, path=path) is not None),
    ]


def line(backend: Mapping[str, Any]) -> str:
    """Return what a person is told of one of `told`."""
    if not backend["installed"]:
        return f"{backend['name']}: not installed"
    has = f"{backend['name']}: {', '.join(backend['capabilities'])}"
    lacks = ", ".join(each["capability"] for each in backend["lacks"])
    return f"{has}; lacks {lacks}" if lacks else has


def _ours(environment: Mapping[str, str], limits: Limits) -> Bubblewrap:
    return Bubblewrap(
        shutil.which(BUBBLEWRAP, path=environment.get("PATH")) or BUBBLEWRAP,
        seccomp=seccomp_filter(platform.machine()),
        groups=ControlGroups.find(),
        limits=limits,
    )


def _told(
    name: str, lack: Callable[[Capability], Lack | None], *, is_there: bool
) -> dict[str, object]:
    lacks = {each: found for each in Capability if (found := lack(each)) is not None}
    return {
        "name": name,
        "installed": is_there,
        "capabilities": sorted(each.value for each in Capability if each not in lacks),
        "lacks": [
            {"capability": each.value, "why": found.why, "fix": found.fix}
            for each, found in sorted(lacks.items())
        ],
    }
