"""Signatures come with their versions or not at all, whoever is killed and whoever races."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.fakes.signed_set import PEOPLE, SignedSet, keys
from tests.story import Person, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fakes.signing import MemorySigner

PROGRAM = [sys.executable, "-c", "import sys; from eka.cli.main import main; sys.exit(main())"]
LABELS = tuple(f"a{number}" for number in range(6))


@pytest.fixture
def owner(tmp_path: Path) -> Person:
    person = Person(tmp_path / "owner")
    keys(person)
    return person


@pytest.fixture
def pkgs(tmp_path: Path, owner: Person) -> SignedSet:
    made = SignedSet(tmp_path / "set", owner)
    for label in LABELS:
        made.release(label, "1.0.0")
    return made


def bumped(pkgs: SignedSet, number: int) -> None:
    """Give every atom a new version, committed and pushed."""
    for label in LABELS:
        (pkgs.mono / label / "atom.toml").write_text(
            f'[package]\nlabel = "{label}"\nversion = "1.{number}.0"\n'
        )
    git(pkgs.mono, "commit", "-qam", f"Version {number}")
    git(pkgs.mono, "push", "-q", "origin", "main")


def publishing(where: Path, owner: Person, who: MemorySigner) -> subprocess.Popen[bytes]:
    """Start a publish of everything that signs."""
    key = str(owner.home / ".ssh" / who.name)
    words = ["publish", "--all", "--sign-key", key, "-C", str(where)]
    return subprocess.Popen(
        [*PROGRAM, *words],
        env={**owner.environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def at_server(pkgs: SignedSet, number: int) -> tuple[set[str], dict[str, list[str]]]:
    """Return the labels that have a version at the server, and the keys that signed each."""
    version = f"1.{number}.0"
    names = git(pkgs.server, "for-each-ref", "--format=%(refname)").split()
    found = {name.split("/")[2] for name in names if name.startswith("refs/atoms/")
             and name.endswith(f"/{version}")}  # fmt: skip
    signed: dict[str, list[str]] = {}
    for name in names:
        if name.startswith("refs/ekala/sigs/") and f"/{version}/" in name:
            signed.setdefault(name.split("/")[3], []).append(name.rpartition("/")[2])
    return found, signed


@pytest.mark.spec("sign-beside")
def test_a_killed_publish_leaves_versions_with_their_signatures_or_neither(
    pkgs: SignedSet, owner: Person, rounds: Callable[[int, int], int]
) -> None:
    chance = random.Random(6)
    who = PEOPLE[0]
    for number in range(1, rounds(5, 50)):
        bumped(pkgs, number)
        child = publishing(pkgs.mono, owner, who)
        time.sleep(chance.uniform(0.1, 1.0))
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()

        found, signed = at_server(pkgs, number)
        assert set(signed) == found

        again = publishing(pkgs.mono, owner, who)
        _, said = again.communicate()
        found, signed = at_server(pkgs, number)
        assert again.returncode == 0, said
        assert (found, set(signed)) == (set(LABELS), set(LABELS))
    assert git(pkgs.server, "fsck", "--strict", "--no-dangling") == ""
    assert git(pkgs.mono, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.spec("sign-beside")
def test_of_racing_publishers_the_one_that_wins_has_signed(
    pkgs: SignedSet, owner: Person, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    places = {who: tmp_path / f"clone-{who.name}" for who in PEOPLE}
    for place in places.values():
        git(tmp_path, "clone", "-q", str(pkgs.server), str(place))
    for number in range(1, rounds(3, 30)):
        bumped(pkgs, number)
        for place in places.values():
            git(place, "pull", "-q")
        children = [publishing(place, owner, who) for who, place in places.items()]
        told = [child.communicate()[1] for child in children]

        found, signed = at_server(pkgs, number)
        assert [child.returncode for child in children] == [0] * len(children), told
        assert (found, set(signed)) == (set(LABELS), set(LABELS))
        assert {len(each) for each in signed.values()} == {1}
        assert {key for each in signed.values() for key in each} <= {who.key.id for who in PEOPLE}
    assert git(pkgs.server, "fsck", "--strict", "--no-dangling") == ""
