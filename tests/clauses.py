"""The clauses of the specification, and which of them tests prove."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest

# A clause opens a paragraph or a list item: **[label-bytes]** A label has ...
CLAUSE = re.compile(r"^\s*(?:[-*]\s+|\d+\.\s+)?\*\*\[([^\]]*)\]\*\*", re.MULTILINE)
CLAUSE_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def clauses_in(text: str) -> list[str]:
    """Return the ids of all clauses of one Markdown text, in order."""
    return CLAUSE.findall(text)


def specified_clauses(folder: Path) -> list[str]:
    """Return the ids of all clauses below ``folder``, in order of file and line."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.md")))
    return [clause for text in texts for clause in clauses_in(text)]


def marked_clauses(items: Iterable[pytest.Item]) -> dict[str, list[str]]:
    """Return clause id -> the tests that say they prove it."""
    proofs: dict[str, list[str]] = {}
    for item in items:
        for mark in item.iter_markers("spec"):
            for clause in mark.args:
                proofs.setdefault(clause, []).append(item.nodeid)
    return proofs
