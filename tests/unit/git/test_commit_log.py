"""What source commits say of themselves, whoever wrote them; which of them touched a directory."""

from __future__ import annotations

import pytest

from eka.atom import AtomCommit, CommitFormat, Label, ObjectId, TreeEntry, Version
from eka.git import directory_of, read_note, touching
from tests.fakes.objects import FakeHistory, FakeObjects

OID = ObjectId("1" * 40)
DIRECTORY, FILE = "40000", "100644"


def body(author: str, message: str, *, header: str = "") -> bytes:
    return f"tree {OID.hex}\nauthor {author}\ncommitter {author}\n{header}\n{message}".encode()


def test_author_day_and_subject_are_read() -> None:
    raw = body("Ada Lovelace <ada@example.org> 1700000000 +0100", "Count\nup\n\nDetails.\n")

    note = read_note(OID, raw)

    assert (note.author, note.time_s, note.subject) == ("Ada Lovelace", 1_700_000_000, "Count up")


@pytest.mark.parametrize(
    "author",
    [
        "nobody",
        "A <a> now +0000",
        "A <a@b> 99999999999999999999999999 +0000",
        "A <a@b> 1 +0",
        "",
    ],
)
def test_an_author_that_cannot_be_read_is_left_out(author: str) -> None:
    note = read_note(OID, body(author, "work\n"))

    assert (note.author, note.time_s, note.subject) == ("", None, "work")


def test_text_is_cut_and_decoded_as_the_commit_says() -> None:
    latin = body("A <a@b> 1 +0000", "", header="encoding ISO-8859-1\n") + "Gr\u00fc\u00dfe".encode(
        "latin-1"
    )
    broken = body("A <a@b> 1 +0000", "") + b"\xff" + b"x" * 100_000

    assert read_note(OID, latin).subject == "Gr\u00fc\u00dfe"
    assert read_note(OID, broken).subject.startswith("\ufffdx")
    assert len(read_note(OID, broken).subject) <= 500


def test_a_commit_without_a_message_has_no_subject() -> None:
    assert read_note(OID, b"tree x").subject == ""


class Source:
    """A history in memory whose commits hold one file in each of some directories."""

    def __init__(self) -> None:
        self.objects = FakeObjects()

    def commit(self, files: dict[str, bytes], *parents: ObjectId) -> ObjectId:
        entries = [
            TreeEntry(
                DIRECTORY,
                name.encode(),
                self.objects.add_tree([TreeEntry(FILE, b"f", self.objects.add_blob(data))]),
            )
            for name, data in sorted(files.items())
        ]
        return self.objects.add_source(self.objects.add_tree(entries), *parents)


@pytest.mark.spec("diff-commits")
def test_a_commit_touches_what_none_of_its_parents_has() -> None:
    source = Source()
    base = source.commit({"a": b"1", "b": b"1"})
    other = source.commit({"a": b"1", "b": b"2"}, base)
    edit = source.commit({"a": b"2", "b": b"1"}, base)
    merge = source.commit({"a": b"2", "b": b"2"}, edit, other)
    evil = source.commit({"a": b"3", "b": b"2"}, merge, edit)
    history = FakeHistory(source.objects)

    notes = list(touching(history, [evil, merge, edit, other], ["a"]))

    assert [note.oid for note in notes] == [evil, edit]


@pytest.mark.spec("diff-commits")
def test_either_directory_counts_and_so_does_the_first_commit() -> None:
    source = Source()
    root = source.commit({"a": b"1"})
    moved = source.commit({"b": b"1"}, root)
    nothing = source.commit({"b": b"1", "c": b"1"}, moved)
    history = FakeHistory(source.objects)

    notes = list(touching(history, [nothing, moved, root], ["a", "b"]))

    assert [note.oid for note in notes] == [moved, root]
    assert list(touching(history, [], ["a"])) == []


def test_the_directory_of_an_atom_is_found_by_its_tree_where_no_header_says_it() -> None:
    source = Source()
    origin = source.commit({"a": b"1", "pkg": b"2"})
    tree = source.objects.add_tree([TreeEntry(FILE, b"f", source.objects.add_blob(b"2"))])
    absent = source.objects.add_tree([])

    def atom(tree: ObjectId, path: str | None) -> AtomCommit:
        form = CommitFormat.PRE1 if path is None else CommitFormat.PRE1_0
        label, version = Label("x"), Version.parse("1.0.0")
        return AtomCommit(
            format=form, tree=tree, origin=origin, label=label, version=version, path=path
        )

    assert directory_of(atom(tree, None), source.objects) == "pkg"
    assert directory_of(atom(tree, "said/so"), source.objects) == "said/so"
    assert directory_of(atom(absent, None), source.objects) is None
