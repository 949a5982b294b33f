"""What an atom is: pure values and formats, no input or output."""

from __future__ import annotations

from eka.atom.commit import (
    AtomCommit,
    CommitFormat,
    InvalidAtomCommit,
    NotAnAtomCommit,
    path_fault,
)
from eka.atom.content import (
    ContentHash,
    ContentUndefined,
    InvalidContentHash,
    TreeEntry,
    TreeReader,
    content_hash,
)
from eka.atom.identity import AtomId, InvalidAtomId, atom_id
from eka.atom.label import InvalidLabel, InvalidTag, Label, Tag, case_fold, skeleton
from eka.atom.oid import Genesis, InvalidObjectId, ObjectId, object_id
from eka.atom.requirement import ANY, Comparator, InvalidRequirement, Operator, Requirement
from eka.atom.tree_measure import DEFAULT_LIMITS, TreeLimits, TreePolicyViolation, TreeSummary
from eka.atom.tree_policy import check_tree
from eka.atom.version import InvalidVersion, Version

__all__ = [
    "ANY",
    "DEFAULT_LIMITS",
    "AtomCommit",
    "AtomId",
    "CommitFormat",
    "Comparator",
    "ContentHash",
    "ContentUndefined",
    "Genesis",
    "InvalidAtomCommit",
    "InvalidAtomId",
    "InvalidContentHash",
    "InvalidLabel",
    "InvalidObjectId",
    "InvalidRequirement",
    "InvalidTag",
    "InvalidVersion",
    "Label",
    "NotAnAtomCommit",
    "ObjectId",
    "Operator",
    "Requirement",
    "Tag",
    "TreeEntry",
    "TreeLimits",
    "TreePolicyViolation",
    "TreeReader",
    "TreeSummary",
    "Version",
    "atom_id",
    "case_fold",
    "check_tree",
    "content_hash",
    "object_id",
    "path_fault",
    "skeleton",
]
