"""Repositories and a home for benchmarks of whole commands."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sysconfig
import tempfile
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import eka

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PERSON = {
    "GIT_AUTHOR_NAME": "Bench",
    "GIT_AUTHOR_EMAIL": "bench@example.org",
    "GIT_COMMITTER_NAME": "Bench",
    "GIT_COMMITTER_EMAIL": "bench@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


def _installed() -> Path:
    """Return the program ``eka`` of an installation as people have it; beside it is the other.

    The tools of development beside which this runs have hooks that each start of Python loads.
    """
    home = Path(tempfile.mkdtemp(prefix="eka-installed-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    venv.create(home)
    libraries = sysconfig.get_path("purelib", vars={"base": str(home)})
    # A file of two plain lines costs less to read than the packages would to copy.
    places = (Path(eka.__file__).parent.parent, sysconfig.get_path("purelib"))
    Path(libraries, "eka.pth").write_text("".join(f"{place}\n" for place in places))
    for name, module in (("eka", "eka.cli.main"), ("eka-store", "eka.store_cli.start")):
        program = home / "bin" / name
        program.write_text(
            f"#!{home}/bin/python\nimport sys\nfrom {module} import main\nsys.exit(main())\n"
        )
        program.chmod(0o755)
    return home / "bin/eka"


EKA = _installed()
EKA_STORE = EKA.with_name("eka-store")


def wall_s(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> float:
    """Run a command that must succeed and return the seconds it took."""
    started = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **PERSON, **(env or {})},
        input=stdin.encode(),
        capture_output=True,
        check=False,
    )
    elapsed = time.perf_counter() - started
    if done.returncode != 0:
        message = f"{' '.join(map(str, command))}: {done.stderr.decode()}"
        raise SystemExit(message)
    return elapsed


def git(where: Path, *words: str, stdin: str = "") -> str:
    """Run git and return what it says."""
    done = subprocess.run(
        ["git", *words],
        cwd=where,
        env={**os.environ, **PERSON},
        input=stdin,
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout.strip()


class Stage:
    """A scratch home, a server repository below it, and commands that run there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.server = home / "server.git"
        self.env = {
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_DATA_HOME": str(home / "data"),
        }

    def eka(self, where: Path, *words: str) -> float:
        """Run eka and return the seconds it took."""
        return wall_s([str(EKA), *words], cwd=where, env=self.env)

    def forget(self) -> None:
        """Empty eka's caches."""
        shutil.rmtree(self.home / "cache", ignore_errors=True)

    def monorepo(self, atoms: int) -> Path:
        """Make a monorepo with atoms named ``a0``, ``a1``, …, and the server's copy of it."""
        mono = self.home / "mono"
        for number in range(atoms):
            directory = mono / f"a{number}"
            (directory / "src").mkdir(parents=True)
            text = f'[package]\nlabel = "a{number}"\nversion = "1.0.0"\n'
            (directory / "atom.toml").write_text(text)
            (directory / "src" / "main").write_text(f"{number}\n" * 100)
        (mono / "ekala.toml").write_text('[set]\npackages = ["a*"]\n')
        git(mono, "init", "-q", "-b", "main")
        git(mono, "add", ".")
        git(mono, "commit", "-q", "-m", "All")
        git(self.home, "clone", "-q", "--bare", str(mono), str(self.server))
        git(mono, "remote", "add", "origin", str(self.server))
        self.eka(mono, "init")
        return mono

    def publish(self, mono: Path) -> None:
        """Publish a monorepo to the server."""
        git(mono, "config", "remote.origin.url", str(self.server))
        self.eka(mono, "publish", "--all")

    def project(self, atoms: int) -> Path:
        """Make a project that depends on all atoms of the server."""
        app = self.home / "app"
        app.mkdir()
        lines = "".join(f'a{number} = "^1"\n' for number in range(atoms))
        (app / "atom.toml").write_text(
            '[package]\nlabel = "app"\nversion = "1.0.0"\n'
            f'[package.sets]\nset = "file://{self.server}"\n[deps.from.set]\n{lines}'
        )
        self.eka(app, "lock")
        return app

    def many_refs(self, labels: int, versions: int) -> Path:
        """Make a bare repository with many packed version refs."""
        bare = self.home / "many.git"
        git(self.home, "init", "-q", "--bare", str(bare))
        tree = git(bare, "mktree")
        commit = git(bare, "commit-tree", "-m", "one", tree)
        refs = "".join(
            f"create refs/atoms/label-{label}/1.{version}.0 {commit}\n"
            for label in range(labels)
            for version in range(versions)
        )
        git(bare, "update-ref", "--stdin", stdin=refs)
        git(bare, "pack-refs", "--all")
        return bare
