"""A real git repository that is a set: source commits, and atoms published from them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from eka.atom import (
    AtomCommit,
    CommitFormat,
    Genesis,
    Label,
    ObjectId,
    Version,
    content_hash,
)
from eka.git.objects import PygitReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class GitSet:
    """A repository with a working tree; atoms are published with plain git commands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.genesis = Genesis(self.commit({"README": "a set\n"}))
        self.git("update-ref", "refs/ekala/init", self.genesis.hex)

    @property
    def git_dir(self) -> Path:
        """The repository itself."""
        return self.path / ".git"

    def git(self, *args: str, stdin: bytes = b"") -> str:
        """Run git here and return its output without the last line end."""
        done = subprocess.run(
            ["git", *args], cwd=self.path, input=stdin, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode(errors="surrogateescape").removesuffix("\n")

    def commit(self, files: Mapping[str, str]) -> ObjectId:
        """Write files, commit everything, return the commit."""
        for name, text in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "work")
        return self.oid("HEAD")

    def oid(self, name: str) -> ObjectId:
        """Return the object a revision names."""
        return ObjectId(self.git("rev-parse", "--verify", name))

    def write(self, kind: str, body: bytes) -> ObjectId:
        """Write an object of any bytes."""
        return ObjectId(
            self.git("hash-object", "-w", "--literally", "-t", kind, "--stdin", stdin=body)
        )

    def atom(self, label: str, version: str, path: str, files: Mapping[str, str]) -> AtomCommit:
        """Commit an atom's directory and return its atom commit, of format 2."""
        manifest = f'[package]\nlabel = "{label}"\nversion = "{version}"\n'
        everything = {"atom.toml": manifest, **files}
        origin = self.commit({f"{path}/{name}": text for name, text in everything.items()})
        tree = self.oid(f"HEAD:{path}")
        return AtomCommit(
            format=CommitFormat.V2,
            tree=tree,
            origin=origin,
            label=Label(label),
            version=Version.parse(version),
            path=path,
            manifest=self.oid(f"HEAD:{path}/atom.toml"),
            content=content_hash(tree, PygitReader(self.git_dir)),
        )

    def publish(
        self, label: str, version: str, files: Mapping[str, str] | None = None
    ) -> ObjectId:
        """Publish an atom from a new source commit; return the atom commit's id."""
        return self.point(self.atom(label, version, f"pkgs/{label}", files or {"main.c": version}))

    def point(self, commit: AtomCommit) -> ObjectId:
        """Write an atom commit and its refs; return its id."""
        rev = self.write("commit", commit.encode())
        self.git("update-ref", f"refs/atoms/{commit.label.text}/{commit.version.text}", rev.hex)
        self.git("update-ref", f"refs/ekala/origins/{commit.origin.hex}", commit.origin.hex)
        return rev
