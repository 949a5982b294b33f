"""What a composer is given: a lock, and what it names, all as values."""

from __future__ import annotations

from dataclasses import dataclass, field

from eka.checking import TYPE_CHECKING
from eka.store import path_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import AtomKey, ContentHash, Lock, Manifest

ROOT = None
"""The key of the root project, which no lock lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeRequest:
    """One build of one lock.

    Attributes:
        lock: The root project's lock.
        manifests: Of every atom in it and, under `ROOT`, of the root project.
        contents: Content hash of each one's tree; the trees are in the store, named
            `source_name`.
        system: What to build for, such as ``x86_64-linux``.
        targets: What to build: atoms of the lock, or `ROOT`.
        places: Directories of the local ones, which relative addresses in them start from.
    """

    lock: Lock
    manifests: Mapping[AtomKey | None, Manifest]
    contents: Mapping[AtomKey | None, ContentHash]
    system: str
    targets: tuple[AtomKey | None, ...] = (ROOT,)
    places: Mapping[AtomKey | None, str] = field(default_factory=dict["AtomKey | None", str])


def atom_title(manifest: Manifest) -> str:
    """Return what messages call an atom, ``<label>@<version>``."""
    package = manifest.package
    return f"{package.label.text}@{package.version.text}"


def atom_name(manifest: Manifest) -> str:
    """Return the store name of an atom's output, ``<label>-<version>``."""
    package = manifest.package
    return path_name(f"{package.label.text}-{package.version.text}")


def source_name(manifest: Manifest) -> str:
    """Return the store name of an atom's own tree."""
    package = manifest.package
    return path_name(f"{package.label.text}-{package.version.text}-source")
