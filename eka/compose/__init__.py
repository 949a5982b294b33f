"""Locked atoms into a plan; languages plug in here. Nothing is read, run or fetched."""

from __future__ import annotations

from eka.compose.errors import (
    ComposerUnsupported,
    DependencyAmbiguous,
    InputUnpinned,
    InterpreterUnknown,
    KindUnsupported,
    NothingToBuild,
    PythonsDiffer,
    RootfsMissing,
    SourcesAdjacent,
    SystemUnsupported,
)
from eka.compose.request import ROOT, ComposeRequest, atom_name, atom_title, source_name
from eka.compose.selection import Selector
from eka.compose.sources import compose_fetches
from eka.compose.static import Composition, compose_static

__all__ = [
    "ROOT",
    "ComposeRequest",
    "ComposerUnsupported",
    "Composition",
    "DependencyAmbiguous",
    "InputUnpinned",
    "InterpreterUnknown",
    "KindUnsupported",
    "NothingToBuild",
    "PythonsDiffer",
    "RootfsMissing",
    "Selector",
    "SourcesAdjacent",
    "SystemUnsupported",
    "atom_name",
    "atom_title",
    "compose_fetches",
    "compose_static",
    "source_name",
]
