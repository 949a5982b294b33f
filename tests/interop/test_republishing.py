"""Plain git pushes another content under a published version: refused, or found out by readers."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.servers.apache import Site, serve
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UNSATISFIABLE, INTEGRITY, CONFLICT = 1, 5, 6
REF = "refs/atoms/greet/1.0.0"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("republishing")


@pytest.fixture(scope="module")
def built(root: Path) -> Village:
    made = Village(root / "village")
    made.publish(Person(root / "home"))
    return made


@pytest.fixture
def village(built: Village, tmp_path: Path) -> Village:
    return Village.copied(built, tmp_path / "village")


@dataclass(frozen=True, slots=True)
class Attacker:
    """Somebody who may push, with another content for the version in their repository."""

    clone: Path
    url: str
    other: str
    """A sound atom commit of the same label and version."""
    child: str
    """The same content, as a child of the published commit."""

    def push(self, *words: str) -> int:
        """Push with plain git; return its exit status."""
        done = subprocess.run(
            ["git", "push", "-q", *words], cwd=self.clone, capture_output=True, check=False
        )
        return done.returncode


def attacker(village: Village, url: str, tmp_path: Path, name: str = "attacker") -> Attacker:
    clone = tmp_path / name
    git(tmp_path, "clone", "-q", str(village.server), str(clone))
    git(clone, "fetch", "-q", "origin", REF, "refs/ekala/init:refs/ekala/init")
    published = git(clone, "rev-parse", "FETCH_HEAD")
    (clone / "greet" / "word").write_text(f"{name}\n")
    git(clone, "commit", "-q", "-a", "-m", "Evil")
    Person(tmp_path / f"home of {name}").does(clone, "publish", "greet", "--remote", ".")
    other = git(clone, "rev-parse", REF)
    tree = git(clone, "rev-parse", f"{REF}^{{tree}}")
    child = git(clone, "commit-tree", tree, "-p", published, "-m", "publish(greet): 1.0.0")
    git(clone, "remote", "set-url", "origin", url)
    return Attacker(clone, url, other, child)


def fast_forward(evil: Attacker) -> list[int]:
    return [evil.push("origin", f"{evil.child}:{REF}")]


def force(evil: Attacker) -> list[int]:
    return [evil.push("--force", "origin", f"{evil.other}:{REF}")]


def force_among_others(evil: Attacker) -> list[int]:
    fresh = f"{evil.other}:refs/heads/fresh"
    return [evil.push("--force", "--atomic", "origin", fresh, f"{evil.other}:{REF}")]


def delete_and_create(evil: Attacker) -> list[int]:
    return [
        evil.push("origin", f":{REF}"),
        evil.push("origin", f"{evil.other}:{REF}"),
    ]


ATTACKS: dict[str, Callable[[Attacker], list[int]]] = {
    "fast-forward": fast_forward,
    "force": force,
    "force among others": force_among_others,
    "delete and create": delete_and_create,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_s01_a_server_with_the_hook_keeps_what_is_published(
    attack: str, village: Village, tmp_path: Path
) -> None:
    Person(tmp_path / "home").does(village.server, "hook", "install")
    before = git(village.server, "for-each-ref")
    with serve(village.server.parent) as server:
        evil = attacker(village, f"{server.url}/pkgs.git", tmp_path)

        statuses = ATTACKS[attack](evil)

    assert all(statuses), statuses
    assert git(village.server, "for-each-ref") == before


@pytest.mark.spec("flow-moved")
@pytest.mark.parametrize("attack", ATTACKS)
def test_s01_without_the_hook_readers_find_out(
    attack: str, village: Village, tmp_path: Path
) -> None:
    with serve(village.server.parent) as server:
        url = f"{server.url}/pkgs.git"
        locked, saw = (Person(tmp_path / name) for name in ("locked", "saw"))
        for reader in (locked, saw):
            reader.does(reader.home, "new", "app")
            reader.does(reader.home / "app", "add", f"{url}::greet@^1")
        saw.does(saw.home, "new", "later")
        lock = (locked.home / "app" / "atom.lock").read_bytes()

        assert ATTACKS[attack](attacker(village, url, tmp_path))[-1] == 0

        kept = [
            locked.json(locked.home / "app", *words)
            for words in (["lock", "--refresh"], ["update"], ["verify"])
        ]
        same = locked.json(locked.home / "app", "lock", "--locked")  # asks nobody
        built = locked.json(locked.home / "app", "build", "greet", "--no-link")
        seen = saw.json(saw.home / "later", "add", f"{url}::greet@^1")
        owner = locked.json(village.mono, "publish", "--all", "--remote", url)

    assert {answer.status for answer in kept} == {INTEGRITY}, kept
    assert same.status == 0
    assert (locked.home / "app" / "atom.lock").read_bytes() == lock
    assert built.status in (0, INTEGRITY)  # what was locked, or nothing
    # A fast-forward is no atom at all; what looks like one is held against what was first seen.
    assert seen.status == (UNSATISFIABLE if attack == "fast-forward" else INTEGRITY), seen
    assert not (saw.home / "later" / "atom.lock").exists()
    assert owner.status == CONFLICT, owner


def test_s01_a_child_of_the_published_commit_is_no_atom_for_a_newcomer(
    village: Village, tmp_path: Path
) -> None:
    evil = attacker(village, str(village.server), tmp_path)
    assert fast_forward(evil) == [0]
    newcomer = Person(tmp_path / "newcomer")
    newcomer.does(newcomer.home, "new", "app")

    added = newcomer.json(newcomer.home / "app", "add", f"{village.url}::greet@^1")
    verified = newcomer.json(newcomer.home / "app", "verify", f"{village.url}::greet")

    assert added.status not in (0, 70), added
    assert verified.status == INTEGRITY
    assert [path.name for path in (newcomer.home / "app").iterdir()] == ["atom.toml"]


def test_s01_two_attackers_at_once_do_not_get_past_the_hook(
    village: Village, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    Person(tmp_path / "home").does(village.server, "hook", "install")
    before = git(village.server, "for-each-ref", "refs/atoms", "refs/ekala")
    with serve(village.server.parent) as server:
        pair = [
            attacker(village, f"{server.url}/pkgs.git", tmp_path, name) for name in ("one", "two")
        ]
        for _ in range(rounds(2, 30)):
            with ThreadPoolExecutor(2) as together:
                attacks = (force, delete_and_create)
                done = [together.submit(at, evil) for at, evil in zip(attacks, pair, strict=True)]

            assert all(status for each in done for status in each.result())
            assert git(village.server, "for-each-ref", "refs/atoms", "refs/ekala") == before

    assert git(village.server, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.spec("fetch-by-id")
@pytest.mark.parametrize("protocol", [2, 0])
def test_s02_a_locked_version_whose_ref_went_away_is_fetched_or_named(
    protocol: int, village: Village, tmp_path: Path
) -> None:
    """By id, as protocol 2 serves any object; a server of protocol 0 does not."""
    writer, reader = (Person(tmp_path / name) for name in ("writer", "reader"))
    with serve(village.server.parent, Site(speaks_v2=protocol == 2)) as server:
        url = f"{server.url}/pkgs.git"
        writer.does(writer.home, "new", "app")
        app = writer.home / "app"
        writer.does(app, "add", f"{url}::greet@^1")
        git(village.server, "update-ref", "-d", REF)

        fetched = reader.json(app, "fetch")
        verified = reader.json(app, "verify")

    if protocol == 2:
        assert (fetched.status, verified.status) == (0, 0), (fetched, verified)
        withdrawn = {atom["label"]: atom["withdrawn"] for atom in verified.document["atoms"]}
        assert withdrawn == {"greet": True, "shell": False}
    else:
        assert (fetched.status, fetched.code) == (3, "objects-unavailable")
