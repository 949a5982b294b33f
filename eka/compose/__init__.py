"""Locked atoms into a plan; languages plug in here. Nothing is read, run or fetched."""

from __future__ import annotations

from eka.compose.errors import (
    ComposerUnsupported,
    InputUnpinned,
    NothingToBuild,
    SystemUnsupported,
)
from eka.compose.request import ROOT, ComposeRequest, atom_name, source_name
from eka.compose.sources import compose_fetches
from eka.compose.static import (
    ENVIRONMENT,
    Composition,
    compose_static,
    input_name,
    variable_name,
)

__all__ = [
    "ENVIRONMENT",
    "ROOT",
    "ComposeRequest",
    "ComposerUnsupported",
    "Composition",
    "InputUnpinned",
    "NothingToBuild",
    "SystemUnsupported",
    "atom_name",
    "compose_fetches",
    "compose_static",
    "input_name",
    "source_name",
    "variable_name",
]
