"""Git as storage and transport: refs, remotes, objects, provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.git.failures import (
    AccessDenied,
    CacheUnusable,
    NetworkFailed,
    ObjectDamaged,
    ObjectMissing,
    ObjectsUnavailable,
    ProxyRefused,
    RefusedObjects,
    ServerNotTrusted,
    SourceBusy,
    SourceNotFound,
    UnexpectedObject,
    UnsafeOwnership,
    UnsupportedObjectFormat,
)
from eka.git.package_globs import matches as package_matches
from eka.git.refs import (
    INIT_REF,
    AtomRef,
    RefLayout,
    atom_ref,
    label_prefixes,
    origin_ref,
    parse_atom_ref,
)
from eka.git.safe import is_safe, safe_line, safe_text
from eka.lazy import on_demand

if TYPE_CHECKING:
    from eka.git.cache import ObjectCache
    from eka.git.genesis import (
        check_genesis,
        find_roots,
        first_commit,
        listed_genesis,
        record_genesis,
        recorded_genesis,
        require_identity,
        settle_genesis,
    )
    from eka.git.index import NoSet, VersionIndex, VersionListing
    from eka.git.line_changes import LineCounts, count_lines, is_binary, patch_lines
    from eka.git.local_refs import RefLocked, RefsMoved, locked
    from eka.git.package_globs import is_pattern
    from eka.git.pktline import MalformedAnswer
    from eka.git.process import ChildProcess, OutputTooLarge, ProgramMissing, Spawn, TimedOut
    from eka.git.protocol import ListingTooLarge, ServerRefused
    from eka.git.provenance import verify_atom
    from eka.git.provenance_report import (
        AtomReport,
        ExpectedAtom,
        History,
        Level,
        LevelReport,
        Lineage,
        ObjectReader,
        ProvenanceMismatch,
        Status,
    )
    from eka.git.publication import (
        AtomStatus,
        PublishedAtom,
        PublishProgress,
        PublishReport,
        PublishRequest,
        PublishStage,
    )
    from eka.git.publish_errors import (
        AtomPathRefused,
        ConfusableLabel,
        ConfusableVersion,
        DirtyAtoms,
        DuplicateLabel,
        LabelNotInSet,
        LockNotCommitted,
        LockOutdated,
        NestedAtom,
        NotASet,
        OwnDependencyMissing,
        OwnDependencyUnmet,
        PackageNotFound,
        PushRefused,
        SourceNotOnRemote,
        SourceNotPushed,
        VersionConflict,
        VersionNotPublished,
    )
    from eka.git.publisher import Publisher
    from eka.git.remotes import NoRemote, Remote, UnknownRemote, choose_remote
    from eka.git.repository_errors import (
        AmbiguousGenesis,
        GenesisConflict,
        HistoryExists,
        InvalidGenesis,
        NoCommitYet,
        NoIdentity,
        NotARepository,
        ObjectUnavailable,
        RepositoryNotWritable,
        RevisionNotFound,
        ShallowClone,
    )
    from eka.git.runner import Finished, GitFailed, GitRunner, RunOptions
    from eka.git.set_init import InitReport, InitRequest, init_set
    from eka.git.source_set import SourceAtom, SourceSet, read_source_set
    from eka.git.source_tree import claimed_origin, commit_parents, commit_tree, is_manifest
    from eka.git.status import (
        Deprecation,
        InvalidReason,
        InvalidStatus,
        VersionStatus,
        combined,
        read_status,
        unreadable,
    )
    from eka.git.status_writer import (
        StatusChange,
        StatusEdit,
        StatusReport,
        StatusRequest,
        StatusWriter,
    )
    from eka.git.transport import ListedRefs, Transport
    from eka.git.tree_changes import Change, ChangeKind, Leaf, tree_changes
    from eka.git.work_repository import RootCommit, WorkRepository

__all__ = [
    "INIT_REF",
    "AccessDenied",
    "AmbiguousGenesis",
    "AtomPathRefused",
    "AtomRef",
    "AtomReport",
    "AtomStatus",
    "AtomStatus",
    "CacheUnusable",
    "Change",
    "ChangeKind",
    "ChildProcess",
    "ConfusableLabel",
    "ConfusableVersion",
    "Deprecation",
    "DirtyAtoms",
    "DuplicateLabel",
    "ExpectedAtom",
    "Finished",
    "GenesisConflict",
    "GitFailed",
    "GitRunner",
    "History",
    "HistoryExists",
    "InitReport",
    "InitRequest",
    "InvalidGenesis",
    "InvalidReason",
    "InvalidStatus",
    "LabelNotInSet",
    "Leaf",
    "Level",
    "LevelReport",
    "LineCounts",
    "Lineage",
    "ListedRefs",
    "ListingTooLarge",
    "LockNotCommitted",
    "LockOutdated",
    "MalformedAnswer",
    "NestedAtom",
    "NetworkFailed",
    "NoCommitYet",
    "NoIdentity",
    "NoRemote",
    "NoRemote",
    "NoSet",
    "NotARepository",
    "NotASet",
    "ObjectCache",
    "ObjectDamaged",
    "ObjectMissing",
    "ObjectReader",
    "ObjectUnavailable",
    "ObjectsUnavailable",
    "OutputTooLarge",
    "OwnDependencyMissing",
    "OwnDependencyUnmet",
    "PackageNotFound",
    "ProgramMissing",
    "ProvenanceMismatch",
    "ProxyRefused",
    "PublishProgress",
    "PublishProgress",
    "PublishReport",
    "PublishReport",
    "PublishRequest",
    "PublishRequest",
    "PublishStage",
    "PublishStage",
    "PublishedAtom",
    "PublishedAtom",
    "Publisher",
    "Publisher",
    "PushRefused",
    "RefLayout",
    "RefLocked",
    "RefsMoved",
    "RefusedObjects",
    "Remote",
    "RepositoryNotWritable",
    "RevisionNotFound",
    "RootCommit",
    "RunOptions",
    "ServerNotTrusted",
    "ServerRefused",
    "ShallowClone",
    "SourceAtom",
    "SourceBusy",
    "SourceNotFound",
    "SourceNotOnRemote",
    "SourceNotPushed",
    "SourceSet",
    "Spawn",
    "Status",
    "StatusChange",
    "StatusEdit",
    "StatusReport",
    "StatusRequest",
    "StatusWriter",
    "TimedOut",
    "Transport",
    "UnexpectedObject",
    "UnknownRemote",
    "UnsafeOwnership",
    "UnsupportedObjectFormat",
    "VersionConflict",
    "VersionIndex",
    "VersionListing",
    "VersionNotPublished",
    "VersionStatus",
    "WorkRepository",
    "WorkRepository",
    "atom_ref",
    "check_genesis",
    "choose_remote",
    "claimed_origin",
    "combined",
    "commit_parents",
    "commit_tree",
    "count_lines",
    "find_roots",
    "find_roots",
    "first_commit",
    "first_commit",
    "init_set",
    "is_binary",
    "is_manifest",
    "is_pattern",
    "is_safe",
    "label_prefixes",
    "listed_genesis",
    "locked",
    "origin_ref",
    "package_matches",
    "parse_atom_ref",
    "patch_lines",
    "read_source_set",
    "read_status",
    "record_genesis",
    "recorded_genesis",
    "require_identity",
    "safe_line",
    "safe_text",
    "settle_genesis",
    "tree_changes",
    "unreadable",
    "verify_atom",
]

if not TYPE_CHECKING:  # pragma: no branch - a checker must notice a missing name
    __getattr__ = on_demand(
        __name__,
        {
            "cache": "ObjectCache",
            "genesis": "check_genesis find_roots first_commit listed_genesis record_genesis "
            "recorded_genesis require_identity settle_genesis",
            "index": "NoSet VersionIndex VersionListing",
            "line_changes": "LineCounts count_lines is_binary patch_lines",
            "local_refs": "RefLocked RefsMoved locked",
            "package_globs": "is_pattern",
            "pktline": "MalformedAnswer",
            "process": "ChildProcess OutputTooLarge ProgramMissing Spawn TimedOut",
            "protocol": "ListingTooLarge ServerRefused",
            "provenance": "verify_atom",
            "provenance_report": "AtomReport ExpectedAtom History Level LevelReport Lineage "
            "ObjectReader ProvenanceMismatch Status",
            "publication": "AtomStatus PublishedAtom PublishProgress PublishReport PublishRequest "
            "PublishStage",
            "publish_errors": "AtomPathRefused ConfusableLabel ConfusableVersion DirtyAtoms "
            "DuplicateLabel LabelNotInSet LockNotCommitted LockOutdated NestedAtom "
            "NotASet OwnDependencyMissing OwnDependencyUnmet PackageNotFound "
            "PushRefused SourceNotOnRemote SourceNotPushed VersionConflict VersionNotPublished",
            "publisher": "Publisher",
            "remotes": "NoRemote Remote UnknownRemote choose_remote",
            "repository_errors": "AmbiguousGenesis GenesisConflict HistoryExists InvalidGenesis "
            "NoCommitYet NoIdentity NotARepository ObjectUnavailable RepositoryNotWritable "
            "RevisionNotFound ShallowClone",
            "runner": "Finished GitFailed GitRunner RunOptions",
            "set_init": "InitReport InitRequest init_set",
            "source_set": "SourceAtom SourceSet read_source_set",
            "source_tree": "claimed_origin commit_parents commit_tree is_manifest",
            "status": "Deprecation InvalidReason InvalidStatus VersionStatus combined read_status "
            "unreadable",
            "status_writer": "StatusChange StatusEdit StatusReport StatusRequest StatusWriter",
            "transport": "ListedRefs Transport",
            "tree_changes": "Change ChangeKind Leaf tree_changes",
            "work_repository": "RootCommit WorkRepository",
        },
    )
