"""Every rule of the specification is a clause with an id, and every clause is proved by a test."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.clauses import CLAUSE_ID, clauses_in, marked_clauses, specified_clauses

if TYPE_CHECKING:
    import pytest

SPEC = Path(__file__).resolve().parents[2] / "atom-spec"


def test_clauses_are_found_in_paragraphs_and_lists_alone() -> None:
    text = (
        "**[one]** A rule.\n\nSee [one].\n\n- **[two]** Another.\n3. **[three]** Third, **[no]**\n"
    )

    found = clauses_in(text)

    assert found == ["one", "two", "three"]


def test_clause_ids_are_unique_words_joined_by_hyphens() -> None:
    clauses = Counter(specified_clauses(SPEC))

    assert [clause for clause, times in clauses.items() if times > 1] == []
    assert [clause for clause in clauses if not CLAUSE_ID.fullmatch(clause)] == []


def test_marks_name_clauses_that_exist(request: pytest.FixtureRequest) -> None:
    marked = marked_clauses(request.session.items)

    assert {clause: marked[clause] for clause in set(marked) - set(specified_clauses(SPEC))} == {}


def test_a_full_run_proves_every_clause(
    request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> None:
    # Only a full run has collected every test; any other one can prove a part.
    marked = set(marked_clauses(request.session.items))
    full = bool(pytestconfig.getoption("--all-clauses"))

    unproved = [clause for clause in specified_clauses(SPEC) if clause not in marked]

    assert not (full and unproved), unproved
