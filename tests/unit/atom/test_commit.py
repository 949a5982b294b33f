"""The atom commit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eka.atom import (
    AtomCommit,
    CommitFormat,
    ContentHash,
    InvalidAtomCommit,
    Label,
    NotAnAtomCommit,
    ObjectId,
    Version,
    path_fault,
)
from eka.errors import Exit

TREE, ORIGIN, MANIFEST = (ObjectId(digit * 40) for digit in "123")
COMMIT = AtomCommit(
    format=CommitFormat.V2,
    tree=TREE,
    origin=ORIGIN,
    label=Label("zlib"),
    version=Version.parse("1.3.1"),
    path="pkgs/zlib",
    manifest=MANIFEST,
    content=ContentHash("4" * 64),
)
BYTES = f"""\
tree {"1" * 40}
author  <> 0 +0000
committer  <> 0 +0000
origin {"2" * 40}
path pkgs/zlib
manifest {"3" * 40}
blake3 {"4" * 64}
format 2

publish(zlib): 1.3.1""".encode()


@pytest.mark.spec(
    "commit-bytes", "commit-no-person", "commit-no-parents", "commit-no-final-newline"
)
def test_format_2_is_exactly_these_bytes() -> None:
    assert COMMIT.encode() == BYTES
    assert AtomCommit.decode(BYTES) == COMMIT


@pytest.mark.spec("commit-format-1")
def test_format_1_has_src_and_a_plain_message() -> None:
    commit = replace(COMMIT, format=CommitFormat.V1, manifest=None, content=None)

    lines = commit.encode().decode().split("\n")

    assert lines[3:] == [
        f"src {'2' * 40}",
        "path pkgs/zlib",
        "format 1",
        "",
        "zlib: 1.3.1",
    ]


@pytest.mark.spec("commit-format-pre1-0")
def test_format_pre1_0_has_origin_and_a_plain_message() -> None:
    commit = replace(COMMIT, format=CommitFormat.PRE1_0, manifest=None, content=None)

    lines = commit.encode().decode().split("\n")

    assert lines[3:] == [
        f"origin {'2' * 40}",
        "path pkgs/zlib",
        "format pre1.0",
        "",
        "zlib: 1.3.1",
    ]


@pytest.mark.spec("commit-format-pre1")
def test_format_pre1_has_origin_alone() -> None:
    commit = replace(COMMIT, format=CommitFormat.PRE1, path=None, manifest=None, content=None)

    lines = commit.encode().decode().split("\n")

    assert lines[3:] == [f"origin {'2' * 40}", "format pre1", "", "publish(zlib): 1.3.1"]


def test_a_label_of_any_script_is_written_as_utf_8() -> None:
    commit = replace(COMMIT, label=Label("ひらがな"))

    assert commit.encode().endswith("publish(ひらがな): 1.3.1".encode())
    assert AtomCommit.decode(commit.encode()) == commit


@pytest.mark.parametrize(
    ("commit_format", "left_out"),
    [
        (CommitFormat.V2, {"path"}),
        (CommitFormat.V2, {"manifest"}),
        (CommitFormat.V2, {"content"}),
        (CommitFormat.PRE1, {"manifest", "content"}),
        (CommitFormat.PRE1, {"path", "content"}),
        (CommitFormat.PRE1, {"path", "manifest"}),
        (CommitFormat.V1, {"manifest"}),
        (CommitFormat.PRE1_0, {"content"}),
    ],
)
def test_each_format_wants_its_own_headers(
    commit_format: CommitFormat, left_out: set[str]
) -> None:
    with pytest.raises(InvalidAtomCommit) as caught:
        replace(
            COMMIT,
            format=commit_format,
            path=None if "path" in left_out else COMMIT.path,
            manifest=None if "manifest" in left_out else COMMIT.manifest,
            content=None if "content" in left_out else COMMIT.content,
        )

    assert caught.value.code == "invalid-atom-commit"
    assert caught.value.exit_status == Exit.USAGE


@pytest.mark.spec("commit-one-hash")
@pytest.mark.parametrize("part", range(3))
def test_hash_functions_are_not_mixed(part: int) -> None:
    oids = [TREE, ORIGIN, MANIFEST]
    oids[part] = ObjectId("5" * 64)

    with pytest.raises(InvalidAtomCommit):
        replace(COMMIT, tree=oids[0], origin=oids[1], manifest=oids[2])


@pytest.mark.spec("commit-path")
@pytest.mark.parametrize(
    "path", [".", "a", "a/b", ".hidden", "a b", "...", "é/中", "a\\b", "a" * 4096]
)
def test_a_plain_relative_path_is_accepted(path: str) -> None:
    commit = replace(COMMIT, path=path)

    assert path_fault(path) == ""
    assert AtomCommit.decode(commit.encode()) == commit


@pytest.mark.spec("commit-path")
@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/a", "a/", "a//b", "..", "../a", "a/..", "a/../b", "./a", "a/."),
        *("a\nb", "a\tb", "a\0", "a\x7f", "é\n", "a\x85b"),
        *("e\u0301", "a\udc80", "a" * 4097, "é" * 2049),
    ],
)
def test_any_other_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidAtomCommit):
        replace(COMMIT, path=path)

    assert path_fault(path) != ""


@pytest.mark.spec("commit-canonical")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"1.3.1", b"1.3.1\n"),
        (b"publish(zlib): 1.3.1", b"publish(zlib):  1.3.1"),
        (b"publish(zlib): 1.3.1", b"zlib: 1.3.1"),
        (b"publish(zlib): 1.3.1", b"publish(zlib: 1.3.1"),
        (b"publish(zlib): 1.3.1", b"publish(zlib): 1.3"),
        (b"publish(zlib): 1.3.1", b"publish(_zlib): 1.3.1"),
        (b"publish(zlib): 1.3.1", b""),
        (b"format 2\n", b"format 3\n"),
        (b"format 2\n", b"format pre1\n"),
        (b"format 2\n", b"format 1\n"),
        (b"format 2\n", b""),
        (b"format 2\n", b"format 2\nformat 2\n"),
        (b"format 2\n", b"format 2\nextra 1\n"),
        (b"format 2\n\n", b"format 2\n"),
        (b"format 2\n\n", b"format 2\n\n\n"),
        (b"author  <>", b"author <>"),
        (b"author  <> 0", b"author A <a@b> 0"),
        (b"committer  <> 0 +0000", b"committer  <> 1 +0000"),
        (b"author  <> 0 +0000\n", b"parent " + b"6" * 40 + b"\nauthor  <> 0 +0000\n"),
        (b"tree ", b"tree  "),
        (b"tree ", b"Tree "),
        (b"2" * 40, b"2" * 39),
        (b"2" * 40, b"2" * 64),
        (b"origin ", b"src "),
        (b"path pkgs/zlib\n", b""),
        (b"path pkgs/zlib", b"path ../zlib"),
        (b"path pkgs/zlib", b"path pkgs/zlib\r"),
        (b"path pkgs/zlib\n", b"path pkgs/zlib\n continued\n"),
        (b"path pkgs/zlib", b"path \xff"),
        (b"4" * 64, b"4" * 63),
        (b"4" * 64, b"A" * 64),
        (b"zlib", b"\xef\xbb\xbfzlib"),
    ],
)
def test_whatever_would_be_written_otherwise_is_not_an_atom(old: bytes, new: bytes) -> None:
    raw = BYTES.replace(old, new)

    with pytest.raises(NotAnAtomCommit) as caught:
        AtomCommit.decode(raw)

    assert raw != BYTES
    assert caught.value.code == "not-an-atom-commit"
    assert caught.value.exit_status == Exit.INTEGRITY


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"\xff", b"tree", b"format 2", b"tree x\n\ny: z"])
def test_anything_else_is_not_an_atom(raw: bytes) -> None:
    with pytest.raises(NotAnAtomCommit):
        AtomCommit.decode(raw)


@pytest.mark.spec("commit-size")
def test_an_immense_commit_is_not_an_atom() -> None:
    raw = BYTES.replace(b"path pkgs/zlib", b"path " + b"a" * 20_000)

    with pytest.raises(NotAnAtomCommit) as caught:
        AtomCommit.decode(raw)

    assert "larger" in caught.value.why


def test_the_id_is_in_the_hash_function_of_the_tree() -> None:
    long = ObjectId("7" * 64)

    assert COMMIT.id().algorithm == "sha1"
    assert replace(COMMIT, tree=long, origin=long, manifest=long).id().algorithm == "sha256"
