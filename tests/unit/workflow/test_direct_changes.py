"""What differs between two locks in sources that are not atoms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eka.atom import AtomKey, ContentHash, Lock, LockedDirect, LockedFile, LockedTree, ObjectId
from eka.cli.changes import direct_document, direct_lines
from eka.cli.text import paint
from eka.workflow.direct_changes import DirectChange, describe_direct, diff_direct
from tests.fakes.few_locks import a_lock, key

SYSTEM = "x86_64-linux"


def pin(
    name: str, content: str, *, owner: AtomKey | None = None, version: str = ""
) -> LockedDirect:
    file = LockedFile(f"https://example.org/{content}", "", "", 1, "0" * 64, version=version)
    return LockedDirect(owner, "deb", name, SYSTEM, "0" * 64, (file,))


def with_pins(lock: Lock, *pins: LockedDirect) -> Lock:
    return replace(lock, direct=pins)


@pytest.mark.spec("changes-direct")
def test_sources_are_added_removed_or_pinned_anew() -> None:
    lock = a_lock("zlib 1.0.0")
    before = with_pins(lock, pin("gone", "a"), pin("same", "b"), pin("new", "c", version="1-1"))
    after = with_pins(lock, pin("same", "b"), pin("new", "d", version="1-2"), pin("come", "e"))

    changes = diff_direct(before, after)

    assert changes == (
        DirectChange("", "deb", "come", SYSTEM, "added"),
        DirectChange("", "deb", "gone", SYSTEM, "removed"),
        DirectChange("", "deb", "new", SYSTEM, "pinned anew", "1-1", "1-2"),
    )
    assert describe_direct(changes) == (
        "deb come is added, deb gone is removed, deb new is pinned anew"
    )
    assert diff_direct(None, None) == ()


@pytest.mark.spec("changes-direct")
def test_a_source_stays_the_same_when_its_owner_is_upgraded() -> None:
    old, new = key("zlib 1.0.0"), key("zlib 1.2.0")
    before = with_pins(a_lock("zlib 1.0.0"), pin("src", "a", owner=old))

    kept = diff_direct(before, with_pins(a_lock("zlib 1.2.0"), pin("src", "a", owner=new)))
    (changed,) = diff_direct(before, with_pins(a_lock("zlib 1.2.0"), pin("src", "b", owner=new)))
    other = diff_direct(
        before, with_pins(a_lock("zlib 2.0.0"), pin("src", "a", owner=key("zlib 2.0.0")))
    )

    assert kept == ()
    assert (changed.owner, changed.what) == ("zlib", "pinned anew")
    assert [each.what for each in other] == ["removed", "added"]


def test_trees_are_told_by_their_commits() -> None:
    tree = LockedTree(
        "https://example.org/r", ObjectId("a" * 40), ObjectId("b" * 40), ContentHash("c" * 64)
    )
    source = LockedDirect(None, "git", "src", "", "0" * 64, tree=tree)
    moved = replace(source, tree=replace(tree, rev=ObjectId("d" * 40)))
    lock = a_lock("zlib 1.0.0")

    (change,) = diff_direct(with_pins(lock, source), with_pins(lock, moved))

    assert (change.before, change.after) == ("a" * 12, "d" * 12)


def test_changes_are_shown_with_owner_and_system() -> None:
    changes = (
        DirectChange("zlib", "deb", "src", SYSTEM, "pinned anew", "1-1", "1-2"),
        DirectChange("", "url", "data", "", "added"),
    )

    lines = [paint(line, colour=False) for line in direct_lines(changes)]

    assert lines == [
        "  Pinned anew deb src 1-1 -> 1-2 (x86_64-linux of zlib)",
        "  Added url data",
    ]
    assert direct_document(changes)[1] == {
        "owner": None,
        "kind": "url",
        "name": "data",
        "system": None,
        "change": "added",
        "before": None,
        "after": None,
    }


def test_very_many_changes_are_counted() -> None:
    pins = [pin(f"p{number:02}", "a") for number in range(25)]

    changes = diff_direct(None, with_pins(a_lock("zlib 1.0.0"), *pins))

    assert describe_direct(changes).endswith("deb p19 is added and 5 more")
