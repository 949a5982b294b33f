"""Atoms of public repositories, fetched by hand: ``./run test --repositories DIR``.

Their code is never committed here, so without that option there is nothing to check.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from eka.atom import ContentHash, ObjectId, content_hash
from eka.git.objects import PygitReader
from tests.story import Person
from tests.vectors import load

if TYPE_CHECKING:
    import pytest

ATOMS: list[dict[str, str]] = load("atoms/published.json")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test per repository that was given."""
    given = metafunc.config.getoption("--repositories")
    known = sorted({atom["repo"] for atom in ATOMS})
    found = [(name, Path(given) / f"{name}.git") for name in known] if given else []
    metafunc.parametrize(("name", "path"), [pair for pair in found if pair[1].is_dir()])


def test_content_hashes_of_real_trees_are_those_recorded(name: str, path: Path) -> None:
    reader = PygitReader(path)

    for atom in ATOMS:
        if atom["repo"] == name:
            found = content_hash(ObjectId(atom["tree"]), reader)
            assert found == ContentHash(atom["content_hash_blake3"]), atom["ref"]


def test_every_atom_of_a_real_repository_verifies(name: str, path: Path, tmp_path: Path) -> None:
    person = Person(tmp_path / name.replace("/", "-"))

    answer = person.json(person.home, "verify", f"file://{path.resolve()}")

    assert answer.status == 0
    for atom in answer.document["atoms"]:
        statuses = {level["level"]: level["status"] for level in atom["levels"]}
        for level in ("content", "signature"):  # nobody claimed any in the older formats
            assert statuses.pop(level, "absent") in {"ok", "absent"}, atom
        assert set(statuses.values()) == {"ok"}, atom
