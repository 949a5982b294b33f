"""Trees of locks as lines, JSON and graphs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eka.atom import Aliases, Lock, LockedDirect, LockedFile, parse_manifest
from eka.cli.commands import tree as command
from eka.cli.graphs import Drawing, dot
from eka.cli.lock_nodes import LockNodes
from eka.cli.text import paint
from eka.workflow.local import LocalAtoms
from eka.workflow.locked_here import LockedProject
from eka.workflow.project import Project
from eka.workflow.tree import TreeOptions, tree_of
from tests.fakes.few_locks import SETS, a_lock, key
from tests.schemas import check_answer

if TYPE_CHECKING:
    import pytest

TEXT = (
    '[package]\nlabel = "top"\nversion = "1.0.0"\n[package.sets]\ncore = "https://core.org/r"\n'
    'here = "::"\n[deps.from.core]\na = "*"\n[deps.dev.from.core]\nb = "*"\n'
)
PLACE = Path("/place/top")


def nodes(lock: Lock, options: TreeOptions | None = None, *invert: str) -> LockNodes:
    manifest = parse_manifest(TEXT.encode(), "atom.toml")
    locked = LockedProject(Project(PLACE, Aliases({})), manifest, lock, LocalAtoms())
    tree = tree_of(
        locked, options or TreeOptions(invert=invert), (), [key(each) for each in invert]
    )
    return LockNodes(tree, PLACE.parent, locked.genesis)


def told(made: LockNodes, depth: int | None = None) -> Any:  # noqa: ANN401 - JSON
    return made.document(depth)


def lines(made: LockNodes, **options: bool) -> list[str]:
    return [paint(line, colour=False) for line in command.tree_lines([made], **options)]


def pin(owner: str | None, name: str, *systems: str, files: int = 1) -> list[LockedDirect]:
    found = tuple(
        LockedFile(f"https://example.org/{name}{number}", "", "", 1, "0" * 64)
        for number in range(files)
    )
    whose = key(owner) if owner else None
    return [LockedDirect(whose, "deb", name, each, "0" * 64, found) for each in systems or ("",)]


def test_direct_sources_stand_below_those_who_need_them() -> None:
    pins = (*pin("b 1.0.0", "libc6", "x86_64-linux", "aarch64-linux", files=2), *pin(None, "data"))
    lock = replace(a_lock("project > a 1.0.0", "a 1.0.0 > b 1.0.0"), direct=pins)

    made = nodes(lock, TreeOptions(direct=True))
    drawing = Drawing()
    made.draw(drawing, None)

    assert lines(made) == [
        "top 1.0.0 (top)",
        "├── a 1.0.0 from core",
        "│   └── b 1.0.0",
        "│       └── deb libc6 [aarch64-linux x86_64-linux], 4 files",
        "└── deb data, 1 file",
    ]
    assert lines(nodes(lock))[1:] == ["└── a 1.0.0 from core", "    └── b 1.0.0"]
    assert sum("libc6" in line for line in dot(drawing)) == 1


def test_the_json_document_follows_its_schema_and_names_direct_sources() -> None:
    lock = replace(a_lock("a 1.0.0 > b 1.0.0"), direct=tuple(pin("b 1.0.0", "libc6")))

    document = told(nodes(lock, TreeOptions(direct=True)))
    near = told(nodes(lock, TreeOptions(direct=True)), 1)

    for each in (document, near):
        check_answer({"schema": "eka.tree/1", "projects": [each]})
    assert [each["owner"] for each in document["direct"]] == [key("b 1.0.0").text]
    assert (len(document["atoms"]), len(near["atoms"]), near["direct"]) == (3, 2, [])


def test_sets_are_named_where_they_change() -> None:
    lock = a_lock("project > a 1.0.0, app/mine 1.0.0", "a 1.0.0 > extra/x 1.0.0",
                  "extra/x 1.0.0 > extra/y 1.0.0", "app/mine 1.0.0 > b 1.0.0")  # fmt: skip

    assert lines(nodes(lock)) == [
        "top 1.0.0 (top)",
        "├── a 1.0.0 from core",
        "│   └── x 1.0.0 from https://extra.org/r",
        "│       └── y 1.0.0",
        "└── mine 1.0.0",
        "    └── b 1.0.0 from core",
    ]


def test_what_is_needed_for_development_alone_is_told() -> None:
    lock = a_lock("project > a 1.0.0, b 1.0.0", "b 1.0.0 > c 1.0.0, d 1.0.0", "a 1.0.0 > d 1.0.0")

    document = told(nodes(lock))

    assert {each["label"] for each in document["atoms"] if each["dev"]} == {"b", "c"}
    assert "└── b 1.0.0 from core (dev)" in lines(nodes(lock))
    assert lines(nodes(lock, None, "b 1.0.0"))[-1] == "└── top 1.0.0 (top) (dev)"


def test_patched_atoms_are_marked() -> None:
    lock = a_lock("project > a 1.0.0")
    patched = replace(lock.atoms[0], tree=None, content=None, rev=None, patched=True)

    assert lines(nodes(replace(lock, atoms=(patched,))))[1] == "└── a 1.0.0 from core (patched)"


def test_a_tree_with_very_many_lines_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "MOST_LINES", 50)
    wide = a_lock(*(f"n{rung} 1.0.0 > l{rung} 1.0.0, r{rung} 1.0.0" for rung in range(30)),
                  *(f"{side}{rung} 1.0.0 > n{rung + 1} 1.0.0" for rung in range(30)
                    for side in "lr"))  # fmt: skip

    shown = lines(nodes(wide), is_deduped=False)

    assert len(shown) == 50
    assert shown[-1] == "cut after 50 lines: give --depth, or no --no-dedupe"


def test_genesis_of_the_project_is_that_of_its_own_set() -> None:
    made = nodes(a_lock("project > app/mine 1.0.0"))
    drawing = Drawing()
    made.draw(drawing, None)

    assert ("top", "1.0.0", SETS["app"].hex) in drawing.boxes


def test_a_graph_of_some_levels_has_no_arrow_beyond_them() -> None:
    drawing = Drawing()

    nodes(a_lock("project > a 1.0.0", "a 1.0.0 > b 1.0.0")).draw(drawing, 1)

    assert [box[0] for box in drawing.boxes] == ["top", "a"]
    assert len(drawing.arrows) == 1
