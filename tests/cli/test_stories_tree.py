"""Somebody looks at what is locked, and who needs what."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.fakes.closure import Closure
from tests.story import Person, git

if TYPE_CHECKING:
    from pathlib import Path

EXIT_FAILED, EXIT_USAGE, EXIT_NOT_FOUND = 1, 2, 3


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Closure:
    """A project whose sets are gone: nothing but its files is left to read."""
    made = Closure(tmp_path_factory.mktemp("closure"))
    for each in (made.person.home, made.core.server, made.extra.server):
        shutil.rmtree(each)
    made.person.home.mkdir()
    return made


def tree(closure: Closure, *words: str) -> list[str]:
    """Return the lines that a successful ``eka tree`` prints."""
    return closure.person.does(closure.app, "tree", *words).out.splitlines()


@pytest.mark.spec("tree-offline")
@pytest.mark.spec("tree-sorted")
@pytest.mark.spec("tree-marks")
def test_the_closure_is_shown_with_nothing_but_the_lock(locked: Closure) -> None:
    assert tree(locked) == [
        "app 0.1.0 (.)",
        "├── curl 8.0.0 from core",
        "│   ├── ssl 3.0.0",
        "│   │   └── zlib 1.2.0",
        "│   └── zlib 1.2.0",
        "├── lua 5.4.0 from extra",
        "├── probe 1.0.0 from core (dev)",
        "├── tool 1.0.0 from core",
        "│   └── zlib 2.0.0",
        "└── zlib 1.2.0 from core",
    ]


@pytest.mark.spec("tree-sorted")
@pytest.mark.spec("tree-once")
def test_inverted_it_shows_who_needs_an_atom(locked: Closure) -> None:
    lines = tree(locked, "--invert", "zlib@1", "-i", "probe")

    assert lines == [
        "zlib 1.2.0 from core",
        "├── app 0.1.0 (.)",
        "├── curl 8.0.0",
        "│   └── app 0.1.0 (.)",
        "└── ssl 3.0.0",
        "    └── curl 8.0.0 (*)",
        "probe 1.0.0 from core",
        "└── app 0.1.0 (.) (dev)",
    ]


@pytest.mark.spec("tree-duplicates")
def test_duplicates_are_shown_with_those_who_need_them(locked: Closure) -> None:
    lines = tree(locked, "--duplicates")
    none = tree(locked, "--duplicates", "curl")

    assert [line for line in lines if line.startswith("zlib")] == [
        "zlib 1.2.0 from core",
        "zlib 2.0.0 from core",
    ]
    assert lines[-2:] == ["└── tool 1.0.0", "    └── app 0.1.0 (.)"]
    assert none == ["no atom is locked in several versions"]


@pytest.mark.spec("tree-once")
def test_depth_cuts_and_labels_begin_elsewhere(locked: Closure) -> None:
    cut = tree(locked, "--depth", "1")
    below = tree(locked, "curl", "--no-dedupe")
    within = tree(locked, "curl", "--invert", "core::zlib")

    assert cut[1] == "├── curl 8.0.0 from core ..."
    assert len(cut) == 6
    assert below[0] == "curl 8.0.0 from core"
    assert within[-1] == "    └── curl 8.0.0"
    assert "app 0.1.0 (.)" not in " ".join(within)


@pytest.mark.spec("read-names")
@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("zlib@1.2.0", ["1.2.0"]),
        ("zlib@>=1", ["1.2.0", "2.0.0"]),
        ("core::zlib@2", ["2.0.0"]),
        ("ZLIB", None),
        ("extra::zlib", None),
        ("::zlib", None),
        ("zlib@3", None),
        ("nowhere::zlib", None),
        ("https://::zlib", None),
    ],
)
def test_atoms_are_named_by_label_version_and_set(
    locked: Closure, name: str, version: list[str] | None
) -> None:
    answer = locked.person.json(locked.app, "tree", "--depth", "0", name)

    if version is None:
        assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "atom-not-locked")
    else:
        (project,) = answer.document["projects"]
        assert [each["version"] for each in project["atoms"]] == version


@pytest.mark.spec("read-names")
def test_who_names_what_is_not_locked_is_told_what_is_near(locked: Closure) -> None:
    mistyped = locked.person.json(locked.app, "tree", "crul")
    other = locked.person.json(locked.app, "tree", "zlib@9")
    part = locked.person.json(locked.app, "tree", "li")
    address = locked.person.json(locked.app, "tree", f"{locked.extra.url}::lua")

    assert "did you mean curl?" in mistyped.document["error"]["fix"]
    assert "zlib@1.2.0 or zlib@2.0.0" in other.document["error"]["fix"]
    assert "zlib" in part.document["error"]["fix"]
    assert address.status == 0


@pytest.mark.spec("tree-marks")
def test_json_tells_who_needs_whom(locked: Closure) -> None:
    (project,) = locked.person.json(locked.app, "tree").document["projects"]

    atoms = {each["id"]: each for each in project["atoms"]}
    root = atoms["project"]
    needs = {atoms[each["id"]]["label"]: each["dev"] for each in root["requires"]}
    assert project["roots"] == ["project"]
    assert needs == {"curl": False, "lua": False, "probe": True, "tool": False, "zlib": False}
    assert {each["label"] for each in atoms.values() if each["dev"]} == {"probe"}
    assert {each["source"] for each in atoms.values()} == {None, "core", "extra"}


@pytest.mark.spec("tree-graphs")
def test_graphs_are_the_same_each_time(locked: Closure) -> None:
    dot = tree(locked, "--format", "dot")
    chart = tree(locked, "--format", "mermaid", "--invert", "probe")

    assert tree(locked, "--format", "dot") == dot
    assert '  n7 [label="zlib 2.0.0\\nfrom core"];' in dot
    assert '  n0 -> n3 [style=dashed, label="dev"];' in dot
    assert chart == [
        "flowchart LR",
        '  n0["app 0.1.0"]',
        '  n1["probe 1.0.0<br/>from core"]',
        '  n0 -. "dev" .-> n1',
    ]


@pytest.mark.spec("read-lock")
def test_a_lock_that_is_missing_or_stale_is_refused(locked: Closure, tmp_path: Path) -> None:
    closure = Closure.copied(locked, tmp_path)
    lock = closure.app / "atom.lock"
    before = lock.read_bytes()
    closure.manifest(closure.text.replace("~1.2", "^1"))

    stale = closure.person.json(closure.app, "tree")
    after = lock.read_bytes()
    lock.unlink()
    missing = closure.person.json(closure.app, "tree")

    assert (stale.status, stale.code, after) == (EXIT_FAILED, "lock-stale", before)
    assert (missing.status, missing.code) == (EXIT_FAILED, "lock-missing")
    assert "--locked" not in missing.document["error"]["why"]


def test_two_ways_to_turn_a_tree_over_do_not_go_together(locked: Closure) -> None:
    answer = locked.person.json(locked.app, "tree", "-d", "-i", "zlib")

    assert answer.status == EXIT_USAGE


@pytest.mark.spec("read-lock")
@pytest.mark.spec("tree-graphs")
def test_in_the_root_of_a_set_all_its_atoms_are_shown(tmp_path: Path) -> None:
    person, mono = Person(tmp_path / "home"), tmp_path / "mono"
    git(tmp_path, "init", "-q", str(mono))
    (mono / "ekala.toml").write_text('[set]\npackages = ["*"]\n')
    here = '[package.sets]\nhere = "::"\n'
    for label, more in (
        ("top", f'{here}[deps.from.here]\nmid = "^1"\n[deps.dev.from.here]\nlow = "^1"\n'),
        ("mid", f'{here}[deps.from.here]\nlow = "^1"\n'),
        ("low", ""),
    ):
        text = f'[package]\nlabel = "{label}"\nversion = "1.0.0"\n{more}'
        (mono / label).mkdir()
        (mono / label / "atom.toml").write_text(text)
    git(mono, "add", "-A")
    git(mono, "commit", "-q", "-m", "Begin")
    person.does(mono, "init")
    person.does(mono, "lock")
    git(mono, "update-ref", "-d", "refs/ekala/init")  # as in a clone that nobody can ask for it

    lines = person.does(mono, "tree").out.splitlines()
    dot = person.does(mono, "tree", "--format", "dot").out
    named = person.does(mono, "tree", "--depth=0", "mid", "::low", "here::low").out.splitlines()
    within = person.does(mono, "tree", "top", "--invert", "low").out.splitlines()
    (mono / "mid/atom.lock").unlink()
    unlocked = person.json(mono, "tree")

    assert lines == [
        "low 1.0.0 (low)",
        "",
        "mid 1.0.0 (mid)",
        "└── low 1.0.0",
        "",
        "top 1.0.0 (top)",
        "├── low 1.0.0 (dev)",
        "└── mid 1.0.0",
        "    └── low 1.0.0",
    ]
    assert dot.count("label=") == 4
    assert dot.count(" -> ") == 3
    assert named == ["mid 1.0.0 (mid) ...", "low 1.0.0", "", "low 1.0.0"]
    assert within == [
        "low 1.0.0",
        "├── top 1.0.0 (top) (dev)",
        "└── mid 1.0.0",
        "    └── top 1.0.0 (top)",
    ]
    assert unlocked.code == "lock-missing"
