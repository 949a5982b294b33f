"""What an atom's tree may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.atom import TreeEntry, TreePolicyViolation, TreeSummary, check_tree
from eka.errors import EkaError, Exit, Problems
from tests.fakes.trees import FakeTrees

if TYPE_CHECKING:
    from eka.atom import ObjectId

POINTER = b"""\
version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
"""


def problems_of(trees: FakeTrees, root: ObjectId) -> list[EkaError]:
    """Return all problems of a tree, none when it is sound."""
    try:
        check_tree(root, trees)
    except Problems as several:
        return list(several.problems)
    except TreePolicyViolation as one:
        return [one]
    return []


def paths_of(trees: FakeTrees, root: ObjectId) -> list[str]:
    """Return the paths with a problem, in order."""
    return [problem.where for problem in problems_of(trees, root)]


def test_a_sound_tree_is_summed_up() -> None:
    trees = FakeTrees()
    root = trees.add_files({"atom.toml": b"12345", "src/a/b.c": b"12", "run*": b"1", "l": "src"})

    summary = check_tree(root, trees)

    assert summary == TreeSummary(entries=6, size_bytes=11, depth=3)


def test_an_empty_tree_is_sound() -> None:
    trees = FakeTrees()

    assert check_tree(trees.add_tree([]), trees) == TreeSummary(0, 0, 0)


@pytest.mark.spec("tree-modes")
@pytest.mark.parametrize("mode", ["100664", "100777", "104755", "040000", "100000", "0", "", "x"])
def test_any_other_mode_is_refused(mode: str) -> None:
    trees = FakeTrees()
    root = trees.add_tree([TreeEntry(mode, b"odd", trees.add_blob(b""))])

    (problem,) = problems_of(trees, root)

    assert problem.code == "tree-policy"
    assert problem.exit_status == Exit.INTEGRITY
    assert problem.where == "odd"
    assert repr(mode) in problem.why


@pytest.mark.spec("tree-gitlink")
def test_a_submodule_is_refused_with_what_to_do() -> None:
    trees = FakeTrees()
    link = TreeEntry("160000", b"vendored", trees.add_blob(b""))
    root = trees.add_tree([trees.folder(b"third", [link])])

    (problem,) = problems_of(trees, root)

    assert problem.where == "third/vendored"
    assert "submodule" in problem.why
    assert problem.fix


@pytest.mark.spec("tree-name-dot-git")
@pytest.mark.parametrize(
    "name",
    [
        *(".git", ".GIT", ".Git", ".gIt", "git~1", "GIT~1", "git~2", "git~10"),
        *(".git.", ".git ", ".git. .", ".git...", "git~1 .", ".GIT. "),
        *(".git::$INDEX_ALLOCATION", ".git:x", ".git :x", "git~1:x:$DATA", ".git.:x"),
        *(".g\u200cit", "\u200d.git", ".git\ufeff", ".\u202eg\u206ait", ".G\u200fIT."),
        *("\uff0egit", ".\uff27\uff29\uff34", ".gi\u24e3"),
    ],
)
def test_git_s_own_directory_is_refused_in_every_disguise(name: str) -> None:
    trees = FakeTrees()
    root = trees.add_tree([trees.folder(b"sub", [trees.file(name.encode())])])

    (problem,) = problems_of(trees, root)

    assert ".git" in problem.why


@pytest.mark.spec("tree-name-dot-git")
@pytest.mark.parametrize(
    "name",
    [".gitignore", ".gitattributes", ".github", "git", "x.git", ".gi", "git~", "git~x", ":"],
)
def test_names_that_only_remind_of_it_are_accepted(name: str) -> None:
    trees = FakeTrees()
    root = trees.add_tree([trees.file(name.encode())])

    assert problems_of(trees, root) == []


@pytest.mark.spec("tree-name-form")
@pytest.mark.parametrize(
    "name",
    [
        b"",
        b".",
        b"..",
        b"a/b",
        b"/",
        b"../x",
        b"a\0b",
        b"a\\b",
        b"..\\x",
        b"x" * 256,
        b"\xc3\xa9" * 128,
    ],
)
def test_what_is_no_name_is_refused(name: bytes) -> None:
    trees = FakeTrees()
    root = trees.add_tree([trees.file(name)])

    assert len(problems_of(trees, root)) == 1


@pytest.mark.spec("tree-name-form")
@pytest.mark.parametrize("name", [b"x" * 255, b"...", b"..a", b"-rf", b" ", b"~", b"*", b"CON"])
def test_odd_names_that_mean_one_thing_are_accepted(name: bytes) -> None:
    trees = FakeTrees()
    root = trees.add_tree([trees.file(name)])

    assert problems_of(trees, root) == []


@pytest.mark.spec("tree-name-text")
@pytest.mark.parametrize(
    "name",
    [
        *(b"a\nb", b"\x1b[31m", b"a\x7f", b"\t", b"a\rb", "a\x85".encode(), "\x9b".encode()),
        *(b"\xff", b"a\xc3", b"\xc0\xaegit", b"\xed\xa0\x80"),
    ],
)
def test_control_characters_and_foreign_encodings_are_refused(name: bytes) -> None:
    trees = FakeTrees()
    root = trees.add_tree([trees.file(name)])

    (problem,) = problems_of(trees, root)

    assert problem.where.isprintable()


@pytest.mark.spec("tree-report")
def test_a_path_cannot_command_a_terminal() -> None:
    trees = FakeTrees()
    root = trees.add_tree([trees.file("\x1b]0;x\x07\u202eabc\ufeff".encode())])

    (problem,) = problems_of(trees, root)

    assert problem.where == "\\u{1b}]0;x\\u{7}\\u{202e}abc\\u{feff}"


@pytest.mark.spec("tree-name-unique")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("README", "readme"),
        ("Straße", "STRASSE"),
        ("é", "e\u0301"),
        ("É", "e\u0301"),
        ("\u212a", "k"),
        ("ΣΑΣ", "σας"),
        ("\u1e9b\u0323", "\u1e69"),
    ],
)
def test_names_that_some_file_system_takes_for_one_are_refused(first: str, second: str) -> None:
    trees = FakeTrees()
    root = trees.add_sorted_tree([trees.file(first.encode()), trees.file(second.encode())])

    (problem,) = problems_of(trees, root)

    assert "same name" in problem.why


@pytest.mark.spec("tree-name-unique")
def test_a_name_that_stands_twice_is_refused() -> None:
    trees = FakeTrees()
    twice = trees.file(b"a")
    root = trees.add_tree([twice, twice])

    (problem,) = problems_of(trees, root)

    assert "twice" in problem.why


@pytest.mark.spec("tree-name-unique")
def test_a_file_and_a_directory_of_one_name_are_refused() -> None:
    trees = FakeTrees()
    root = trees.add_sorted_tree([trees.file(b"a"), trees.file(b"a.c"), trees.folder(b"a", [])])

    (problem,) = problems_of(trees, root)

    assert problem.where == "a"


def test_equal_names_in_different_directories_are_sound() -> None:
    trees = FakeTrees()

    assert problems_of(trees, trees.add_files({"a/x": b"", "b/X": b"", "x": b""})) == []


@pytest.mark.spec("tree-order")
def test_a_tree_out_of_order_is_refused() -> None:
    trees = FakeTrees()
    root = trees.add_tree([trees.file(b"b"), trees.file(b"a")])
    folder = trees.add_tree([trees.folder(b"a", []), trees.file(b"a.c")])

    assert paths_of(trees, root) == ["a"]
    assert paths_of(trees, folder) == ["a.c"]


@pytest.mark.spec("tree-path-length")
def test_a_path_of_more_than_1024_bytes_is_refused() -> None:
    trees = FakeTrees()
    fits, folder = "/".join(["d" * 255] * 4), "/".join(["d" * 200] * 5)

    assert problems_of(trees, trees.add_files({fits: b""})) == []
    assert len(problems_of(trees, trees.add_files({folder + "/" + "x" * 19: b""}))) == 0
    assert len(problems_of(trees, trees.add_files({folder + "/" + "x" * 20: b""}))) == 1


@pytest.mark.spec("tree-lfs")
def test_a_pointer_of_git_lfs_is_refused_at_each_of_its_places() -> None:
    trees = FakeTrees()
    root = trees.add_files({"a.bin": POINTER, "b/c.bin": POINTER})

    problems = problems_of(trees, root)

    assert [problem.where for problem in problems] == ["a.bin", "b/c.bin"]
    assert "LFS" in problems[0].why
    assert "deps.direct.url" in problems[0].fix


@pytest.mark.spec("tree-lfs", "tree-cost")
@pytest.mark.parametrize(
    ("data", "reads"),
    [(b"version", 0), (POINTER[1:], 1), (POINTER + b"x" * 1024, 0), (b"x" * 1023, 1), (b"", 0)],
)
def test_only_a_blob_of_a_pointer_s_size_is_read(data: bytes, reads: int) -> None:
    trees = FakeTrees()
    root = trees.add_files({"a": data, "b": data})

    check_tree(root, trees)

    assert len(trees.blobs_read) == reads


@pytest.mark.spec("tree-manifest-size")
def test_only_the_manifest_at_the_root_is_held_to_its_size() -> None:
    trees = FakeTrees()
    large = TreeEntry("100644", b"atom.toml", trees.add_blob_of_size(256 * 1024 + 1))
    fits = TreeEntry("100644", b"atom.toml", trees.add_blob_of_size(256 * 1024))

    assert paths_of(trees, trees.add_tree([large])) == ["atom.toml"]
    assert paths_of(trees, trees.add_tree([fits])) == []
    assert paths_of(trees, trees.add_tree([trees.folder(b"d", [large])])) == []


@pytest.mark.spec("tree-report")
def test_all_problems_are_reported_at_once_in_the_order_of_paths() -> None:
    trees = FakeTrees()
    deep = trees.folder(b"deep", [trees.file(b"back\\slash"), trees.link(b"out", b"../../x")])
    root = trees.add_sorted_tree([
        deep, trees.file(b".git"), trees.file(b"A"), trees.file(b"a"), trees.link(b"l", b"/etc")
    ])  # fmt: skip

    problems = problems_of(trees, root)

    assert [problem.where for problem in problems] == [
        *(".git", "a", "deep/back\\slash", "deep/out", "l"),
    ]
    assert all(problem.why and problem.fix for problem in problems)


@pytest.mark.spec("tree-report")
def test_fifty_problems_are_enough() -> None:
    trees = FakeTrees()
    bad = [trees.file(b"%03d\n" % number) for number in range(200)]
    folders = [trees.folder(b"d%d" % number, bad) for number in range(10)]
    root = trees.add_sorted_tree([*folders, trees.link(b"z", b"/")])

    assert len(problems_of(trees, root)) == 50
    assert len(trees.trees_read) < 20


def test_what_is_inside_a_refused_directory_is_not_reported_besides() -> None:
    trees = FakeTrees()
    root = trees.add_files({".git/hooks/bad\n": b"", ".git/config": b""})

    assert paths_of(trees, root) == [".git"]
