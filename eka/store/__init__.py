"""The store core: bytes, plans and outputs; it knows nothing of atoms, git or locks."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.lazy import on_demand
from eka.store.nodes import DirNode, FileNode, LinkNode, Node, NodePath
from eka.store.path import LOGICAL_ROOT, NodeKind, StorePath, path_name, store_path, tree_path

if TYPE_CHECKING:
    from eka.store.chain import Chain, Step
    from eka.store.errors import (
        ContentMismatch,
        InvalidPlan,
        InvalidStoreName,
        InvalidStorePath,
        MissingReferences,
        NotAFile,
        NotInPath,
        PathNotFound,
        PlanNotFound,
        RootExists,
        SourceUnreadable,
        StoreBusy,
        StoreDamaged,
        StoreTooNew,
        StoreUnusable,
        UnsafeTree,
    )
    from eka.store.events import (
        ActionFailed,
        ActionFinished,
        ActionLog,
        ActionSkipped,
        ActionStarted,
        CacheTrouble,
        Event,
        FetchProgress,
        Outcome,
        PathAdded,
        WorkLeft,
    )
    from eka.store.exchange import Imported, export_order, export_stream, import_stream
    from eka.store.facts import PathInfo, StoreInfo
    from eka.store.files import sync_file_system
    from eka.store.gc import GcLimits, GcReport
    from eka.store.inside import Entry, list_inside, read_inside
    from eka.store.keep_errors import InvalidKeepName, NothingKept
    from eka.store.log_file import MAX_LINE_BYTES, LogFile
    from eka.store.log_reading import GrowingLog, log_chunks, log_lines
    from eka.store.plan import (
        Action,
        ActionInput,
        FetchAction,
        Input,
        Json,
        Plan,
        RunAction,
        TreeInput,
        UnpackAction,
        action_id,
        canonical_json,
        output_name,
        resolved_name,
    )
    from eka.store.plan_json import parse_plan
    from eka.store.plan_layers import PACKED, Layer, LayerFormat
    from eka.store.plan_python import PythonTree
    from eka.store.plan_rules import BRACES, PLACEHOLDER, plain_text
    from eka.store.plans import is_plan_id
    from eka.store.read import read_tree
    from eka.store.reduction import LOCAL, Nondeterminism, Reduction, ReductionKind
    from eka.store.reduction_errors import (
        AmbiguousName,
        BadSignature,
        KeyConflict,
        KeyNotFound,
        NotReduced,
        NotTrusted,
    )
    from eka.store.references import Candidates
    from eka.store.runs import LOGS, Run, RunOutcome, Runs
    from eka.store.scan import path_of, path_of_nodes
    from eka.store.stats import Stats
    from eka.store.store import Store
    from eka.store.stream_errors import BrokenStream, FalsePath, UndeclaredReferences
    from eka.store.trust import TrustedKey
    from eka.store.verify import FaultKind, VerifyFault

__all__ = [
    "BRACES",
    "LOCAL",
    "LOGICAL_ROOT",
    "LOGS",
    "MAX_LINE_BYTES",
    "PACKED",
    "PLACEHOLDER",
    "Action",
    "ActionFailed",
    "ActionFinished",
    "ActionInput",
    "ActionLog",
    "ActionSkipped",
    "ActionStarted",
    "AmbiguousName",
    "BadSignature",
    "BrokenStream",
    "CacheTrouble",
    "Candidates",
    "Chain",
    "ContentMismatch",
    "DirNode",
    "Entry",
    "Event",
    "FalsePath",
    "FaultKind",
    "FetchAction",
    "FetchProgress",
    "FileNode",
    "GcLimits",
    "GcReport",
    "GrowingLog",
    "Imported",
    "Input",
    "InvalidKeepName",
    "InvalidPlan",
    "InvalidStoreName",
    "InvalidStorePath",
    "Json",
    "KeyConflict",
    "KeyNotFound",
    "Layer",
    "LayerFormat",
    "LinkNode",
    "LogFile",
    "MissingReferences",
    "Node",
    "NodeKind",
    "NodePath",
    "Nondeterminism",
    "NotAFile",
    "NotInPath",
    "NotReduced",
    "NotTrusted",
    "NothingKept",
    "Outcome",
    "PathAdded",
    "PathInfo",
    "PathNotFound",
    "Plan",
    "PlanNotFound",
    "PythonTree",
    "Reduction",
    "ReductionKind",
    "RootExists",
    "Run",
    "RunAction",
    "RunOutcome",
    "Runs",
    "SourceUnreadable",
    "Stats",
    "Step",
    "Store",
    "StoreBusy",
    "StoreDamaged",
    "StoreInfo",
    "StorePath",
    "StoreTooNew",
    "StoreUnusable",
    "TreeInput",
    "TrustedKey",
    "UndeclaredReferences",
    "UnpackAction",
    "UnsafeTree",
    "VerifyFault",
    "WorkLeft",
    "action_id",
    "canonical_json",
    "export_order",
    "export_stream",
    "import_stream",
    "is_plan_id",
    "list_inside",
    "log_chunks",
    "log_lines",
    "output_name",
    "parse_plan",
    "path_name",
    "path_of",
    "path_of_nodes",
    "plain_text",
    "read_inside",
    "read_tree",
    "resolved_name",
    "store_path",
    "sync_file_system",
    "tree_path",
]

if not TYPE_CHECKING:  # pragma: no branch - a checker must notice a missing name
    __getattr__ = on_demand(
        __name__,
        {
            "errors": "ContentMismatch InvalidPlan InvalidStoreName InvalidStorePath "
            "MissingReferences NotAFile NotInPath PathNotFound PlanNotFound RootExists "
            "SourceUnreadable StoreBusy StoreDamaged StoreTooNew StoreUnusable UnsafeTree",
            "events": "ActionFailed ActionFinished ActionLog ActionSkipped ActionStarted "
            "CacheTrouble Event FetchProgress Outcome PathAdded WorkLeft",
            "exchange": "Imported export_order export_stream import_stream",
            "stream_errors": "BrokenStream FalsePath UndeclaredReferences",
            "facts": "PathInfo StoreInfo",
            "files": "sync_file_system",
            "gc": "GcLimits GcReport",
            "inside": "Entry list_inside read_inside",
            "keep_errors": "InvalidKeepName NothingKept",
            "plan": "Action ActionInput FetchAction Input Json Plan RunAction TreeInput "
            "UnpackAction action_id canonical_json output_name resolved_name",
            "plan_json": "parse_plan",
            "plan_layers": "PACKED Layer LayerFormat",
            "plan_python": "PythonTree",
            "plan_rules": "BRACES PLACEHOLDER plain_text",
            "read": "read_tree",
            "plans": "is_plan_id",
            "stats": "Stats",
            "reduction": "LOCAL Nondeterminism Reduction ReductionKind",
            "reduction_errors": "AmbiguousName BadSignature KeyConflict KeyNotFound NotReduced "
            "NotTrusted",
            "chain": "Chain Step",
            "trust": "TrustedKey",
            "references": "Candidates",
            "log_file": "MAX_LINE_BYTES LogFile",
            "log_reading": "GrowingLog log_chunks log_lines",
            "runs": "LOGS Run RunOutcome Runs",
            "scan": "path_of path_of_nodes",
            "store": "Store",
            "verify": "FaultKind VerifyFault",
        },
    )
