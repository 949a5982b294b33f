"""Choosing versions: what the scenarios do not say."""

from __future__ import annotations

import pytest

from eka.resolve import NoMatchingVersion, NoSuchPackage
from tests.fakes.versions import key, request, resolve, world


def test_two_lines_on_one_atom_are_one_edge() -> None:
    atoms = world({"a 1.0.0": ["lib ^1", "lib >=1.0.0, <1.2"], "lib 1.1.0": [], "lib 1.2.0": []})

    solution = resolve(atoms, ["a *"])

    assert solution.edges[request("a 1.0.0")] == (request("lib 1.1.0"),)
    assert solution.root == (request("a 1.0.0"),)


def test_a_solution_names_the_bucket_of_each_version() -> None:
    atoms = world({"a 0.3.1": [], "a 1.4.0": [], "a 2.0.0": []})

    solution = resolve(atoms, ["a ^0.3", "a ^2"])
    alone = resolve(atoms, ["a *"], single=["a"])

    assert {bucket: version.text for (_, bucket), version in solution.selected.items()} == {
        "0.3": "0.3.1",
        "2": "2.0.0",
    }
    assert list(alone.selected) == [(key("a"), "*")]


def test_errors_of_single_lines_keep_their_line() -> None:
    atoms = world({"a 1.0.0": []})

    with pytest.raises(NoSuchPackage) as missing:
        resolve(atoms, ["a ^1", "nothing ^1"])
    with pytest.raises(NoMatchingVersion) as unmet:
        resolve(atoms, ["a ^2"])

    assert missing.value.where == "atom.toml:2"
    assert missing.value.wanted.key == key("nothing")
    assert missing.value.span is not None
    assert unmet.value.newest == "1.0.0"
