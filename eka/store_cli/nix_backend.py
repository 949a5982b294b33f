"""The sandbox of ``realise --nix``: found programs, put together."""

from __future__ import annotations

import shutil
from pathlib import Path

from eka.build import SandboxUnavailable
from eka.build.nix_sandbox import NixSandbox
from eka.build.nix_store import NixStore
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from eka.build import Limits
    from eka.store import Store

_PACKAGES = {"nix-store": "nix-bin", "busybox": "busybox-static"}
_INTERPRETER = b"/ld-linux"  # what a program names that is not static


def nix_sandbox(store: Store, root: Path, path: str, limits: Limits) -> NixSandbox:
    """Return a sandbox in which Nix builds.

    Args:
        store: Where inputs come from.
        root: Directory for the store of Nix; made when missing.
        path: Where programs are looked for.
        limits: What each build may use.

    Raises:
        SandboxUnavailable: A program is not there.
    """
    nix, busybox = (_found(name, path) for name in _PACKAGES)
    if _INTERPRETER in busybox.read_bytes():
        raise SandboxUnavailable(f"{busybox} is not static", _install("busybox"))
    return NixSandbox(store, NixStore(str(nix), root, path), busybox, limits=limits)


def _found(name: str, path: str) -> Path:
    found = shutil.which(name, path=path)
    if found is None:
        raise SandboxUnavailable(f"the program {name} is not there", _install(name))
    return Path(found)


def _install(name: str) -> str:
    return f"install it (Debian: apt-get install {_PACKAGES[name]}), or build without --nix"
