"""A published version while versions are being chosen: its manifest steers, nothing is trusted.

The same is read whether the manifest came alone or with its atom, so that what a lock says does
not depend on what a server can leave out. Whether the atom deserves it is found out when it was
chosen (`eka.workflow.candidate`).
"""

from __future__ import annotations

from eka.atom import AtomCommit, check_foreign
from eka.checking import TYPE_CHECKING
from eka.workflow.candidate import manifest_of, parse_published
from eka.workflow.errors import AtomIncomplete, ClaimMismatch
from eka.workflow.project import MANIFEST

if TYPE_CHECKING:
    from eka.atom import Label, Manifest, ObjectId, Version
    from eka.git import Metadata, ObjectReader

MAX_MANIFEST_BYTES = 256 * 1024


def plan_by_metadata(metadata: Metadata, label: Label, version: Version) -> Manifest:
    """Return the manifest to plan with; raises what `plan_by_atom` raises."""
    return _parsed(metadata.commit(), metadata.text, label, version)


def plan_by_atom(reader: ObjectReader, rev: ObjectId, label: Label, version: Version) -> Manifest:
    """Return the manifest of a fetched atom, of which nothing was checked yet.

    Raises:
        NotAnAtomCommit, ClaimMismatch, AtomIncomplete, and what `parse_manifest` raises.
    """
    commit = AtomCommit.decode(reader.commit(rev))
    oid = manifest_of(reader, commit)
    if reader.size(oid) > MAX_MANIFEST_BYTES:
        raise AtomIncomplete(commit.tree.hex, MANIFEST)
    return _parsed(commit, reader.blob(oid), label, version)


def _parsed(commit: AtomCommit, text: bytes, label: Label, version: Version) -> Manifest:
    name = f"{label.text}@{version.text}"
    manifest = parse_published(text, commit, name)
    package = manifest.package
    for where, found in (
        ("commit", f"{commit.label.text}@{commit.version.text}"),
        (MANIFEST, f"{package.label.text}@{package.version.text}"),
    ):
        if found != name:
            raise ClaimMismatch(name, where, expected=name, found=found)
    check_foreign(manifest)
    return manifest
