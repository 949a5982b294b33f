"""Real Nix in a directory of its own: nothing of the machine is read or changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS = """\
experimental-features = nix-command ca-derivations
sandbox = true
sandbox-fallback = false
build-users-group =
substitute = false
"""
KEY_NAME = "nix.example.org-1"
EXPRESSION = """
let
  tools = builtins.storePath "{tools}";
  make = name: script: derivation {{
    inherit name;
    system = builtins.currentSystem;
    builder = "${{tools}}/bin/sh";
    args = [ "-c" script ];
    PATH = "${{tools}}/bin";
  }};
in {expression}
"""


def silent(*_: object) -> None:
    """Hear of progress, and say nothing."""


@dataclass(frozen=True)
class Nix:
    """A store of Nix below ``home``, whose paths begin with /nix/store as they do everywhere."""

    home: Path

    @property
    def root(self) -> Path:
        """What stands for ``/``."""
        return self.home / "root"

    def physical(self, path: str) -> Path:
        """Return where a path of its store lies."""
        return Path(f"{self.root}{path}")

    def run(self, *words: object, **settings: str) -> subprocess.CompletedProcess[bytes]:
        """Run a program of Nix on this store; settings override those of the store."""
        return self.alone(words[0], "--store", self.root, *words[1:], **settings)

    def alone(self, *words: object, **settings: str) -> subprocess.CompletedProcess[bytes]:
        """Run a program of Nix; where its store is, the words say."""
        command = list(map(str, words))
        if command[0] == "nix":  # its options follow the command: nix copy --to
            command = _subcommand_first(command)
        environment = {**os.environ, **self._environment(settings)}
        return subprocess.run(command, env=environment, capture_output=True, check=False)

    def says(self, *words: object, **settings: str) -> str:
        """Return what a program of Nix prints; it must succeed."""
        ran = self.run(*words, **settings)
        assert ran.returncode == 0, ran.stderr.decode()
        return ran.stdout.decode().strip()

    def add_tools(self) -> str:
        """Add one static program with a name for each of its parts; return its path."""
        tools = self.home / "tools" / "bin"
        tools.mkdir(parents=True)
        found = shutil.which("busybox")
        assert found is not None
        shutil.copy(found, tools / "busybox")
        for name in ("sh", "mkdir", "ln", "cat", "chmod", "dd", "echo"):
            (tools / name).symlink_to("busybox")
        return self.says("nix-store", "--add", self.home / "tools")

    def build(self, expression: str, tools: str) -> str:
        """Build an expression, in which ``make NAME SCRIPT`` is a derivation; return its path."""
        text = EXPRESSION.format(tools=tools, expression=expression)
        return self.says("nix-build", "--no-out-link", "--expr", text)

    def keys(self) -> tuple[Path, str]:
        """Return the file of a key made by Nix, and its public half."""
        secret, public = self.home / "secret", self.home / "public"
        if not secret.exists():
            make = ("nix-store", "--generate-binary-cache-key", KEY_NAME, secret, public)
            assert self.alone(*make).returncode == 0
        return secret, public.read_text("utf-8").strip()

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        more = "".join(f"{name.replace('_', '-')} = {value}\n" for name, value in settings.items())
        return {"NIX_CONFIG": SETTINGS + more, "HOME": str(self.home), "NIX_PATH": ""}


def _subcommand_first(command: list[str]) -> list[str]:
    if command[1:2] != ["--store"]:
        return command
    verbs = [word for word in command[3:5] if not word.startswith("-")]
    words = verbs if verbs[:1] == ["store"] else verbs[:1]
    return ["nix", *words, *command[1:3], *command[3 + len(words) :]]
