"""The same question has the same answer, byte for byte, whoever asks it, where and when."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.story import Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM = str(Path(sys.executable).with_name("eka"))
ODD_GIT = """
[user]
    name = Jemand Änderes
    email = other@example.org
[core]
    autocrlf = true
    eol = crlf
    quotePath = true
    abbrev = 4
    fileMode = false
    ignoreCase = true
    precomposeUnicode = true
    compression = 9
    logAllRefUpdates = always
[i18n]
    commitEncoding = ISO-8859-1
    logOutputEncoding = ISO-8859-1
[commit]
    gpgSign = true
[tag]
    gpgSign = true
    forceSignAnnotated = true
[gpg]
    program = false
[init]
    defaultBranch = trunk
[color]
    ui = always
[diff]
    renames = copies
    noprefix = true
[status]
    short = true
    branch = true
    showUntrackedFiles = no
[log]
    showSignature = true
    date = relative
[push]
    default = nothing
    followTags = true
[fetch]
    prune = true
[transfer]
    hideRefs = refs/nothing
[pack]
    threads = 1
    compression = 0
[protocol]
    version = 0
"""

ORDERS = list(itertools.permutations(("böse", "cat", "shell")))


@dataclass(frozen=True, slots=True)
class World:
    """Where a program runs."""

    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    umask: int = 0o022
    settings: str = ""


WORLDS = {
    "hash seed 1": World({"PYTHONHASHSEED": "1"}),
    "hash seed 2": World({"PYTHONHASHSEED": "2"}),
    "far east": World({"TZ": "Pacific/Kiritimati"}),
    "far west": World({"TZ": "Etc/GMT+12"}),
    "no language": World({"LANG": "C", "LC_ALL": "C"}),
    "no UTF-8": World({"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
    "Turkish": World({"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr"}),
    "open to all": World(umask=0o000),
    "closed to all": World(umask=0o077),
    "odd git": World(settings=ODD_GIT),
    "a terminal": World({"TERM": "xterm-256color", "FORCE_COLOR": "1", "COLUMNS": "20"}),
    "optimised": World({"PYTHONOPTIMIZE": "2", "SOURCE_DATE_EPOCH": "1"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("determinism")


@pytest.fixture(scope="module")
def village(root: Path) -> Village:
    made = Village(root)
    for label in ("böse", "cat", "zug"):
        made.atom(label, '[package.sets]\nhere = "::"\n[deps.from.here]\ngreet = "^1"\n')
    made.publish(Person(root / "owner"))
    return made


def run(where: Path, world: World, home: Path, *words: str) -> str:
    """Run a command in a world, with a new home; return what it prints."""
    settings = home / "gitconfig"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(world.settings)
    environment = {
        **Person(home).environment,
        "GIT_CONFIG_GLOBAL": str(settings),
        **world.variables,
    }
    done = subprocess.run(
        [PROGRAM, *words],
        cwd=where,
        env=environment,
        umask=world.umask,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode()


def begin(place: Path) -> Path:
    """Make a project without dependencies."""
    place.mkdir()
    (place / "atom.toml").write_text('[package]\nlabel = "app"\nversion = "1.0.0"\n')
    return place


def outcome(place: Path, village: Village, world: World, home: Path) -> tuple[bytes, bytes]:
    """Return manifest and lock that come out of a world."""
    app = begin(place)
    for label in ("zug", "böse"):
        run(app, world, home, "add", f"{village.url}::{label}@^1")
    return (app / "atom.toml").read_bytes(), (app / "atom.lock").read_bytes()


@pytest.fixture(scope="module")
def usual(root: Path, village: Village) -> tuple[bytes, bytes]:
    """What comes out of a usual world."""
    return outcome(root / "usual", village, World(), root / "usual-home")


@pytest.mark.spec("flow-same")
@pytest.mark.parametrize("world", WORLDS)
def test_r13_manifest_and_lock_are_the_same_in_every_world(
    world: str, village: Village, usual: tuple[bytes, bytes], tmp_path: Path
) -> None:
    found = outcome(tmp_path / "app", village, WORLDS[world], tmp_path / "home")

    assert found == usual


def published(printed: str) -> dict[str, str]:
    """Return commit by ref."""
    return {atom["ref"]: atom["commit"] for atom in json.loads(printed)["atoms"]}


@pytest.mark.spec("commit-no-person")
@pytest.mark.parametrize("world", WORLDS)
def test_r13_atoms_have_the_same_ids_whoever_publishes_them(
    world: str, village: Village, tmp_path: Path
) -> None:
    odd = WORLDS[world]
    run_git = {**os.environ, "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig")}
    (tmp_path / "gitconfig").write_text(odd.settings)
    server = tmp_path / "server.git"
    git(tmp_path, "init", "-q", "--bare", str(server))
    subprocess.run(
        ["git", "clone", "-q", str(village.server), "clone"],
        cwd=tmp_path, env=run_git, umask=odd.umask, check=True,
    )  # fmt: skip
    git(tmp_path / "clone", "push", "-q", str(server), "HEAD:refs/heads/main")

    printed = run(
        tmp_path / "clone",
        odd,
        tmp_path / "home",
        "publish",
        "--all",
        "--remote",
        str(server),
        "--json",
    )

    theirs = git(village.server, "for-each-ref", "--format=%(refname) %(objectname)", "refs/atoms")
    assert published(printed) == dict(line.split() for line in theirs.splitlines())
    assert theirs == git(server, "for-each-ref", "--format=%(refname) %(objectname)", "refs/atoms")


@pytest.mark.parametrize("world", ["hash seed 1", "far east", "closed to all", "odd git"])
def test_a_build_has_the_same_plan_and_the_same_output_in_every_world(
    world: str, village: Village, tmp_path: Path, built: dict[str, str]
) -> None:
    assert build(tmp_path, village, WORLDS[world]) == built


@pytest.fixture(scope="module")
def built(root: Path, village: Village) -> dict[str, str]:
    """What a usual world builds."""
    place = root / "built"
    place.mkdir()
    return build(place, village, World())


def build(place: Path, village: Village, world: World) -> dict[str, str]:
    """Return plan, path and content of ``greet``."""
    app = begin(place / "app")
    home = place / "home"
    run(app, world, home, "add", f"{village.url}::greet@^1")
    plan = run(app, world, home, "build", "greet", "--plan")
    document = json.loads(run(app, world, home, "build", "greet", "--json"))
    (output,) = document["outputs"]
    return {"plan": plan, "path": output["path"], "content": output["content"]}


@pytest.mark.spec("flow-same")
def test_locking_again_changes_nothing(
    village: Village, usual: tuple[bytes, bytes], tmp_path: Path
) -> None:
    app, home, world = begin(tmp_path / "app"), tmp_path / "home", World()
    (app / "atom.toml").write_bytes(usual[0])
    assert village.url.encode() in usual[0]
    for words in (
        ["lock"],
        ["lock"],
        ["lock", "--update"],
        ["lock", "--offline"],
        ["lock", "--frozen"],
    ):
        run(app, world, home, *words)
        assert (app / "atom.lock").read_bytes() == usual[1], words

    shutil.rmtree(home)
    run(app, world, home, "lock", "--locked")


@pytest.mark.spec("lock-order")
@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_the_order_of_additions_does_not_matter(
    order: tuple[str, ...], village: Village, tmp_path: Path
) -> None:
    person = Person(tmp_path / "home")
    locks: list[bytes] = []
    for labels in (order, sorted(order)):
        app = begin(tmp_path / f"app{len(locks)}")
        for label in labels:
            person.does(app, "add", f"{village.url}::{label}@^1")
        locks.append((app / "atom.lock").read_bytes())

    assert locks[0] == locks[1]


@pytest.mark.spec("lock-order")
def test_a_set_is_locked_the_same_in_any_order_and_directory(
    village: Village, tmp_path: Path
) -> None:
    person = Person(tmp_path / "home")
    git(tmp_path, "clone", "-q", str(village.server), "clone")
    clone = tmp_path / "clone"
    labels = [path.name for path in clone.iterdir() if (path / "atom.toml").exists()]
    before = {label: (clone / label / "atom.lock").read_bytes() for label in labels}
    for label in labels:
        (clone / label / "atom.lock").unlink()

    for label in reversed(labels):
        person.does(clone / label, "lock")

    assert {label: (clone / label / "atom.lock").read_bytes() for label in labels} == before
