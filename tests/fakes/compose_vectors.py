"""The cases of fixtures/compose as requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.atom import ContentHash, parse_lock, parse_manifest
from eka.compose import ROOT, ComposeRequest, atom_title
from eka.hashing import digest

if TYPE_CHECKING:
    from pathlib import Path

    from eka.atom import AtomKey, Manifest

CASES = {"closure": (ROOT, "toolchain"), "small": (ROOT,)}


def request_of(folder: Path, targets: tuple[str | None, ...]) -> ComposeRequest:
    """Read a case: its lock, the project's manifest, and one of each atom in the lock."""

    def manifest(name: str) -> Manifest:
        return parse_manifest((folder / name).read_bytes(), name)

    lock = parse_lock((folder / "atom.lock").read_bytes(), "atom.lock")
    manifests: dict[AtomKey | None, Manifest] = {ROOT: manifest("atom.toml")}
    for atom in lock.atoms:
        manifests[atom.key] = manifest(f"{atom.key.label.text}@{atom.key.version.text}.toml")
    by_label = {key.label.text: key for key in lock.requires}
    return ComposeRequest(
        lock=lock,
        manifests=manifests,
        contents={
            key: ContentHash(digest(atom_title(each).encode()).hex())
            for key, each in manifests.items()
        },
        system="x86_64-linux",
        targets=tuple(None if name is None else by_label[name] for name in targets),
    )
