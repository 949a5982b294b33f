"""A published atom that was fetched: nothing is read from it before its tree is found harmless."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from eka.atom import AtomCommit, CommitFormat, check_tree, parse_manifest, parse_manifest_v1
from eka.checking import TYPE_CHECKING
from eka.git import is_manifest
from eka.workflow.errors import AtomIncomplete, ClaimMismatch
from eka.workflow.project import MANIFEST

if TYPE_CHECKING:
    from eka.atom import Label, Manifest, ObjectId, TreeReader, TreeSummary, Version
    from eka.git import ObjectReader

OLD_MANIFEST = "NAME.atom"
FILE_MODES = frozenset({"100644", "100755"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A published version: its commit, decoded, and its manifest, which agree."""

    rev: ObjectId
    commit: AtomCommit
    manifest: Manifest
    size: TreeSummary


def read_candidate(
    reader: ObjectReader, rev: ObjectId, label: Label, version: Version
) -> Candidate:
    """Return the atom that a ref of ``label`` and ``version`` names.

    Raises:
        NotAnAtomCommit: no publisher of atoms writes such a commit.
        TreePolicyViolation: its tree holds what no atom may hold (`Problems` if much of it).
        ClaimMismatch: ref, commit and manifest do not speak of one thing.
        AtomIncomplete: there is no manifest.
    """
    name = f"{label.text}@{version.text}"
    commit = AtomCommit.decode(reader.commit(rev))
    _agree(name, name, f"{commit.label.text}@{commit.version.text}", "commit")
    size = check_tree(commit.tree, reader)
    oid = manifest_of(reader, commit)
    if commit.manifest is not None:
        _agree(name, commit.manifest.hex, oid.hex, MANIFEST)
    manifest = parse_published(reader.blob(oid), commit, name)
    package = manifest.package
    _agree(name, name, f"{package.label.text}@{package.version.text}", MANIFEST)
    return Candidate(rev, commit, manifest, size)


def manifest_of(reader: TreeReader, commit: AtomCommit) -> ObjectId:
    """Return the manifest of an atom of any format; raises AtomIncomplete.

    Source: atom-spec/commit.md [commit-format-1].
    """
    is_old = commit.format is CommitFormat.V1
    found = [each.oid for each in reader.tree(commit.tree) if is_manifest(each, is_old=is_old)]
    if len(found) != 1:
        raise AtomIncomplete(commit.tree.hex, OLD_MANIFEST if is_old else MANIFEST)
    return found[0]


def parse_published(data: bytes, commit: AtomCommit, name: str) -> Manifest:
    """Return what the manifest of a published atom says, in today's words."""
    return _parsed(data, commit.format, name)


# Versions are chosen by their manifests, and the same bytes are read again from what was chosen.
@lru_cache(maxsize=4096)
def _parsed(data: bytes, form: CommitFormat, name: str) -> Manifest:
    if form is CommitFormat.V1:
        return parse_manifest_v1(data, f"{name}/{OLD_MANIFEST}")
    return parse_manifest(data, f"{name}/{MANIFEST}")


def _agree(atom: str, expected: str, found: str, where: str) -> None:
    if found != expected:
        raise ClaimMismatch(atom, where, expected=expected, found=found)


def find_entry(reader: TreeReader, tree: ObjectId, name: str) -> ObjectId | None:
    """Return the id of the regular file ``name`` directly in a tree, None where it has none."""
    for entry in reader.tree(tree):
        if entry.name == name.encode() and entry.mode in FILE_MODES:
            return entry.oid
    return None
