"""A real git repository with a set of atoms in it, and a bare one beside it to publish to."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from eka.atom import Label
from eka.git import GitRunner, Publisher, PublishRequest, WorkRepository
from eka.git.publication import silent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from eka.git import PublishProgress, PublishReport

SET = '[set]\npackages = ["pkgs/*"]\n'


def no_pause(_: float) -> None:
    """Wait for nothing."""


class Monorepo:
    """A working repository below ``root``, with the remote ``origin`` at ``root/server.git``."""

    def __init__(self, root: Path, *, algorithm: str = "sha1", name: str = "work") -> None:
        self.root = root
        self.path = root / name
        self.server = root / "server.git"
        self.env = dict(os.environ)
        form = f"--object-format={algorithm}"
        root.mkdir(parents=True, exist_ok=True)
        if not self.server.exists():
            run(root, "init", "-q", "--bare", "-b", "main", form, str(self.server))
            # In the background it would remove packs while a test looks at them.
            run(self.server, "config", "receive.autogc", "false")
        if not self.path.exists():
            run(root, "init", "-q", "-b", "main", form, str(self.path))
            self.git("remote", "add", "origin", str(self.server))

    def git(self, *args: str, env: dict[str, str] | None = None) -> str:
        """Run git in the working tree and return what it says."""
        return run(self.path, *args, env=env)

    def write(self, path: str, text: str | bytes) -> None:
        """Write a file of the working tree."""
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode() if isinstance(text, str) else text)

    def atom(self, label: str, version: str = "1.0.0", more: str = "", *, path: str = "") -> None:
        """Write an atom: its manifest and one file."""
        directory = path or f"pkgs/{label}"
        text = f'[package]\nlabel = "{label}"\nversion = "{version}"\n{more}'
        self.write(f"{directory}/atom.toml", text)
        self.write(f"{directory}/README", f"{label}\n")

    def commit(self, message: str = "Change things") -> str:
        """Commit everything and return the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def push(self) -> None:
        """Push the branch to the remote."""
        self.git("push", "-q", "origin", "HEAD")

    def clone(self, name: str = "clone", *options: str) -> Monorepo:
        """Return another clone of the remote."""
        run(self.root, "clone", "-q", *options, self.server.as_uri(), name)
        return Monorepo(self.root, name=name)

    @property
    def repository(self) -> WorkRepository:
        """The repository, opened anew."""
        home = self.root / "home"
        home.mkdir(exist_ok=True)
        return WorkRepository.open(self.path, GitRunner("git", self.env, home))

    def publisher(
        self,
        *,
        progress: PublishProgress | None = None,
        pause: Callable[[float], None] = no_pause,
    ) -> Publisher:
        """Return a publisher that does not wait between tries."""
        return Publisher(self.repository, progress=progress or silent, pause=pause)

    def publish(self, *labels: str, **options: Any) -> PublishReport:  # noqa: ANN401 - as above
        """Publish some labels, or all."""
        chosen = tuple(map(Label, labels)) or None
        return self.publisher().publish(PublishRequest(labels=chosen, **options))

    def refs(self) -> dict[str, str]:
        """Return the refs of the working repository that eka writes."""
        return list_refs(self.path)

    def server_refs(self) -> dict[str, str]:
        """Return the refs of the remote that eka writes."""
        return list_refs(self.server)

    def files(self) -> set[str]:
        """Return every file of the working repository's git directory but eka's lock."""
        top = self.path / ".git"
        found = (path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file())
        return {path for path in found if path not in {"eka.lock", "index"}}


def pushed_set(root: Path, *labels: str, **options: Any) -> Monorepo:  # noqa: ANN401 - as above
    """Return a pushed monorepo with some atoms, nothing of it published yet."""
    mono = Monorepo(root, **options)
    mono.write("ekala.toml", SET)
    for label in labels or ("alpha", "beta"):
        mono.atom(label)
    mono.commit("Begin")
    mono.push()
    return mono


def run(where: Path, *args: str, env: dict[str, str] | None = None) -> str:
    """Run git and return its output."""
    done = subprocess.run(
        ["git", *args],
        cwd=where,
        env={**os.environ, **(env or {})},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (args, done.stderr.decode(errors="replace"))
    return done.stdout.decode(errors="surrogateescape")


def list_refs(path: Path) -> dict[str, str]:
    """Return the refs of a repository that eka writes."""
    spaces = ("refs/atoms", "refs/ekala", "refs/eka")
    lines = run(path, "for-each-ref", "--format=%(refname) %(objectname)", *spaces)
    return dict(line.split(" ") for line in lines.splitlines())
