"""A person at a terminal: runs eka in this process, in a home of their own, and reads the answer.

`Village` is a set of atoms that builds in milliseconds without any network: its toolchain is one
static program that is an atom's own tree.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eka.cli.dispatch import dispatch
from tests.schemas import check_answer

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
mkdir -p $out/bin
echo '#!/bin/sh' > $out/bin/greet
echo "echo $(cat word) \\"\\$@\\"" >> $out/bin/greet
chmod +x $out/bin/greet
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed and how it ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as a JSON document."""
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed

    @property
    def code(self) -> str:
        """The code of the error that the JSON document tells of."""
        code: str = self.document["error"]["code"]
        return code


class Person:
    """Somebody with a home directory; every file of eka's is below it."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".data"),
            "XDG_STATE_HOME": str(home / ".state"),
            **variables,
        }

    def eka(self, where: Path, *words: str) -> Answer:
        """Run a command in the directory ``where``."""
        out, err = io.StringIO(), io.StringIO()
        status = dispatch([*words, "-C", str(where)], self.environment, out, err)
        return Answer(status, out.getvalue(), err.getvalue())

    def json(self, where: Path, *words: str) -> Answer:
        """Run a command with ``--json``; what it prints must follow its schema."""
        answer = self.eka(where, *words, "--json")
        check_answer(answer.document)
        return answer

    def does(self, where: Path, *words: str) -> Answer:
        """Run a command that must succeed."""
        answer = self.eka(where, *words)
        assert answer.status == 0, answer.err or answer.out
        return answer


def git(where: Path, *words: str) -> str:
    """Run git and return what it says."""
    done = subprocess.run(["git", *words], cwd=where, check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Village:
    """A monorepo with the atoms ``shell`` and ``greet``, and the bare repository it publishes to.

    ``shell`` is its own output, a root file system of one program; ``greet`` is built with it and
    prints the word in its file ``word``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.mono = root / "mono"
        self.server = root / "server" / "pkgs.git"
        self.server.parent.mkdir(parents=True)
        git(root, "init", "-q", "--bare", "-b", "main", str(self.server))
        git(self.server, "config", "http.receivepack", "true")
        git(root, "init", "-q", "-b", "main", str(self.mono))
        git(self.mono, "remote", "add", "origin", str(self.server))
        self.write("ekala.toml", '[set]\npackages = ["*"]\n')
        self.atom("shell")
        self._busybox(self.mono / "shell")
        self.greet("hello")

    @classmethod
    def copied(cls, other: Village, root: Path) -> Village:
        """Return a village that has all another one has, and changes nothing there."""
        shutil.copytree(other.root, root, symlinks=True)
        made = cls.__new__(cls)
        made.root, made.mono, made.server = root, root / "mono", root / "server" / "pkgs.git"
        git(made.mono, "remote", "set-url", "origin", str(made.server))
        return made

    @property
    def url(self) -> str:
        """The server as a URI's source."""
        return f"file://{self.server}"

    def write(self, path: str, text: str) -> None:
        """Write a file of the monorepo."""
        target = self.mono / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def atom(self, label: str, more: str = "", *, version: str = "1.0.0") -> None:
        """Write the manifest of an atom."""
        self.write(
            f"{label}/atom.toml",
            f'[package]\nlabel = "{label}"\nversion = "{version}"\n{more}',
        )

    def greet(self, word: str, *, version: str = "1.0.0") -> None:
        """Write the atom ``greet``."""
        more = (
            '[package.sets]\nhere = "::"\n[deps.from.here]\nshell = "^1"\n'
            f"[build]\nrootfs = \"shell\"\nscript = '''{SCRIPT}'''\n"
        )
        self.atom("greet", more, version=version)
        self.write("greet/word", f"{word}\n")

    def commit(self, message: str = "Change things") -> str:
        """Commit everything and return the commit's id."""
        git(self.mono, "add", "-A")
        git(self.mono, "commit", "-q", "-m", message)
        return git(self.mono, "rev-parse", "HEAD")

    def publish(self, person: Person) -> None:
        """Lock, commit and publish all atoms as they are now."""
        self.commit()
        person.does(self.mono, "init")
        person.does(self.mono, "lock")
        git(self.mono, "add", "-A")
        git(self.mono, "commit", "-q", "--allow-empty", "-m", "Lock")
        person.does(self.mono, "publish", "--all", "--push-source")

    def release(self, person: Person, *labels: str) -> None:
        """Lock, commit and publish some atoms as they are now."""
        self.commit()
        person.does(self.mono, "lock")
        git(self.mono, "add", "-A")
        git(self.mono, "commit", "-q", "--allow-empty", "-m", "Lock")
        person.does(self.mono, "publish", "--push-source", *labels)

    @staticmethod
    def _busybox(directory: Path) -> None:
        program = shutil.which("busybox")
        assert program is not None, "the tests need busybox-static"
        (directory / "bin").mkdir(parents=True)
        shutil.copy(program, directory / "bin" / "busybox")
        for name in ("sh", "mkdir", "echo", "cat", "chmod", "cp", "sleep"):
            (directory / "bin" / name).symlink_to("busybox")
