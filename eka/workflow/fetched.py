"""Fetched atoms held against the lock that pins them: anybody may have edited it."""

from __future__ import annotations

from eka.atom import ContentHasher
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, raise_problems
from eka.git import Remembering
from eka.workflow.candidate import read_candidate
from eka.workflow.errors import ClaimMismatch, PinMismatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eka.atom import LockedAtom, ObjectId
    from eka.git import ObjectReader
    from eka.workflow.services import Services


def check_fetched(services: Services, atoms: Sequence[LockedAtom]) -> None:
    """Recompute trees, manifests and content hashes of fetched atoms; own ones are left out.

    Raises:
        PinMismatch: an atom is not what the lock pins.
        NotAnAtomCommit, TreePolicyViolation, ClaimMismatch, AtomIncomplete: what the lock pins
            is no atom. `Problems` for several.
    """
    reader, hasher = services.reader(), ContentHasher()
    problems: list[EkaError] = []
    for number, atom in enumerate(atoms, 1):
        services.progress.count("atoms checked", number, len(atoms))
        if atom.rev is None:
            continue
        try:
            problems += _faults(atom, atom.rev, Remembering(reader), hasher)
        except EkaError as error:
            problems.append(error)
    raise_problems(problems, what="the lock pins what is not there")


def _faults(
    atom: LockedAtom, rev: ObjectId, reader: ObjectReader, hasher: ContentHasher
) -> Iterator[EkaError]:
    key = atom.key
    name = f"{key.label.text}@{key.version.text}"
    commit = read_candidate(reader, rev, key.label, key.version).commit
    if atom.tree is not None and atom.tree != commit.tree:
        found = f"tree {commit.tree.hex}"
        yield PinMismatch(name, expected=f"tree {atom.tree.hex}", found=found)
    content = hasher.hash(commit.tree, reader)
    if commit.content is not None and commit.content != content:
        claimed, found = f"content {commit.content.hex}", f"content {content.hex}"
        yield ClaimMismatch(name, "commit", expected=claimed, found=found)
    if atom.content is not None and atom.content != content:
        found = f"content {content.hex}"
        yield PinMismatch(name, expected=f"content {atom.content.hex}", found=found)
