"""Checks of a set that need no repository."""

from __future__ import annotations

import pytest

from eka.atom import Label, ObjectId, parse_manifest
from eka.git import SourceAtom
from eka.git.source_checks import confusable_labels, grouped
from eka.git.tree_listing import TreeItem

OID = ObjectId("0" * 40)


def source(label: str, items: int) -> SourceAtom:
    text = f'[package]\nlabel = "{label}"\nversion = "1.0.0"\n'
    return SourceAtom(
        path=label,
        tree=OID,
        manifest=parse_manifest(text.encode(), "atom.toml"),
        manifest_blob=OID,
        items=(TreeItem("100644", "blob", OID, 1, b"x"),) * items,
    )


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([5], [1]),
        ([9000] * 5, [2, 2, 1]),
        ([30_000, 1, 30_000], [1, 1, 1]),
        ([1] * 100, [100]),
    ],
)
def test_atoms_are_read_in_groups_of_bounded_size(sizes: list[int], expected: list[int]) -> None:
    atoms = [source(f"a{number}", size) for number, size in enumerate(sizes)]

    groups = list(grouped(atoms))

    assert [len(group) for group in groups] == expected
    assert [atom for group in groups for atom in group] == atoms


def files(*labels: str) -> dict[Label, str]:
    return {Label(label): f"{label}/atom.toml" for label in labels}


@pytest.mark.spec("publish-confusable")
@pytest.mark.parametrize(
    ("labels", "wanted", "expected"),
    [
        (["zlib", "lua"], ["zlib", "lua"], []),
        (["zlib", "Zlib"], ["zlib"], [("zlib", "Zlib")]),
        (["zlib", "Zlib"], ["Zlib"], [("zlib", "Zlib")]),
        (["zlib", "Zlib", "other"], ["other"], []),
        (["zlib", "ZLIB", "Zlib"], ["Zlib"], [("Zlib", "ZLIB")]),
        (["paypal", "p\u0430ypal"], ["paypal"], [("p\u0430ypal", "paypal")]),
        (["stra\u00dfe", "STRASSE"], ["STRASSE"], [("stra\u00dfe", "STRASSE")]),
    ],
)
def test_a_label_is_told_from_every_other_one(
    labels: list[str], wanted: list[str], expected: list[tuple[str, str]]
) -> None:
    problems = confusable_labels(files(*labels), map(Label, wanted))

    assert [(problem.label, problem.other) for problem in problems] == expected
    assert all(problem.code == "confusable-label" for problem in problems)
