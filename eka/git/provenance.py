"""Proves that a published atom is what it says, level by level, from objects alone.

Nothing a ref, a header or a server says is believed: commit bytes are encoded again, trees looked
up in the source commit, ancestors walked, contents hashed. Reading and fetching are ports.

Source: atom-spec/provenance.md.
"""

from __future__ import annotations

from eka.atom import (
    MANIFEST_NAME,
    AtomCommit,
    CommitFormat,
    ContentHasher,
    NotAnAtomCommit,
    atom_id,
    check_tree,
    object_id,
    read_toml,
)
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.provenance_report import (
    AtomReport,
    ExpectedAtom,
    History,
    Level,
    LevelReport,
    Lineage,
    Status,
)
from eka.git.remembering import Remembering
from eka.git.source_tree import commit_tree, filtered_tree, is_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import AtomId, ContentHash, ObjectId, TreeReader
    from eka.git.object_port import ObjectReader

# What depends on the commit being an atom; signatures are looked at by others.
_OTHERS = (Level.MANIFEST, Level.SUBTREE, Level.ANCESTRY, Level.CONTENT)


def verify_atom(
    rev: ObjectId,
    *,
    expected: ExpectedAtom,
    reader: ObjectReader,
    history: History | None = None,
    hasher: ContentHasher | None = None,
) -> AtomReport:
    """Return a report with every level of ``rev``, in the order of `Level`.

    Args:
        rev: The atom commit.
        expected: What a ref (label, version) and a lock say.
        reader: Reads the commit and its tree, which must be there.
        history: Reaches source commits; without it SUBTREE and ANCESTRY are unavailable.
        hasher: Knows what was hashed for other atoms already.

    Raises:
        TreePolicyViolation, Problems: the tree is one that no atom may have (exit 5); nothing
            else is read then.
        ObjectMissing, ObjectDamaged: the reader cannot read the atom.

    Source: atom-spec/provenance.md.
    """
    bytes_report, commit = _check_bytes(rev, expected, reader)
    if commit is None:
        note = "the commit is not an atom"
        others = [LevelReport(at, Status.UNAVAILABLE, note=note) for at in _OTHERS]
        return AtomReport(rev=rev, expected=expected, levels=(bytes_report, *others))
    reader = Remembering(reader)
    summary = check_tree(commit.tree, reader)
    manifest_report, manifest = _check_manifest(commit, expected, reader)
    content = (hasher or ContentHasher()).hash(commit.tree, reader)
    return AtomReport(
        rev=rev,
        expected=expected,
        levels=(
            bytes_report,
            manifest_report,
            _check_subtree(commit, reader, history),
            _check_ancestry(commit, expected, history),
            _check_content(commit, expected, content),
        ),
        commit=commit,
        manifest=manifest,
        content=content,
        summary=summary,
    )


def _compare(level: Level, pairs: Sequence[tuple[str, str | None, str]]) -> LevelReport:
    """Report the first of (what, expected, found) that differs; None is not compared."""
    for what, expected, found in pairs:
        if expected is not None and expected != found:
            return LevelReport(level, Status.FAILED, f"{what} {expected}", f"{what} {found}")
    return LevelReport(level, Status.OK)


def _hex(oid: ObjectId | None) -> str | None:
    return None if oid is None else oid.hex


def _text(identity: AtomId | None) -> str | None:
    return None if identity is None else identity.text


def _check_bytes(
    rev: ObjectId, expected: ExpectedAtom, reader: ObjectReader
) -> tuple[LevelReport, AtomCommit | None]:
    level = Level.BYTES
    kind, body = reader.read(rev)
    recomputed = object_id(kind, body, rev.algorithm)
    if kind != "commit" or recomputed != rev:
        found = f"{kind} {recomputed.hex}"
        return LevelReport(level, Status.FAILED, f"commit {rev.hex}", found), None
    try:
        commit = AtomCommit.decode(body)
    except NotAnAtomCommit as error:
        return LevelReport(level, Status.FAILED, "an atom commit", note=str(error)), None
    pairs: list[tuple[str, str | None, str]] = [
        ("label", expected.label.text, commit.label.text),
        ("version", expected.version.text, commit.version.text),
        ("commit", _hex(expected.rev), rev.hex),
        ("tree", _hex(expected.tree), commit.tree.hex),
    ]
    if expected.genesis is not None:
        found_id = atom_id(expected.genesis, commit.label)
        pairs.append(("id", _text(expected.id), found_id.text))
    return _compare(level, pairs), commit


def _check_manifest(
    commit: AtomCommit, expected: ExpectedAtom, reader: TreeReader
) -> tuple[LevelReport, ObjectId | None]:
    level = Level.MANIFEST
    is_old = commit.format is CommitFormat.V1
    entries = [entry for entry in reader.tree(commit.tree) if is_manifest(entry, is_old=is_old)]
    name = "*.atom" if is_old else MANIFEST_NAME
    if len(entries) != 1:
        found = "none" if not entries else f"{len(entries)} of them"
        return LevelReport(level, Status.FAILED, f"a file {name}", found), None
    oid = entries[0].oid
    shown = f"{commit.label.text}@{commit.version.text}/{entries[0].name.decode()}"
    try:
        table = read_toml(reader.blob(oid), shown).data.get("atom" if is_old else "package")
    except EkaError as error:
        return LevelReport(level, Status.FAILED, "a readable manifest", note=str(error)), oid
    if not isinstance(table, dict):
        return LevelReport(level, Status.FAILED, "a manifest with a [package] table"), oid
    label, version = table.get("id" if is_old else "label"), table.get("version")
    pairs = [
        ("label", expected.label.text, str(label)),
        ("version", expected.version.text, str(version)),
        ("manifest", _hex(commit.manifest), oid.hex),
    ]
    return _compare(level, pairs), oid


def _check_subtree(commit: AtomCommit, reader: TreeReader, history: History | None) -> LevelReport:
    level = Level.SUBTREE
    if history is None:
        return LevelReport(level, Status.UNAVAILABLE, note="no source commit was asked for")
    try:
        source = history.trees(commit.origin)
        root = commit_tree(source.reader.commit(commit.origin))
        if commit.format is CommitFormat.V1:
            found = filtered_tree(commit, reader, source, root)
        elif commit.path is None:
            found = commit.tree if source.holds(root, commit.tree) else None
        else:
            found = source.at(root, commit.path)
    except EkaError as error:
        return _not_reached(level, error)
    place = f"at {commit.path}" if commit.path else "anywhere"
    where = f"{place} in source commit {commit.origin.hex}"
    expected = f"tree {commit.tree.hex} {where}"
    if found == commit.tree:
        return LevelReport(level, Status.OK, expected, expected)
    shown = f"tree {found.hex}" if found else "none"
    return LevelReport(level, Status.FAILED, expected, shown)


def _check_ancestry(
    commit: AtomCommit, expected: ExpectedAtom, history: History | None
) -> LevelReport:
    level = Level.ANCESTRY
    genesis = expected.genesis
    if genesis is None:
        return LevelReport(level, Status.ABSENT, note="no genesis to compare with is known")
    if history is None:
        return LevelReport(level, Status.UNAVAILABLE, note="no source commit was asked for")
    try:
        lineage = history.lineage(commit.origin, genesis)
    except EkaError as error:
        return _not_reached(level, error)
    claim = f"genesis {genesis.hex}"
    status, found = {
        Lineage.ANCESTOR: (Status.OK, claim),
        Lineage.SHALLOW: (Status.UNAVAILABLE, ""),
        Lineage.NOT_A_ROOT: (Status.FAILED, "a commit with parents"),
        Lineage.STRANGER: (Status.FAILED, f"no descent of {commit.origin.hex} from it"),
    }[lineage]
    is_shallow = lineage is Lineage.SHALLOW
    note = "the source is a shallow clone: its history ends too early" if is_shallow else ""
    return LevelReport(level, status, claim, found, note)


def _check_content(
    commit: AtomCommit, expected: ExpectedAtom, content: ContentHash
) -> LevelReport:
    claims = [claim for claim in (commit.content, expected.content) if claim is not None]
    if not claims:
        note = "neither the commit nor a lock names a content hash"
        return LevelReport(Level.CONTENT, Status.ABSENT, found=content.hex, note=note)
    for claim in claims:
        if claim != content:
            return LevelReport(Level.CONTENT, Status.FAILED, claim.hex, content.hex)
    return LevelReport(Level.CONTENT, Status.OK, content.hex, content.hex)


def _not_reached(level: Level, error: EkaError) -> LevelReport:
    """Tell a source that cannot be reached from one that gave unsound objects."""
    is_unsound = error.exit_status == Exit.INTEGRITY
    return LevelReport(level, Status.FAILED if is_unsound else Status.UNAVAILABLE, note=str(error))
