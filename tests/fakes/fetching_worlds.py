"""Repositories for measuring fetches: many versions, many files, many atoms."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.atom import (
    AtomCommit,
    CommitFormat,
    ContentHash,
    Label,
    ObjectId,
    Version,
    content_hash,
    object_id,
)
from eka.git.objects import PygitReader
from eka.git.pack import build_pack
from tests.bench.stage import git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.stage import Stage

_PERSON = b"A <a@example.org> 1 +0000"
_WORDS = [f"word{number}" for number in range(4000)]
_NO_HASH = ContentHash("0" * 64)


@dataclass(frozen=True, slots=True)
class AtomSize:
    """How large the atoms of a world are."""

    name: str
    files: int
    file_bytes: int


def text(seed: str, size_bytes: int) -> str:
    """Return text that compresses about as program text does."""
    chosen = random.Random(seed)
    words = chosen.choices(_WORDS, k=size_bytes // 8)
    lines = [" ".join(words[start : start + 10]) for start in range(0, len(words), 10)]
    return "\n".join(lines)[:size_bytes] + "\n"


class ManyVersions:
    """A bare repository with versions of one atom, each with its own manifest and source file."""

    def __init__(self, path: Path, number: int) -> None:
        path.parent.mkdir(parents=True)
        git(path.parent, "init", "-q", "--bare", str(path))
        self._objects: list[tuple[str, bytes]] = []
        self.commits: list[ObjectId] = []
        self.manifests: list[ObjectId] = []
        top = self._put("tree", b"")
        genesis = self._put(
            "commit",
            b"tree %b\nauthor %b\ncommitter %b\n\nx\n" % (top.hex.encode(), *[_PERSON] * 2),
        )
        for minor in range(number):
            self._version(minor, genesis)
        pack = build_pack(self._objects, "sha1")
        command = ["git", f"--git-dir={path}", "index-pack", "--stdin"]
        subprocess.run(command, input=pack, check=True, capture_output=True)
        lines = [f"{genesis.hex} refs/ekala/init", f"{genesis.hex} refs/heads/main"]
        lines += [
            f"{oid.hex} refs/atoms/zlib/1.{minor}.0" for minor, oid in enumerate(self.commits)
        ]
        lines.sort(key=lambda line: line.partition(" ")[2])
        (path / "packed-refs").write_text(
            "# pack-refs with: peeled fully-peeled sorted \n" + "\n".join(lines) + "\n"
        )

    def _version(self, minor: int, origin: ObjectId) -> None:
        manifest = self._put(
            "blob",
            f'[package]\nlabel = "zlib"\nversion = "1.{minor}.0"\n'
            f'description = "{text(f"d{minor}", 80).strip()}"\n'.encode(),
        )
        source = self._put("blob", text(f"s{minor}", 2000).encode())
        tree = self._put(
            "tree", b"100644 atom.toml\0" + manifest.raw + b"100644 main.c\0" + source.raw
        )
        commit = AtomCommit(
            format=CommitFormat.V2,
            tree=tree,
            origin=origin,
            label=Label("zlib"),
            version=Version.parse(f"1.{minor}.0"),
            path="zlib",
            manifest=manifest,
            content=_NO_HASH,
        )
        self.manifests.append(manifest)
        self.commits.append(self._put("commit", commit.encode()))

    def _put(self, kind: str, body: bytes) -> ObjectId:
        self._objects.append((kind, body))
        return object_id(kind, body, "sha1")


class LargeRepository:
    """A bare repository of many files of 4 KiB, one directory of which is a published atom."""

    def __init__(self, path: Path, files: int) -> None:
        path.parent.mkdir(parents=True)
        git(path.parent, "init", "-q", "--bare", "-b", "main", str(path))
        command = ["git", f"--git-dir={path}", "fast-import", "--quiet"]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as importer:
            assert importer.stdin is not None
            importer.stdin.write(b"commit refs/heads/main\ncommitter %b\ndata 1\nx\n" % _PERSON)
            self._write(importer.stdin.write, "pkgs/zlib/atom.toml", _MANIFEST)
            for number in range(files):
                name = (
                    f"pkgs/p{number // 20}/f{number}" if number >= 20 else f"pkgs/zlib/f{number}"
                )
                self._write(importer.stdin.write, name, text(str(number), 4096))
        origin = ObjectId(git(path, "rev-parse", "main"))
        tree = ObjectId(git(path, "rev-parse", "main:pkgs/zlib"))
        commit = AtomCommit(
            format=CommitFormat.V2,
            tree=tree,
            origin=origin,
            label=Label("zlib"),
            version=Version.parse("1.0.0"),
            path="pkgs/zlib",
            manifest=ObjectId(git(path, "rev-parse", "main:pkgs/zlib/atom.toml")),
            content=content_hash(tree, PygitReader(path)),
        )
        self.atom = commit.id()
        command = ["git", f"--git-dir={path}", "hash-object", "-w", "-t", "commit", "--stdin"]
        subprocess.run(command, input=commit.encode(), check=True, capture_output=True)
        git(path, "update-ref", "refs/atoms/zlib/1.0.0", self.atom.hex)
        git(path, "update-ref", "refs/ekala/init", origin.hex)
        git(path, "repack", "-q", "-a", "-d")

    @staticmethod
    def _write(write: object, name: str, content: str) -> None:
        assert callable(write)
        body = content.encode()
        write(b"M 644 inline %b\ndata %d\n%b\n" % (name.encode(), len(body), body))

    @staticmethod
    def project(directory: Path, url: str) -> Path:
        """Make a project that depends on the atom."""
        directory.mkdir()
        (directory / "atom.toml").write_text(
            '[package]\nlabel = "app"\nversion = "1.0.0"\n'
            f'[package.sets]\nset = "{url}"\n[deps.from.set]\nzlib = "^1"\n'
        )
        return directory


_MANIFEST = '[package]\nlabel = "zlib"\nversion = "1.0.0"\n'


def many_atoms(stage: Stage, number: int, size: AtomSize) -> None:
    """Publish atoms named ``a0``, ``a1``, … from a monorepo to the server of a stage."""
    mono = stage.home / "mono"
    for at in range(number):
        directory = mono / f"a{at}"
        (directory / "src").mkdir(parents=True)
        (directory / "atom.toml").write_text(f'[package]\nlabel = "a{at}"\nversion = "1.0.0"\n')
        for file in range(size.files - 1):
            (directory / "src" / f"f{file}").write_text(text(f"{at} {file}", size.file_bytes))
    (mono / "ekala.toml").write_text('[set]\npackages = ["a*"]\n')
    git(mono, "init", "-q", "-b", "main")
    git(mono, "add", ".")
    git(mono, "commit", "-q", "-m", "All")
    git(stage.home, "clone", "-q", "--bare", str(mono), str(stage.server))
    git(mono, "remote", "add", "origin", str(stage.server))
    stage.eka(mono, "init")
    stage.publish(mono)
