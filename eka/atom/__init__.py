"""What an atom is: pure values and formats, no input or output.

Two modules that few commands need are imported by their own names: `eka.atom.edit` and
`eka.atom.lock_v1`.
"""

from __future__ import annotations

from eka.atom.aliases import (
    BUILT_IN,
    AliasCycle,
    Aliases,
    AliasShadowed,
    InvalidAlias,
    UnknownAlias,
)
from eka.atom.label import InvalidLabel, InvalidTag, Label, Tag, case_fold, skeleton
from eka.atom.oid import Genesis, InvalidObjectId, ObjectId, object_id
from eka.atom.source_url import InvalidUri, SourceUrl
from eka.atom.version import InvalidVersion, Version
from eka.checking import TYPE_CHECKING
from eka.lazy import on_demand

if TYPE_CHECKING:
    from eka.atom.bump import (
        VersionPart,
        followed_requirement,
        lock_with_versions,
        next_in_kind,
        next_version,
    )
    from eka.atom.commit import (
        AtomCommit,
        CommitFormat,
        InvalidAtomCommit,
        NotAnAtomCommit,
        path_fault,
    )
    from eka.atom.content import (
        ContentHash,
        ContentHasher,
        ContentUndefined,
        InvalidContentHash,
        TreeEntry,
        TreeReader,
        content_hash,
    )
    from eka.atom.direct_deb import DebSource
    from eka.atom.direct_git import GitSource
    from eka.atom.direct_npm import NpmSource
    from eka.atom.direct_pypi import PypiSource
    from eka.atom.direct_url import UrlSource
    from eka.atom.download_url import CredentialsInUrl
    from eka.atom.identity import AtomId, InvalidAtomId, atom_id
    from eka.atom.lock_errors import (
        InvalidLock,
        LockContradiction,
        LockCycle,
        LockDangling,
        LockDuplicate,
        LockIdMismatch,
        LockNotCanonical,
        LockPinMismatch,
        LockTooNew,
        LockTooOld,
        LockUndeclaredSet,
        LockUnreachable,
        LockUnreferencedSet,
    )
    from eka.atom.lock_model import (
        AtomKey,
        InvalidAtomKey,
        Lock,
        LockedAtom,
        LockedDirect,
        LockedFile,
        LockedSet,
        LockedTree,
    )
    from eka.atom.lockfile import LOCK_NAME, encode_lock, lock_version, parse_lock
    from eka.atom.lookalikes import lookalike_starts
    from eka.atom.manifest import (
        MANIFEST_NAME,
        ForeignUrl,
        PatchPublished,
        check_foreign,
        parse_manifest,
        requirements_digest,
        source_digest,
    )
    from eka.atom.manifest_build import (
        DEFAULT_VARIABLES,
        RESERVED_VARIABLES,
        UnknownInput,
        VariableClash,
        input_name,
        variable_name,
    )
    from eka.atom.manifest_inputs import AmbiguousInput, UndeclaredSet
    from eka.atom.manifest_model import (
        Build,
        Dependency,
        DirectSource,
        ForeignSource,
        Manifest,
        Package,
        Patch,
        SetDeclaration,
        SingleAtom,
    )
    from eka.atom.manifest_v1 import parse_manifest_v1
    from eka.atom.npm_range import UnsupportedRange, npm_requirement
    from eka.atom.reading import InvalidValue, MissingKey, UnknownKey, WrongType
    from eka.atom.requirement import ANY, Comparator, InvalidRequirement, Operator, Requirement
    from eka.atom.set_manifest import SET_MANIFEST_NAME, SetManifest, parse_set_manifest
    from eka.atom.suggestion import nearest
    from eka.atom.toml import InvalidToml, TomlDocument, TomlValue, read_toml
    from eka.atom.tree_measure import DEFAULT_LIMITS, TreeLimits, TreePolicyViolation, TreeSummary
    from eka.atom.tree_policy import check_tree
    from eka.atom.uri import AtomUri, parse_atom_uri, parse_source_url

__all__ = [
    "ANY",
    "BUILT_IN",
    "DEFAULT_LIMITS",
    "DEFAULT_VARIABLES",
    "LOCK_NAME",
    "MANIFEST_NAME",
    "RESERVED_VARIABLES",
    "SET_MANIFEST_NAME",
    "AliasCycle",
    "AliasShadowed",
    "Aliases",
    "AmbiguousInput",
    "AtomCommit",
    "AtomId",
    "AtomKey",
    "AtomUri",
    "Build",
    "CommitFormat",
    "Comparator",
    "ContentHash",
    "ContentHasher",
    "ContentUndefined",
    "CredentialsInUrl",
    "DebSource",
    "Dependency",
    "DirectSource",
    "ForeignSource",
    "ForeignUrl",
    "Genesis",
    "GitSource",
    "InvalidAlias",
    "InvalidAtomCommit",
    "InvalidAtomId",
    "InvalidAtomKey",
    "InvalidContentHash",
    "InvalidLabel",
    "InvalidLock",
    "InvalidObjectId",
    "InvalidRequirement",
    "InvalidTag",
    "InvalidToml",
    "InvalidUri",
    "InvalidValue",
    "InvalidVersion",
    "Label",
    "Lock",
    "LockContradiction",
    "LockCycle",
    "LockDangling",
    "LockDuplicate",
    "LockIdMismatch",
    "LockNotCanonical",
    "LockPinMismatch",
    "LockTooNew",
    "LockTooOld",
    "LockUndeclaredSet",
    "LockUnreachable",
    "LockUnreferencedSet",
    "LockedAtom",
    "LockedDirect",
    "LockedFile",
    "LockedSet",
    "LockedTree",
    "Manifest",
    "MissingKey",
    "NotAnAtomCommit",
    "NpmSource",
    "ObjectId",
    "Operator",
    "Package",
    "Patch",
    "PatchPublished",
    "PypiSource",
    "Requirement",
    "SetDeclaration",
    "SetManifest",
    "SingleAtom",
    "SourceUrl",
    "Tag",
    "TomlDocument",
    "TomlValue",
    "TreeEntry",
    "TreeLimits",
    "TreePolicyViolation",
    "TreeReader",
    "TreeSummary",
    "UndeclaredSet",
    "UnknownAlias",
    "UnknownInput",
    "UnknownKey",
    "UnsupportedRange",
    "UrlSource",
    "VariableClash",
    "Version",
    "VersionPart",
    "WrongType",
    "atom_id",
    "case_fold",
    "check_foreign",
    "check_tree",
    "content_hash",
    "encode_lock",
    "followed_requirement",
    "input_name",
    "lock_version",
    "lock_with_versions",
    "lookalike_starts",
    "nearest",
    "next_in_kind",
    "next_version",
    "npm_requirement",
    "object_id",
    "parse_atom_uri",
    "parse_lock",
    "parse_manifest",
    "parse_manifest_v1",
    "parse_set_manifest",
    "parse_source_url",
    "path_fault",
    "read_toml",
    "requirements_digest",
    "skeleton",
    "source_digest",
    "variable_name",
]

if not TYPE_CHECKING:  # pragma: no branch - a checker must notice a missing name
    __getattr__ = on_demand(
        __name__,
        {
            "bump": "VersionPart followed_requirement lock_with_versions next_in_kind "
            "next_version",
            "commit": "AtomCommit CommitFormat InvalidAtomCommit NotAnAtomCommit path_fault",
            "content": "ContentHash ContentHasher ContentUndefined InvalidContentHash TreeEntry "
            "TreeReader content_hash",
            "direct_deb": "DebSource",
            "direct_pypi": "PypiSource",
            "direct_git": "GitSource",
            "direct_npm": "NpmSource",
            "direct_url": "UrlSource",
            "download_url": "CredentialsInUrl",
            "identity": "AtomId InvalidAtomId atom_id",
            "lock_errors": "InvalidLock LockContradiction LockCycle LockDangling LockDuplicate "
            "LockIdMismatch LockNotCanonical LockPinMismatch LockTooNew LockTooOld "
            "LockUndeclaredSet LockUnreachable LockUnreferencedSet",
            "lock_model": "AtomKey InvalidAtomKey Lock LockedAtom "
            "LockedDirect LockedFile LockedSet LockedTree",
            "lockfile": "LOCK_NAME encode_lock lock_version parse_lock",
            "lookalikes": "lookalike_starts",
            "manifest": "MANIFEST_NAME ForeignUrl PatchPublished check_foreign "
            "parse_manifest requirements_digest source_digest",
            "manifest_build": "DEFAULT_VARIABLES RESERVED_VARIABLES UnknownInput VariableClash "
            "input_name variable_name",
            "manifest_inputs": "AmbiguousInput UndeclaredSet",
            "manifest_model": "Build Dependency "
            "DirectSource ForeignSource Manifest Package "
            "Patch SetDeclaration SingleAtom",
            "manifest_v1": "parse_manifest_v1",
            "npm_range": "UnsupportedRange npm_requirement",
            "requirement": "ANY Comparator InvalidRequirement Operator Requirement",
            "reading": "InvalidValue MissingKey UnknownKey WrongType",
            "set_manifest": "SET_MANIFEST_NAME SetManifest parse_set_manifest",
            "suggestion": "nearest",
            "toml": "InvalidToml TomlDocument TomlValue read_toml",
            "tree_measure": "DEFAULT_LIMITS TreeLimits TreePolicyViolation TreeSummary",
            "tree_policy": "check_tree",
            "uri": "AtomUri parse_atom_uri parse_source_url",
        },
    )
