"""Git as storage and transport: refs, remotes, objects, provenance."""

from __future__ import annotations

from eka.git.cache import ObjectCache
from eka.git.failures import (
    AccessDenied,
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
from eka.git.fetcher import CacheUnusable
from eka.git.index import NoSet, VersionIndex, VersionListing
from eka.git.pktline import MalformedAnswer
from eka.git.process import ChildProcess, OutputTooLarge, ProgramMissing, Spawn, TimedOut
from eka.git.protocol import ListingTooLarge, ServerRefused
from eka.git.refs import (
    INIT_REF,
    AtomRef,
    RefLayout,
    atom_ref,
    label_prefixes,
    origin_ref,
    parse_atom_ref,
)
from eka.git.runner import Finished, GitFailed, GitRunner, RunOptions
from eka.git.safe import is_safe, safe_line, safe_text
from eka.git.transport import ListedRefs, Transport

__all__ = [
    "INIT_REF",
    "AccessDenied",
    "AtomRef",
    "CacheUnusable",
    "ChildProcess",
    "Finished",
    "GitFailed",
    "GitRunner",
    "ListedRefs",
    "ListingTooLarge",
    "MalformedAnswer",
    "NetworkFailed",
    "NoSet",
    "ObjectCache",
    "ObjectDamaged",
    "ObjectMissing",
    "ObjectsUnavailable",
    "OutputTooLarge",
    "ProgramMissing",
    "RefLayout",
    "RefusedObjects",
    "RunOptions",
    "ServerRefused",
    "SourceNotFound",
    "Spawn",
    "TimedOut",
    "Transport",
    "UnexpectedObject",
    "UnsafeOwnership",
    "UnsupportedObjectFormat",
    "VersionIndex",
    "VersionListing",
    "atom_ref",
    "is_safe",
    "label_prefixes",
    "origin_ref",
    "parse_atom_ref",
    "safe_line",
    "safe_text",
]
