"""Atoms that no honest publisher makes, in one set: trees and commits that want to do harm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eka.atom import ContentHash, Label, ObjectId, Version
from tests.fakes.raw_git import RawRepository

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eka.atom import AtomCommit
    from tests.fakes.raw_git import Entry

FILE, PROGRAM, LINK, DIRECTORY, MODULE = b"100644", b"100755", b"120000", b"40000", b"160000"
HONEST = "honest"
BOMB_WIDTH, BOMB_DEPTH = 10, 12
DEEP = 500


def _files(*names: bytes, mode: bytes = FILE) -> Callable[[RawRepository], list[Entry]]:
    """Files of these names, in git's order."""
    return lambda raw: [(mode, name, raw.readme) for name in sorted(names)]


def _directory(name: bytes, mode: bytes = DIRECTORY) -> Callable[[RawRepository], list[Entry]]:
    """A directory that would plant a program where git looks for one."""
    return lambda raw: [(mode, name, raw.tree(raw.file("config"), (PROGRAM, b"hook", raw.readme)))]


def _link(target: bytes) -> Callable[[RawRepository], list[Entry]]:
    return lambda raw: [(LINK, b"link", raw.blob(target))]


def _link_and_directory(raw: RawRepository) -> list[Entry]:
    """What is written below the directory would land where the link leads."""
    return [
        (LINK, b"link", raw.blob(b"../../../..")),
        (DIRECTORY, b"link", raw.tree(raw.file("canary"))),
    ]


def _link_through_link(raw: RawRepository) -> list[Entry]:
    inner = raw.tree((LINK, b"up", raw.blob(b"..")))
    return [(DIRECTORY, b"d", inner), (LINK, b"link", raw.blob(b"d/up/../../canary"))]


def _file_and_directory(raw: RawRepository) -> list[Entry]:
    return [(FILE, b"x", raw.readme), (DIRECTORY, b"x", raw.tree(raw.file("y")))]


def _unsorted(raw: RawRepository) -> list[Entry]:
    return [(FILE, b"z", raw.readme), (FILE, b"b", raw.readme)]


def _missing(raw: RawRepository) -> list[Entry]:
    del raw
    return [(FILE, b"x", ObjectId("1" * 40))]


def _bomb(raw: RawRepository) -> list[Entry]:
    """A few hundred bytes that unfold to a million million files."""
    tree = raw.tree(*((FILE, b"%d" % number, raw.readme) for number in range(BOMB_WIDTH)))
    for _ in range(BOMB_DEPTH - 1):
        tree = raw.tree(*((DIRECTORY, b"%d" % number, tree) for number in range(BOMB_WIDTH)))
    return [(DIRECTORY, b"bomb", tree)]


def _deep(raw: RawRepository) -> list[Entry]:
    tree = raw.tree(raw.file("end"))
    for _ in range(DEEP):
        tree = raw.tree((DIRECTORY, b"d", tree))
    return [(DIRECTORY, b"d", tree)]


TREES: dict[str, Callable[[RawRepository], list[Entry]]] = {
    "directory ..": _directory(b".."),
    "directory .": _directory(b"."),
    "directory .git": _directory(b".git"),
    "directory .GIT": _directory(b".GIT"),
    "directory git~1": _directory(b"git~1"),
    "directory .git.": _directory(b".git."),
    "directory .git as a stream": _directory(b".git::$INDEX_ALLOCATION"),
    "directory .git for HFS": _directory(".g\u200cit".encode()),
    "name with a slash": _files(b"b/c"),
    "name that leads up": _files(b"../canary"),
    "absolute name": _files(b"/canary"),
    "empty name": _files(b""),
    "name that stands twice": _files(b"x", b"x"),
    "file and directory of one name": _file_and_directory,
    "link and directory of one name": _link_and_directory,
    "names that differ in case": _files(b"X", b"x"),
    "names that differ in normal form": _files("e\u0301".encode(), "\u00e9".encode()),
    "name with a line end": _files(b"x\norigin"),
    "name with an escape sequence": _files(b"x\x1b]0;owned\x07"),
    "name in C1 controls": _files("x\u009b31m".encode()),
    "name that is not UTF-8": _files(b"x\xff\xfe"),
    "name with a backslash": _files(b"..\\canary"),
    "name that is too long": _files(b"x" * 256),
    "absolute link": _link(b"/etc/passwd"),
    "link that leads out": _link(b"../../canary"),
    "link that leads out through another": _link_through_link,
    "link without a target": _link(b""),
    "link with a backslash": _link(b"..\\..\\canary"),
    "submodule": lambda raw: [(MODULE, b"sub", raw.genesis)],
    "mode 100777": _files(b"x", mode=b"100777"),
    "mode 104755": _files(b"x", mode=b"104755"),
    "mode with a zero before it": _directory(b"x", b"040000"),
    "device": _files(b"x", mode=b"20666"),
    "entries out of order": _unsorted,
    "file that is not there": _missing,
    "bomb": _bomb,
    "deep": _deep,
}


def _altered(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def alter(body: bytes) -> bytes:
        assert old in body
        return body.replace(old, new, 1)

    return alter


GENESIS = b"GENESIS"
COMMITS: dict[str, Callable[[bytes], bytes]] = {
    "with a parent": _altered(b"\nauthor", b"\nparent " + GENESIS + b"\nauthor"),
    "by somebody": _altered(b"author  <>", b"author Evil <evil@example.org>"),
    "of another time": _altered(b"author  <> 0", b"author  <> 1"),
    "of another zone": _altered(b"committer  <> 0 +0000", b"committer  <> 0 +0100"),
    "with one header more": _altered(b"\nformat 2", b"\nextra x\nformat 2"),
    "with one header less": _altered(b"\nformat 2", b""),
    "with a header twice": _altered(b"\nformat 2", b"\nformat 2\nformat 2"),
    "of a format to come": _altered(b"\nformat 2", b"\nformat 3"),
    "with a signature": _altered(b"\nformat 2", b"\ngpgsig x\n y\nformat 2"),
    "with a line end too much": lambda body: body + b"\n",
    "with a carriage return": _altered(b"\nformat 2", b"\r\nformat 2"),
    "with a path that leads out": _altered(b"\npath ", b"\npath ../"),
    "with an absolute path": _altered(b"\npath ", b"\npath /"),
    "with an escape sequence as path": _altered(b"\npath ", b"\npath \x1b[31m"),
    "with a path that ends the header": _altered(b"\npath ", b"\npath x\norigin 0\npath "),
    "with more in its message": lambda body: body + b"\n\nSigned-off-by: Evil",
    "with an escape sequence in its message": _altered(b"publish(", b"publish(\x1b[31m"),
    "without a message": lambda body: body[: body.index(b"\n\n") + 2],
    "that is empty": lambda _: b"",
}


def _lie_manifest(commit: AtomCommit) -> AtomCommit:
    return replace(commit, manifest=ObjectId("2" * 40))


def _lie_content(commit: AtomCommit) -> AtomCommit:
    return replace(commit, content=ContentHash("2" * 64))


def _lie_label(commit: AtomCommit) -> AtomCommit:
    return replace(commit, label=Label("another"))


def _lie_version(commit: AtomCommit) -> AtomCommit:
    return replace(commit, version=Version.parse("9.9.9"))


# Sound commits that do not say what is.
LIES: dict[str, Callable[[AtomCommit], AtomCommit]] = {
    "about its manifest": _lie_manifest,
    "about its content": _lie_content,
    "about its label": _lie_label,
    "about its version": _lie_version,
}


@dataclass(frozen=True, slots=True)
class HostileSet:
    """A set that holds every case as an atom, and one honest atom."""

    raw: RawRepository
    labels: dict[str, str]  # case -> label
    commits: dict[str, AtomCommit]  # case -> what its commit claims
    revs: dict[str, ObjectId]

    @property
    def url(self) -> str:
        """The set as a URI's source."""
        return f"file://{self.raw.path}"

    def uri(self, case: str) -> str:
        """The URI of a case's atom."""
        return f"{self.url}::{self.labels[case]}"


def hostile_set(path: Path) -> HostileSet:
    """Make the set; takes well under a second."""
    raw = RawRepository(path)
    made = HostileSet(raw, {}, {}, {})

    def publish(case: str, commit: AtomCommit, body: bytes) -> None:
        made.commits[case] = commit
        name = f"{made.labels[case]}/1.0.0"
        made.revs[case] = raw.publish_as(name, commit.origin, body)

    def label(case: str) -> str:
        made.labels[case] = f"a{len(made.labels)}" if case != HONEST else HONEST
        return made.labels[case]

    honest = raw.atom(HONEST, raw.manifest(label(HONEST)), raw.file("word"))
    publish(HONEST, honest, honest.encode())
    for case, entries in TREES.items():
        name = label(case)
        commit = raw.atom(name, raw.manifest(name), *entries(raw))
        publish(case, commit, commit.encode())
    for case, alter in COMMITS.items():
        name = label(case)
        commit = raw.atom(name, raw.manifest(name))
        body = alter(commit.encode()).replace(GENESIS, raw.genesis.hex.encode())
        publish(case, commit, body)
    for case, lie in LIES.items():
        name = label(case)
        commit = lie(raw.atom(name, raw.manifest(name)))
        publish(case, commit, commit.encode())
    return made
