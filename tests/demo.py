"""The main job from start to end on real input; ``./run demo`` plays it.

A monorepo of four atoms is published to a git server on loopback, a second project depends on two
of them, verifies, builds and runs them. A version is signed, a newer one released, an old one
yanked. Then the server is tampered with, and eka must notice.
Every command is echoed as a user would type it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.servers.git_http import serve

ROOT = Path(__file__).resolve().parent.parent
FIXTURE = ROOT / "fixtures" / "demo"
BIN = Path(sys.executable).parent
INTEGRITY = 5


class Stage:
    """A scratch home in which commands run as a newcomer's would."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.started = time.monotonic()
        self.env = {
            "HOME": str(home),
            "PATH": f"{BIN}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "GIT_AUTHOR_NAME": "Demo",
            "GIT_AUTHOR_EMAIL": "demo@example.org",
            "GIT_COMMITTER_NAME": "Demo",
            "GIT_COMMITTER_EMAIL": "demo@example.org",
        }
        for name in ("http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def say(self, text: str) -> None:
        """Announce the next part."""
        print(f"\n== [{time.monotonic() - self.started:4.0f} s] {text}", flush=True)

    def run(self, where: Path, *command: str, expect: int = 0) -> str:
        """Echo and run a command; its standard output is shown and returned."""
        shown = "~" / where.relative_to(self.home) if where != self.home else Path("~")
        print(f"{shown}$ {shlex.join(command)}", flush=True)
        with subprocess.Popen(
            command, cwd=where, env=self.env, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            lines: list[str] = []
            for line in child.stdout:
                print(line, end="", flush=True)
                lines.append(line)
        if child.returncode != expect:
            message = f"demo: expected exit {expect}, got {child.returncode}"
            raise SystemExit(message)
        if expect:
            print(f"(exit {expect}, as it should be)", flush=True)
        return "".join(lines)


def publish(stage: Stage, server: Path, url: str) -> Path:
    """Make the monorepo, lock it, push it and publish its atoms."""
    stage.say("A monorepo with four atoms: a Debian toolchain, zlib, lua and a program of ours")
    mono = stage.home / "monorepo"
    shutil.copytree(FIXTURE / "monorepo", mono)
    stage.run(server, "git", "init", "-q", "--bare", "-b", "main", "pkgs.git")
    stage.run(server / "pkgs.git", "git", "config", "http.receivepack", "true")
    stage.run(mono, "git", "init", "-q", "-b", "main")
    stage.run(mono, "git", "remote", "add", "origin", f"{url}/pkgs.git")
    stage.run(mono, "git", "add", ".")
    stage.run(mono, "git", "commit", "-q", "-m", "Four atoms")
    stage.run(mono, "eka", "init")
    stage.say("Pin what the atoms need from Debian; the package closure is resolved now")
    stage.run(mono, "eka", "lock")
    stage.run(mono, "git", "add", ".")
    stage.run(mono, "git", "commit", "-q", "-m", "Lock")
    stage.say("Publish: one ref per version, all or nothing")
    stage.run(mono, "eka", "publish", "--all", "--push-source")
    stage.run(mono, "eka", "publish", "--all")
    stage.run(mono, "git", "ls-remote", "origin")
    return mono


def consume(stage: Stage, url: str) -> Path:
    """Query the server, depend on two of its atoms, lock and verify."""
    stage.say("Query versions: refs only, nothing else is transferred")
    stage.run(stage.home, "eka", "versions", f"{url}/pkgs.git::zlib")
    stage.run(stage.home, "eka", "info", f"{url}/pkgs.git::squeeze")
    stage.say("A second project depends on two of the atoms")
    app = stage.home / "app"
    stage.run(stage.home, "eka", "new", "app")
    stage.run(app, "eka", "add", f"{url}/pkgs.git::squeeze@^0.1")
    stage.run(app, "eka", "add", f"{url}/pkgs.git::lua")
    stage.run(app, "cat", "atom.toml")
    stage.run(app, "eka", "lock", "--locked")
    stage.say("Verify: recompute the bytes, find each tree in its source commit, check ancestry")
    stage.run(app, "eka", "verify")
    stage.run(app, "eka", "fetch")
    return app


def build(stage: Stage, app: Path) -> None:
    """Build the dependencies, run them, and build once more elsewhere."""
    stage.say("Build in the sandbox, then again: the second time nothing is left to do")
    stage.run(app, "eka", "build", "squeeze", "lua")
    stage.run(app, "eka", "build", "squeeze", "lua")
    stage.say("Run what was built")
    stage.run(app, "eka", "run", "lua", "--", "-e", 'print("hello from " .. _VERSION)')
    stage.run(app, "eka", "run", "squeeze", "--", "reproducible ")
    stage.say("Build everything from scratch in a second store: the same output hashes")
    first = stage.run(app, "eka", "build", "squeeze", "lua", "--json", "--no-link")
    second = stage.run(
        app, "eka", "build", "squeeze", "lua", "--json", "--no-link", "--store", "../store-2"
    )
    hashes = [re.findall(r'"content": ?"([0-9a-f]{64})"', text) for text in (first, second)]
    if not hashes[0] or hashes[0] != hashes[1]:
        message = f"demo: outputs differ: {hashes}"
        raise SystemExit(message)
    print("the same:", *sorted(set(hashes[0])), sep="\n  ", flush=True)


def maintain(stage: Stage, mono: Path, url: str, app: Path) -> None:
    """Sign a version, publish a newer one, let the other project follow, and yank the old one."""
    stage.say("Sign a version with an ssh key; whoever trusts that key sees it proved")
    key = stage.home / "key"
    stage.run(stage.home, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "key")
    stage.run(mono, "eka", "sign", "zlib", "--sign-key", str(key))
    signers = stage.home / ".config" / "eka" / "allowed_signers"
    signers.parent.mkdir(parents=True)
    signers.write_text(f"owner@example.org {key.with_suffix('.pub').read_text()}")
    stage.run(stage.home, "eka", "verify", f"{url}/pkgs.git::zlib")
    stage.say("A newer version of one atom; the other project follows when it wants to")
    stage.run(mono, "eka", "bump", "squeeze", "patch")
    stage.run(mono, "git", "commit", "-q", "-a", "-m", "Release squeeze")
    stage.run(mono, "eka", "publish", "--all", "--push-source")
    stage.run(app, "eka", "outdated")
    stage.run(app, "eka", "update", "squeeze")
    stage.run(app, "eka", "tree")
    stage.run(app, "eka", "why", "zlib")
    stage.say("Yank the old version: locks that pin it keep working, nobody else chooses it")
    stage.run(mono, "eka", "yank", "squeeze@0.1.0", "--reason", "superseded")
    stage.run(stage.home, "eka", "versions", f"{url}/pkgs.git::squeeze")


def tamper(stage: Stage, server: Path, url: str, app: Path) -> None:
    """Move a ref and change a tree on the server; verification must fail with exit 5."""
    stage.say("Tamper with the server: move the ref of zlib to another atom's commit")
    bare = server / "pkgs.git"
    lua = stage.run(bare, "git", "rev-parse", "refs/atoms/lua/5.4.4").strip()
    zlib = stage.run(bare, "git", "rev-parse", "refs/atoms/zlib/1.2.13").strip()
    stage.run(bare, "git", "update-ref", "refs/atoms/zlib/1.2.13", lua)
    stage.run(stage.home, "eka", "verify", f"{url}/pkgs.git::zlib@1.2.13", expect=INTEGRITY)
    stage.run(app, "eka", "verify", expect=INTEGRITY)
    stage.say("Forge a commit of zlib with another tree")
    raw = stage.run(bare, "git", "cat-file", "commit", zlib)
    tree = stage.run(bare, "git", "rev-parse", f"{lua}^{{tree}}").strip()
    forged = stage.home / "forged-commit"
    forged.write_text(re.sub(r"^tree [0-9a-f]+", f"tree {tree}", raw))
    oid = stage.run(
        bare, "git", "hash-object", "-t", "commit", "-w", "--literally", str(forged)
    ).strip()
    stage.run(bare, "git", "update-ref", "refs/atoms/zlib/1.2.13", oid)
    stage.run(stage.home, "eka", "verify", f"{url}/pkgs.git::zlib@1.2.13", expect=INTEGRITY)
    stage.run(bare, "git", "update-ref", "refs/atoms/zlib/1.2.13", zlib)
    stage.run(app, "eka", "verify")


def main() -> None:
    """Play the whole demo in a temporary directory."""
    with tempfile.TemporaryDirectory(prefix="eka-demo-") as scratch:
        home = Path(scratch).resolve()
        server = home / "server"
        server.mkdir()
        stage = Stage(home)
        with serve(server) as running:
            mono = publish(stage, server, running.url)
            app = consume(stage, running.url)
            build(stage, app)
            maintain(stage, mono, running.url, app)
            tamper(stage, server, running.url, app)
            stage.say("Done. Once more, what was built:")
            stage.run(app, "eka", "run", "lua", "--", "-e", 'print("hello from " .. _VERSION)')
            stage.run(app, "eka", "run", "squeeze", "--", "reproducible ")
        # Store paths are read-only; without this the scratch directory could not be removed.
        subprocess.run(["chmod", "-R", "u+w", str(home)], check=False)


if __name__ == "__main__":
    main()
