"""Somebody asks why an atom is locked."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.fakes.closure import HERE, Closure
from tests.story import Person, git

if TYPE_CHECKING:
    from pathlib import Path

EXIT_NOT_FOUND = 3
RUNGS = 6


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Closure:
    return Closure(tmp_path_factory.mktemp("closure"))


@pytest.mark.spec("why-ways")
@pytest.mark.spec("why-lines")
def test_each_line_that_leads_to_an_atom_is_followed(locked: Closure) -> None:
    lines = locked.person.does(locked.app, "why", "zlib@1", "probe").out.splitlines()

    assert lines == [
        "zlib 1.2.0 from core",
        "  app 0.1.0   needs zlib ~1.2  atom.toml:10",
        "",
        "  app 0.1.0   needs curl ^8    atom.toml:8",
        "  curl 8.0.0  needs zlib ^1    curl@8.0.0/atom.toml:8",
        "",
        "probe 1.0.0 from core",
        "  app 0.1.0  needs probe ^1 for development  atom.toml:14",
    ]


@pytest.mark.spec("read-names")
def test_what_is_not_locked_is_not_explained(locked: Closure) -> None:
    answer = locked.person.json(locked.app, "why", "zlip")

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "atom-not-locked")
    assert "zlib" in answer.document["error"]["fix"]


@pytest.mark.spec("why-lines")
def test_manifests_are_fetched_unless_that_is_forbidden(locked: Closure, tmp_path: Path) -> None:
    closure = Closure.copied(locked, tmp_path)
    shutil.rmtree(closure.person.home / ".cache")

    offline = closure.person.json(closure.app, "why", "ssl", "--offline")
    fetched = closure.person.json(closure.app, "why", "ssl")
    again = closure.person.json(closure.app, "why", "ssl", "--offline")

    (way,) = offline.document["atoms"][0]["ways"]
    assert offline.status == 0
    assert way[0]["lines"][0]["requirement"] == "^8"
    assert (way[1]["lines"], "curl 8.0.0" in way[1]["unknown"]) == ([], True)
    assert fetched.document["atoms"][0]["ways"][0][1]["lines"][0]["requirement"] == "^3"
    assert again.document == fetched.document


@pytest.mark.spec("tree-marks")
@pytest.mark.spec("why-lines")
def test_an_atom_in_a_directory_is_read_from_there(locked: Closure, tmp_path: Path) -> None:
    closure = Closure.copied(locked, tmp_path)
    before = (closure.app / "atom.lock").read_bytes()
    (tmp_path / "before.lock").write_bytes(before)
    (tmp_path / "lua").mkdir()
    (tmp_path / "lua/atom.toml").write_text('[package]\nlabel = "lua"\nversion = "5.4.0"\n')
    closure.manifest(closure.text + '[patch.extra]\nlua = { path = "../lua" }\n')
    closure.person.does(closure.app, "lock")

    tree = closure.person.does(closure.app, "tree").out
    why = closure.person.json(closure.app, "why", "lua", "--offline")
    outdated = closure.person.json(closure.app, "outdated", "--all")
    diff = closure.person.does(closure.app, "diff", "--lock", "../before.lock").out

    assert "├── lua 5.4.0 from extra (patched)" in tree
    assert why.document["atoms"][0]["ways"][0][0]["lines"][0]["requirement"] == "^5"
    assert "lua" not in {each["label"] for each in outdated.document["atoms"]}
    assert "Rebuilt lua 5.4.0" in diff


@pytest.fixture(scope="module")
def ladder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of which ``n0`` needs the last atom in 2 ** RUNGS ways."""
    mono = tmp_path_factory.mktemp("ladder")
    git(mono, "init", "-q", ".")
    (mono / "ekala.toml").write_text('[set]\npackages = ["*"]\n')
    needs = {f"n{RUNGS}": ""}
    for rung in range(RUNGS):
        needs[f"n{rung}"] = f'l{rung} = "^1"\nr{rung} = "^1"\n'
        needs |= {f"{side}{rung}": f'n{rung + 1} = "^1"\n' for side in "lr"}
    for label, lines in needs.items():
        (mono / label).mkdir()
        more = f"{HERE}{lines}" if lines else ""
        text = f'[package]\nlabel = "{label}"\nversion = "1.0.0"\n{more}'
        (mono / label / "atom.toml").write_text(text)
    git(mono, "add", "-A")
    git(mono, "commit", "-q", "-m", "Begin")
    return mono


@pytest.mark.spec("why-ways")
@pytest.mark.spec("read-lock")
def test_many_ways_are_counted_and_some_are_shown(ladder: Path, tmp_path: Path) -> None:
    person, last = Person(tmp_path / "home"), f"n{RUNGS}"
    person.does(ladder, "init")
    person.does(ladder, "lock")
    top = ladder / "n0"

    few = person.json(top, "why", last).document["atoms"][0]
    every = person.json(top, "why", last, "--all").document["atoms"][0]
    text = person.does(top, "why", last).out
    whole = person.json(ladder, "why", last).document["atoms"]

    assert (few["total"], len(few["ways"])) == (2**RUNGS, 6)
    assert [way[0]["needs"].partition("::")[2] for way in few["ways"]] == (
        ["l0@1.0.0"] * 3 + ["r0@1.0.0"] * 3
    )
    assert len({str(way) for way in every["ways"]}) == 2**RUNGS
    assert {len(way) for way in every["ways"]} == {2 * RUNGS}
    assert "and 58 more: --all shows them" in text
    assert few["ways"][0][1]["lines"][0]["file"].endswith("l0/atom.toml")
    assert len(whole) == 3 * RUNGS
