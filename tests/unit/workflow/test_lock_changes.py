"""What differs between two locks, and how it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eka.atom import ObjectId, encode_lock
from eka.cli.changes import change_lines, changes_document
from eka.cli.text import paint
from eka.workflow.lock_changes import Change, Direction, describe, diff_locks
from tests.fakes.few_locks import SETS, a_lock

CORE, EXTRA = SETS["core"].hex, SETS["extra"].hex
KEY_A, KEY_B = f"SHA256:{'a' * 43}", f"SHA256:{'b' * 43}"


def told(
    before: tuple[str, ...], after: tuple[str, ...]
) -> list[tuple[str, str | None, str | None]]:
    """Return direction and versions of the changes between two locks."""
    changes = diff_locks(a_lock(*before), a_lock(*after))
    return [(each.direction.value, each.before, each.after) for each in changes]


def test_the_same_lock_has_no_changes() -> None:
    lock = a_lock("curl 8.0.0 > zlib 1.2.0")

    assert encode_lock(lock)
    assert diff_locks(lock, lock) == ()


def test_all_of_a_first_lock_is_added_and_all_of_a_deleted_one_removed() -> None:
    lock = a_lock("curl 8.0.0 > zlib 1.2.0")

    added, removed = diff_locks(None, lock), diff_locks(lock, None)

    assert added == (
        Change("curl", None, "8.0.0", CORE, Direction.ADDED),
        Change("zlib", None, "1.2.0", CORE, Direction.ADDED),
    )
    assert [each.direction for each in removed] == [Direction.REMOVED] * 2
    assert [each.before for each in removed] == ["8.0.0", "1.2.0"]


@pytest.mark.spec("changes-pairs")
@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        # Within a bucket, whatever else comes or goes.
        (
            ("zlib 1.2.0",),
            ("zlib 1.3.0", "zlib 2.0.0"),
            [("added", None, "2.0.0"), ("upgraded", "1.2.0", "1.3.0")],
        ),
        (
            ("zlib 1.2.0", "zlib 2.0.0"),
            ("zlib 2.1.0",),
            [("removed", "1.2.0", None), ("upgraded", "2.0.0", "2.1.0")],
        ),
        (
            ("zlib 0.1.0", "zlib 0.2.0"),
            ("zlib 0.1.1", "zlib 0.2.0"),
            [("upgraded", "0.1.0", "0.1.1")],
        ),
        # Across buckets where there is only one way to see it.
        (("zlib 1.2.0",), ("zlib 2.0.0",), [("upgraded", "1.2.0", "2.0.0")]),
        (
            ("zlib 1.2.0", "zlib 3.0.0"),
            ("zlib 1.2.0", "zlib 2.0.0"),
            [("downgraded", "3.0.0", "2.0.0")],
        ),
        (
            ("zlib 1.0.0", "zlib 2.0.0"),
            ("zlib 3.0.0", "zlib 4.0.0"),
            [
                ("added", None, "3.0.0"),
                ("added", None, "4.0.0"),
                ("removed", "1.0.0", None),
                ("removed", "2.0.0", None),
            ],
        ),
        # Another label is another atom.
        (("zlib 1.0.0",), ("lua 1.0.0",), [("added", None, "1.0.0"), ("removed", "1.0.0", None)]),
    ],
)
def test_versions_are_paired_within_their_bucket(
    before: tuple[str, ...],
    after: tuple[str, ...],
    changes: list[tuple[str, str | None, str | None]],
) -> None:
    assert told(before, after) == changes


@pytest.mark.spec("changes-direction")
@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ("1.2.0", "1.10.0", "upgraded"),
        ("1.10.0", "1.9.9", "downgraded"),
        ("1.0.0-rc.2", "1.0.0-rc.10", "upgraded"),
        ("1.0.0", "1.0.0-rc.10", "downgraded"),
    ],
)
def test_direction_follows_precedence(old: str, new: str, direction: str) -> None:
    assert told((f"zlib {old}",), (f"zlib {new}",)) == [(direction, old, new)]


@pytest.mark.spec("changes-direction")
def test_the_same_version_with_other_content_is_rebuilt() -> None:
    before, after = a_lock("zlib 1.2.0"), a_lock("zlib 1.2.0", built={"zlib 1.2.0": "other"})

    (change,) = diff_locks(before, after)

    assert change == Change("zlib", "1.2.0", "1.2.0", CORE, Direction.REBUILT)


@pytest.mark.spec("changes-direction")
def test_the_same_content_from_another_commit_is_republished() -> None:
    before = a_lock("zlib 1.2.0")
    atoms = (replace(before.atoms[0], rev=ObjectId("f" * 40)),)

    (change,) = diff_locks(before, replace(before, atoms=atoms))

    assert change.direction is Direction.REPUBLISHED


@pytest.mark.spec("changes-direction")
def test_a_set_at_another_place_moves_its_atoms() -> None:
    before = a_lock("curl 8.0.0 > zlib 1.2.0, extra/lua 5.4.0")
    after = a_lock("curl 8.0.0 > zlib 1.3.0, extra/lua 5.4.0", urls={"core": "https://new.org/r"})

    changes = diff_locks(before, after)

    assert [(each.label, each.direction.value) for each in changes] == [
        ("curl", "moved"),
        ("zlib", "upgraded"),
    ]
    assert {(each.source_before, each.source_after) for each in changes} == {
        ("https://core.org/r", "https://new.org/r")
    }


@pytest.mark.spec("changes-pairs")
def test_an_atom_that_comes_from_another_set_now_is_one_change_with_both_places() -> None:
    before = a_lock("zlib 1.2.0", "lua 5.4.0")
    after = a_lock("extra/zlib 1.3.0", "app/lua 5.4.0")

    lua, zlib = diff_locks(before, after)

    assert zlib == Change(
        "zlib",
        "1.2.0",
        "1.3.0",
        EXTRA,
        Direction.UPGRADED,
        source_before="https://core.org/r",
        source_after="https://extra.org/r",
    )
    assert (lua.direction, lua.source_after) == (Direction.REBUILT, "::")


def test_changes_do_not_depend_on_the_order_of_a_lock() -> None:
    lines = ["zlib 1.2.0", "extra/zlib 1.2.0", "lua 5.4.0", "zlib 2.0.0"]
    lock = a_lock(*lines)

    backwards = replace(lock, atoms=lock.atoms[::-1], sets=lock.sets[::-1])

    assert diff_locks(None, backwards) == diff_locks(None, lock)


def test_changes_fit_one_line_and_very_many_are_counted() -> None:
    few = diff_locks(a_lock("zlib 1.2.0", "lua 5.4.0"), a_lock("zlib 1.3.0", "curl 8.0.0"))
    many = diff_locks(None, a_lock(*(f"atom{number} 1.0.0" for number in range(30))))

    assert describe(few) == "added curl 8.0.0, removed lua 5.4.0, upgraded zlib 1.2.0 -> 1.3.0"
    assert describe(many).endswith(" and 10 more")
    assert describe(()) == ""


def test_lines_name_the_direction_and_what_is_odd() -> None:
    moved = Change("a", "1.0.0", "1.0.0", CORE, Direction.MOVED, "https://x", "https://y")
    signed = Change(
        "b", "1.0.0", "1.1.0", CORE, Direction.UPGRADED,
        signers_before=(KEY_A,), signers_after=(),
    )  # fmt: skip

    lines = [paint(line, colour=False) for line in change_lines((moved, signed))]

    assert lines == [
        "  Moved a 1.0.0 from https://x to https://y",
        "  Upgraded b 1.0.0 -> 1.1.0",
        f"      carries no signature, before signatures of {KEY_A}",
    ]


def test_many_atoms_of_one_set_move_on_one_line() -> None:
    lines = [f"atom{number} 1.0.0" for number in range(5)]
    changes = diff_locks(a_lock(*lines), a_lock(*lines, urls={"core": "https://new.org/r"}))

    (line,) = change_lines(changes)

    assert paint(line, colour=False) == (
        "  Moved 5 atoms from https://core.org/r to https://new.org/r"
    )


def test_documents_keep_their_old_keys_and_tell_sources_and_signers() -> None:
    change = Change(
        "b", "1.0.0", "1.1.0", CORE, Direction.UPGRADED, "https://x", "https://y",
        signers_before=(KEY_A,), signers_after=(KEY_A, KEY_B),
    )  # fmt: skip

    (told, plain) = changes_document((change, Change("c", None, "1.0.0", CORE)))

    assert told == {
        "label": "b",
        "set": CORE,
        "before": "1.0.0",
        "after": "1.1.0",
        "direction": "upgraded",
        "source": {"before": "https://x", "after": "https://y"},
        "signers": {"before": [KEY_A], "after": [KEY_A, KEY_B]},
    }
    assert isinstance(plain, dict)
    assert (plain["before"], plain["source"], plain["signers"]) == (None, None, None)


def test_very_many_lines_are_counted() -> None:
    changes = diff_locks(None, a_lock(*(f"atom{number} 1.0.0" for number in range(250))))

    lines = [paint(line, colour=False) for line in change_lines(changes)]

    assert len(lines) == 201
    assert lines[-1] == "  and 50 more: --json names them all"
