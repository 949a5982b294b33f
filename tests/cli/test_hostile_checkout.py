"""A repository unpacked from a stranger's archive: no command in it runs what it names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.every_command import CALLS, PLACES, filled
from tests.servers.git_http import serve
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Generator

BUG = 70
HOOKS = (
    "applypatch-msg", "commit-msg", "fsmonitor-watchman", "post-applypatch", "post-checkout",
    "post-commit", "post-index-change", "post-merge", "post-rewrite", "post-update",
    "pre-auto-gc", "pre-commit", "pre-merge-commit", "pre-push", "pre-rebase", "pre-receive",
    "prepare-commit-msg", "proc-receive", "push-to-checkout", "reference-transaction",
    "sendemail-validate", "update",
)  # fmt: skip
PROGRAMS = (
    "core.sshCommand", "core.fsmonitor", "core.askPass", "core.pager", "core.editor",
    "core.gitProxy", "core.alternateRefsCommand", "diff.external", "diff.evil.textconv",
    "diff.evil.command", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process",
    "gpg.program", "gpg.ssh.program", "gpg.ssh.defaultKeyCommand", "merge.evil.driver",
    "remote.origin.receivepack", "remote.origin.uploadpack", "remote.origin.vcs",
    "uploadpack.packObjectsHook", "sequence.editor", "interactive.diffFilter",
    "uploadArchive.command", "tar.tar.command", "web.browser", "help.browser", "trailer.x.command",
    "receive.procReceiveRefs", "trace2.eventTarget",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trap:
    """A clone with every trap that git knows, and the file they make."""

    checkout: Path
    server: Path
    """What it was cloned from, in a text it holds."""
    canary: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Village:
    """A village that has published; nobody changes it."""
    root = tmp_path_factory.mktemp("built")
    made = Village(root / "village")
    made.publish(Person(root / "home"))
    return made


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory, built: Village) -> Trap:
    """The traps, some of them in the files of the commit; nobody steps into this clone."""
    root = tmp_path_factory.mktemp("trap")
    clone, canary, program = root / "checkout", root / "canary", root / "trap"
    git(root, "clone", "-q", str(built.server), str(clone))
    program.write_text(f"#!/bin/sh\ntouch {canary}\nexec cat\n")
    program.chmod(0o755)
    (clone / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n")
    (clone / ".gitmodules").write_text(f'[submodule "x"]\npath = sub\nurl = ext::{program}\n')
    embedded = clone / "greet" / "embedded"
    git(clone, "init", "-q", "--bare", str(embedded))
    for text in ("sitecustomize", "usercustomize", "eka", "json", "typer", "rich"):
        for place in (clone, clone / "greet"):
            (place / f"{text}.py").write_text(f"open({str(canary)!r}, 'w')\n")
    (clone / "plain").mkdir()
    (clone / "plain" / "atom.toml").write_text('[package]\nlabel = "plain"\nversion = "1.0.0"\n')
    (clone / "plain" / "old.lock").write_text("version = 1\n[sets]\n")
    (clone / "user").mkdir()
    (clone / "user" / "atom.toml").write_text(
        '[package]\nlabel = "user"\nversion = "1.0.0"\n[package.sets]\nhere = "::"\n'
        '[deps.from.here]\nshell = "^1"\n'
    )
    spring(clone / ".git", program)
    spring(embedded, program)
    return Trap(clone, built.server, canary)


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def village(tmp_path: Path, built: Village) -> Village:
    return Village.copied(built, tmp_path / "village")


@pytest.fixture
def server(village: Village) -> Generator[str]:
    with serve(village.server.parent) as served:
        yield f"{served.url}/pkgs.git"


@pytest.fixture
def canary(trap: Trap) -> Path:
    trap.canary.unlink(missing_ok=True)
    return trap.canary


@pytest.fixture
def checkout(tmp_path: Path, village: Village, trap: Trap) -> Path:
    """A clone of the village with all traps."""
    clone = tmp_path / "checkout"
    shutil.copytree(trap.checkout, clone, symlinks=True)
    config = clone / ".git" / "config"
    text = config.read_text().replace(str(trap.server), str(village.server))
    config.write_text(text.replace(str(trap.checkout), str(clone)))
    return clone


def spring(git_dir: Path, program: Path) -> None:
    """Let everything that a repository can make git run be a trap."""
    included = program.with_name("included")
    included.write_text(f"[core]\n\tsshCommand = {program}\n\tfsmonitor = {program}\n")
    for name in HOOKS:
        (git_dir / "hooks").mkdir(exist_ok=True)
        (git_dir / "hooks" / name).unlink(missing_ok=True)
        (git_dir / "hooks" / name).symlink_to(program)
    settings = {
        **dict.fromkeys(PROGRAMS, str(program)),
        "filter.evil.required": "true",
        "core.hooksPath": str(git_dir / "hooks"),
        "credential.helper": f"!{program}",
        "commit.gpgSign": "true",
        "push.gpgSign": "true",
        "tag.gpgSign": "true",
        "log.showSignature": "true",
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
        "submodule.x.update": f"!{program}",
        "http.proxy": "http://127.0.0.1:9",
        "include.path": str(included),
        "includeIf.gitdir:/.path": str(included),
        **{f"alias.{name}": f"!{program}" for name in ("status", "push", "ls-files", "ls-tree")},
        f"url.ext::{program} .insteadOf": "ext-only://",
    }
    for key, value in settings.items():
        git(git_dir.parent, f"--git-dir={git_dir}", "config", key, value)
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "info" / "attributes").write_text("* filter=evil diff=evil merge=evil\n")


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return str(path)


@pytest.fixture
def words(command: str, server: str, key: str, tmp_path: Path) -> list[str]:
    """What the command is called with."""
    return filled(CALLS[command], SERVER=server, KEY=key, OUT=str(tmp_path / "out"))


@pytest.mark.spec("publish-configuration", "source-settings")
@pytest.mark.parametrize("command", CALLS)
def test_s20_no_command_runs_what_the_repository_names(
    command: str, words: list[str], person: Person, checkout: Path, canary: Path
) -> None:
    program = str(Path(sys.executable).with_name("eka"))
    # Touched files make git look inside of them, through whatever filter.
    for path in (checkout / "greet").glob("*"):
        path.touch()
    where = checkout / PLACES.get(command, "")

    # A program of its own: so it also loads no module from the directory it works in.
    done = subprocess.run(
        [program, *words], cwd=where, env=person.environment, capture_output=True, check=False
    )
    inner = person.eka(checkout / "greet" / "embedded", *words)

    assert not canary.exists()
    assert done.returncode == 0, done.stderr.decode()
    assert inner.status != BUG, inner


def test_the_trap_works(checkout: Path, canary: Path) -> None:
    subprocess.run(["git", "status"], cwd=checkout, capture_output=True, check=False)

    assert canary.exists()


@pytest.mark.parametrize("command", CALLS)
def test_s20_no_command_writes_where_the_repository_says_its_files_are(
    command: str, words: list[str], tmp_path: Path, person: Person, checkout: Path
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    checkout.rename(victim / "checkout")
    moved = victim / "checkout"
    (moved / ".git" / "config").write_text("[core]\n\tworktree = ../..\n")
    (moved / "ekala.toml").unlink()
    where = moved / PLACES.get(command, "")

    answer = person.eka(where, *words)

    assert answer.status != BUG, answer
    assert [path.name for path in victim.iterdir()] == ["checkout"]


@pytest.mark.parametrize("command", CALLS)
def test_s20_no_command_writes_through_the_links_of_a_repository(
    command: str, words: list[str], tmp_path: Path, person: Person, checkout: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    names = ("result", "result-greet", "result-shell", "atom.lock", ".atom.pending", "fresh",
             f".atom.lock.{os.getpid()}.tmp", f".atom.toml.{os.getpid()}.tmp",
             f".ekala.toml.{os.getpid()}.tmp", f"..atom.pending.{os.getpid()}.tmp")  # fmt: skip
    for place in (checkout, *(checkout / label for label in ("greet", "shell", "plain", "user"))):
        for name in names:
            (place / name).unlink(missing_ok=True)
            (place / name).symlink_to(outside / "precious")
    words = [word for word in words if word != "--no-link"]
    where = checkout / PLACES.get(command, "")

    answer = person.eka(where, *words)

    assert answer.status != BUG, answer
    assert (outside / "precious").read_text() == "precious"
    assert [path.name for path in outside.iterdir()] == ["precious"]


@pytest.mark.parametrize(
    "packages", [["*"], ["*", "sub/*"], ["**"], ["evil"], ["../outside"], ["sub/../../outside"]]
)
def test_no_member_of_a_set_is_outside_of_it(
    packages: list[str], tmp_path: Path, person: Person, village: Village
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "atom.toml").write_text('[package]\nlabel = "out"\nversion = "1.0.0"\n')
    (village.mono / "evil").symlink_to(outside)
    (village.mono / "loop").symlink_to(".")
    (village.mono / "sub").mkdir()
    (village.mono / "sub" / "deep").symlink_to(outside)
    village.write("ekala.toml", f"[set]\npackages = {json.dumps(packages)}\n")
    village.commit()

    answers = [
        person.json(village.mono, *words)
        for words in (["lock"], ["publish", "--all", "--dry-run", "--push-source"])
    ]

    assert BUG not in {answer.status for answer in answers}
    assert not any('"out"' in answer.out for answer in answers)
    assert [path.name for path in outside.iterdir()] == ["atom.toml"]


@pytest.mark.parametrize("ignored", ["", "d\n"])
def test_a_build_reads_nothing_through_a_directory_that_is_a_link_now(
    ignored: str, tmp_path: Path, person: Person, village: Village
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "word").write_text("secret\n")
    village.write("greet/d/word", "hello\n")
    village.commit()
    (village.mono / "greet" / "d" / "word").unlink()
    (village.mono / "greet" / "d").rmdir()
    (village.mono / "greet" / "d").symlink_to(secret)
    village.write("greet/.gitignore", ignored)
    person.does(village.mono, "init")

    person.does(village.mono / "greet", "build", "--no-link")

    store = person.home / ".data" / "eka" / "store"
    words = [path.read_text() for path in store.rglob("word") if not path.is_symlink()]
    assert "secret\n" not in words
    assert "hello\n" in words


def test_a_clone_inside_an_atom_is_told_of(person: Person, village: Village) -> None:
    git(village.mono / "greet", "clone", "-q", str(village.server), "inner")

    answer = person.json(village.mono / "greet", "build", "--no-link")

    assert (answer.status, answer.code) == (1, "unusable-file")
    assert answer.document["error"]["where"].endswith("/greet/inner")


@pytest.mark.spec("flow-current")
def test_an_atom_of_the_working_tree_is_built_as_locked_or_locked_anew(
    person: Person, village: Village
) -> None:
    greet = village.mono / "greet"
    person.does(greet, "build")
    village.atom("shell", version="1.5.0")

    locked = person.json(greet, "build", "--locked")
    renewed = person.json(greet, "build")

    assert (locked.status, locked.code) == (1, "lock-stale")
    assert renewed.status == 0
    assert 'version = "1.5.0"' in (greet / "atom.lock").read_text()
