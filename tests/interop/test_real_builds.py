"""The same published atoms come out the same for everybody who builds them.

Always played with a set that builds in a moment; the long run adds real software from Debian:
a compiler as its packages, zlib and lua from their sources.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.workbench import NOBODY
from tests.servers.git_http import serve
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEMO = Path(__file__).parents[2] / "fixtures" / "demo" / "monorepo"
EKA = Path(sys.executable).with_name("eka")


@dataclass(frozen=True)
class Published:
    """A set that was published, and what to do with it."""

    folder: Path  # holds the bare repository pkgs.git
    labels: tuple[str, ...]  # to build
    words: tuple[str, ...]  # of a program in the first of them
    says: str


def village(root: Path, owner: Person) -> Published:
    """Publish the atoms that build in a moment."""
    root.mkdir()
    made = Village(root)
    made.publish(owner)
    return Published(made.server.parent, ("greet",), ("greet", "--", "you"), "hello you\n")


def monorepo(root: Path, owner: Person) -> Published:
    """Publish the monorepo of the demo: a toolchain, zlib, lua and a program."""
    mono, server = root / "mono", root / "server" / "pkgs.git"
    shutil.copytree(DEMO, mono)
    server.parent.mkdir(parents=True)
    git(root, "init", "-q", "--bare", "-b", "main", str(server))
    git(mono, "init", "-q", "-b", "main")
    git(mono, "remote", "add", "origin", str(server))
    git(mono, "add", "-A")
    git(mono, "commit", "-q", "-m", "Begin")
    for words in (["init"], ["lock"]):
        owner.does(mono, *words)
    git(mono, "add", "-A")
    git(mono, "commit", "-q", "-m", "Lock")
    owner.does(mono, "publish", "--all", "--push-source")
    program = ("lua", "--", "-e", "print(6 * 7)")
    return Published(server.parent, ("lua", "zlib", "squeeze"), program, "42\n")


SETS = (village, monorepo)


class Stranger:
    """Somebody with a home, a cache and a store of their own, maybe another user's."""

    def __init__(self, home: Path, before: tuple[str, ...]) -> None:
        self.home = home
        self.before = before
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}

    def eka(self, *words: str, where: str = "app") -> str:
        """Run a command that must succeed; returns what it prints."""
        done = subprocess.run(
            [*self.before, str(EKA), "-C", str(self.home / where), *words],
            cwd="/",
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def builds(self, url: str, labels: tuple[str, ...]) -> dict[str, Any]:
        """Depend on atoms and build them; returns what ``eka build --json`` says."""
        self.eka("new", "app", where="")
        for label in labels:
            self.eka("add", f"{url}::{label}")
        document: dict[str, Any] = json.loads(self.eka("build", *labels, "--no-link", "--json"))
        return document


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Return a directory every user may write to; pytest's own are closed to others."""
    directory = Path(tempfile.mkdtemp(prefix="eka-real-"))
    directory.chmod(0o777)
    yield directory
    subprocess.run(["chmod", "-R", "u+w", str(directory)], check=True)
    shutil.rmtree(directory)


@pytest.mark.spec("build-same")
@pytest.mark.spec("compose-deterministic")
def test_two_people_get_the_same_bytes_from_scratch(
    open_directory: Path, rounds: Callable[[int, int], int]
) -> None:
    # Who is not root has only one identity to build with; home, cache and store still differ.
    nobody = NOBODY if os.geteuid() == 0 else ()

    for number, publish in enumerate(SETS[: rounds(1, len(SETS))]):
        root = open_directory / str(number)
        root.mkdir()
        root.chmod(0o777)
        published = publish(root / "set", Person(root / "owner"))
        homes = (root / "one", root / "another" / "and" / "longer" / "place")
        people = [Stranger(homes[0], ()), Stranger(homes[1], nobody)]
        for each in people:
            subprocess.run([*each.before, "mkdir", "-p", str(each.home)], check=True)

        with serve(published.folder) as server:
            url = f"{server.url}/pkgs.git"
            first, second = (each.builds(url, published.labels) for each in people)

        assert contents(first) == contents(second)
        assert set(contents(first)) == set(published.labels)
        assert (first["cached"], second["cached"]) == (0, 0)
        assert first["built"] == second["built"] > 0
        locks = [(each.home / "app/atom.lock").read_text() for each in people]
        assert locks[0].replace(url, "") == locks[1].replace(url, "")
        assert [each.eka("run", *published.words) for each in people] == [published.says] * 2


def contents(document: dict[str, Any]) -> dict[str, str]:
    """Return the content hash of each output."""
    return {each["target"]: each["content"] for each in document["outputs"]}
