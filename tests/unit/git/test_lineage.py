"""Descendants are told from a listing of commits and their parents."""

from __future__ import annotations

from eka.git.lineage import walk


def test_a_commit_descends_from_an_ancestor_of_any_of_its_parents() -> None:
    lines = [b"root", b"other", b"child root", b"merge other child", b"stranger other", b""]

    assert walk(b"root", lines) == {b"root", b"child", b"merge"}


def test_a_commit_descends_from_itself_alone_where_nothing_else_is_known() -> None:
    assert walk(b"root", [b"a", b"b a"]) == {b"root"}
