"""Statuses of versions: documents, and what becomes of those that are none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eka.atom import Label, Version
from eka.git.refs import parse_atom_ref, parse_status_ref, status_ref
from eka.git.status import Deprecation, InvalidStatus, VersionStatus, parse_status, read_status
from tests.schemas import check
from tests.vectors import load

VECTORS: dict[str, list[dict[str, Any]]] = load("status/statuses.json")
each_valid = pytest.mark.parametrize("case", VECTORS["valid"], ids=lambda case: case["name"])
each_invalid = pytest.mark.parametrize("case", VECTORS["invalid"], ids=lambda case: case["name"])


def expected(case: dict[str, Any]) -> VersionStatus:
    """Return what a document says."""
    replaced_by = case["replaced_by"]
    deprecation = None
    if case["deprecated"] is not None:
        deprecation = Deprecation(case["deprecated"], Label(replaced_by) if replaced_by else None)
    return VersionStatus(case["yanked"], deprecation)


@pytest.mark.spec("status-document", "status-canonical")
@each_valid
def test_a_document_says_what_it_says(case: dict[str, Any]) -> None:
    data = case["document"].encode()

    assert parse_status(data) == expected(case)
    assert expected(case).encode() == data


@pytest.mark.spec("status-document")
@each_valid
def test_a_document_follows_the_schema(case: dict[str, Any]) -> None:
    check(json.loads(case["document"]), "status.schema.json")


@pytest.mark.spec("status-canonical")
@each_invalid
def test_other_bytes_are_no_document(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidStatus):
        parse_status(case["document"].encode("utf-8", errors="surrogatepass"))


@pytest.mark.spec("status-unreadable")
@each_invalid
def test_what_is_no_document_counts_as_yanked(case: dict[str, Any]) -> None:
    status = read_status(case["document"].encode("utf-8", errors="surrogatepass"))

    assert status.is_yanked
    assert status.is_unreadable
    assert status.deprecated is None


@pytest.mark.spec("status-unreadable")
def test_a_ref_to_something_else_counts_as_yanked() -> None:
    assert read_status(None).is_yanked
    assert read_status(b"\xff" * 10).is_unreadable
    assert read_status(b" " * 100_000).is_unreadable


@pytest.mark.spec("status-ref")
def test_a_status_has_a_ref_of_its_own_that_names_no_version() -> None:
    label, version = Label("zlib"), Version.parse("1.3.1-rc.1")

    name = status_ref(label, version)

    assert name == "refs/ekala/status/zlib/1.3.1-rc.1"
    assert parse_status_ref(name) == (label, version)
    assert parse_atom_ref(name) is None
