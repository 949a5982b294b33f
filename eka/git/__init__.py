"""Git as storage and transport: refs, remotes, objects, provenance."""

from __future__ import annotations

from eka.git.cache import ObjectCache
from eka.git.failures import (
    AccessDenied,
    CacheUnusable,
    NetworkFailed,
    ObjectDamaged,
    ObjectMissing,
    ObjectsUnavailable,
    RefusedObjects,
    SourceNotFound,
    UnexpectedObject,
    UnsafeOwnership,
    UnsupportedObjectFormat,
)
from eka.git.genesis import (
    find_roots,
    first_commit,
    listed_genesis,
    record_genesis,
    recorded_genesis,
    settle_genesis,
)
from eka.git.index import NoSet, VersionIndex, VersionListing
from eka.git.local_refs import locked
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
    PublishReport,
    PublishRequest,
    PublishStage,
)
from eka.git.publisher import Publisher
from eka.git.refs import (
    INIT_REF,
    AtomRef,
    RefLayout,
    atom_ref,
    label_prefixes,
    origin_ref,
    parse_atom_ref,
)
from eka.git.remotes import NoRemote, choose_remote
from eka.git.runner import Finished, GitFailed, GitRunner, RunOptions
from eka.git.safe import is_safe, safe_line, safe_text
from eka.git.source_tree import commit_parents, commit_tree
from eka.git.transport import ListedRefs, Transport
from eka.git.work_repository import WorkRepository

__all__ = [
    "INIT_REF",
    "AccessDenied",
    "AtomRef",
    "AtomReport",
    "AtomStatus",
    "CacheUnusable",
    "ChildProcess",
    "ExpectedAtom",
    "Finished",
    "GitFailed",
    "GitRunner",
    "History",
    "Level",
    "LevelReport",
    "Lineage",
    "ListedRefs",
    "ListingTooLarge",
    "MalformedAnswer",
    "NetworkFailed",
    "NoRemote",
    "NoSet",
    "ObjectCache",
    "ObjectDamaged",
    "ObjectMissing",
    "ObjectReader",
    "ObjectsUnavailable",
    "OutputTooLarge",
    "ProgramMissing",
    "ProvenanceMismatch",
    "PublishReport",
    "PublishRequest",
    "PublishStage",
    "PublishedAtom",
    "Publisher",
    "RefLayout",
    "RefusedObjects",
    "RunOptions",
    "ServerRefused",
    "SourceNotFound",
    "Spawn",
    "Status",
    "TimedOut",
    "Transport",
    "UnexpectedObject",
    "UnsafeOwnership",
    "UnsupportedObjectFormat",
    "VersionIndex",
    "VersionListing",
    "WorkRepository",
    "atom_ref",
    "choose_remote",
    "commit_parents",
    "commit_tree",
    "find_roots",
    "first_commit",
    "is_safe",
    "label_prefixes",
    "listed_genesis",
    "locked",
    "origin_ref",
    "parse_atom_ref",
    "record_genesis",
    "recorded_genesis",
    "safe_line",
    "safe_text",
    "settle_genesis",
    "verify_atom",
]
