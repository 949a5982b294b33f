"""Closures over several repositories: who speaks for a set, mirrors, and circles."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.fakes.big_world import BASE, BigWorld
from tests.fakes.quick_set import QuickSet
from tests.servers.git_http import Behaviour, serve
from tests.story import Answer, Person, git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXIT_FAILED, EXIT_CONFLICT = 1, 6
CLOSED = "http://127.0.0.1:1/"


class World:
    """Repositories that name each other by https addresses, and a project that needs them."""

    def __init__(self, root: Path, url: str) -> None:
        self.server = root / "server"
        self.app = root / "app"
        self.app.mkdir()
        self._home = root / "home"
        self._url = url
        self.person = self.somebody("me")

    def somebody(self, name: str, *, down: str = "") -> Person:
        """Return a person whose git knows where the addresses lead, one of them nowhere."""
        home = self._home / name
        home.mkdir(parents=True)
        text = BigWorld.settings(self._url)
        if down:
            text += f'[url "{CLOSED}{down}"]\n\tinsteadOf = {BASE}{down}\n'
        (home / "gitconfig").write_text(text)
        return Person(home, GIT_CONFIG_GLOBAL=str(home / "gitconfig"))

    def set(self, place: str, name: str = "") -> QuickSet:
        """Make a set; two of one name are forks of one another."""
        return QuickSet(self.server / place, name or place)

    def mirror(self, place: str, other: str) -> None:
        """Copy a set as it is now."""
        shutil.copytree(self.server / place, self.server / other)

    def project(self, *tables: str) -> None:
        """Write the manifest of the project."""
        head = '[package]\nlabel = "app"\nversion = "0.1.0"\n'
        (self.app / "atom.toml").write_text(head + "".join(tables))

    def json(self, *words: str) -> Answer:
        """Run eka in the project."""
        return self.person.json(self.app, *words)

    def locked(self) -> list[str]:
        """Lock, which must succeed; return what is locked, as label@version."""
        self.person.does(self.app, "lock")
        text = (self.app / "atom.lock").read_text()
        found = re.findall(r'\nlabel = "([^"]+)"\nversion = "([^"]+)"', text)
        return sorted(f"{label}@{version}" for label, version in found)


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour()


@pytest.fixture
def world(tmp_path: Path, behaviour: Behaviour) -> Iterator[World]:
    (tmp_path / "server").mkdir()
    with serve(tmp_path / "server", behaviour) as running:
        yield World(tmp_path, running.url)


def sets(**places: str) -> str:
    """Return the declarations of sets; several places of one are separated by a space."""
    lines: list[str] = []
    for name, each in places.items():
        urls = ", ".join(f'"{BASE}{place}"' for place in each.split())
        lines.append(f"{name} = [{urls}]\n")
    return "[package.sets]\n" + "".join(lines)


def needs(**wanted: str) -> str:
    """Return dependencies, by the name of their set: ``zlib ^1``."""
    lines = [line.partition(" ") for line in wanted.values()]
    return "".join(
        f'[deps.from.{name}]\n{label} = "{requirement}"\n'
        for name, (label, _, requirement) in zip(wanted, lines, strict=True)
    )


def diamond(world: World, shared: str = "shared") -> None:
    """Make four sets: the project needs left and right, which need base, of the set shared."""
    bottom = world.set("shared")
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        bottom.release(f"base@{version}")
    for name in ("left", "right"):
        side = world.set(name)
        side.release(f"{name}@1.0.0", more=sets(s=shared) + needs(s="base ^1"))
    world.project(sets(l="left", r="right"), needs(l="left ^1", r="right ^1"))


@pytest.mark.spec("flow-one-source")
def test_sets_that_only_dependencies_name_are_resolved_with_the_rest(world: World) -> None:
    diamond(world)

    locked = world.locked()

    assert locked == ["base@1.1.0", "left@1.0.0", "right@1.0.0"]
    text = (world.app / "atom.lock").read_text()
    assert text.count("[[set]]") == 3
    assert f"{BASE}shared" in text


@pytest.mark.spec("flow-same", "mirror-order")
def test_a_set_below_is_listed_and_given_by_its_mirror_while_it_is_down(world: World) -> None:
    diamond(world, "shared copy-of-shared")
    world.mirror("shared", "copy-of-shared")
    expected = world.locked()
    text = (world.app / "atom.lock").read_bytes()
    world.person = world.somebody("other")
    (world.app / "atom.lock").unlink()
    answer = world.json("lock")

    assert expected == ["base@1.1.0", "left@1.0.0", "right@1.0.0"]
    assert answer.status == 0, answer.out
    assert (world.app / "atom.lock").read_bytes() == text


@pytest.mark.spec("flow-one-source")
def test_the_address_in_the_project_itself_speaks_for_a_set(world: World) -> None:
    diamond(world)
    fork = world.set("fork", "shared")
    fork.release("base@1.9.0")
    world.project(
        sets(l="left", r="right", f="fork"), needs(l="left ^1", r="right ^1", f="base ^1")
    )

    refused = world.json("lock")
    accepted = world.json("lock", "--accept-source", f"{BASE}shared")
    remembered = world.json("lock", "--update")

    assert (refused.status, refused.code) == (EXIT_CONFLICT, "foreign-genesis")
    why = refused.document["error"]["why"]
    assert f"expected {BASE}fork" in why
    assert f"found {BASE}shared" in why
    assert "--accept-source" in refused.document["error"]["fix"]
    assert (accepted.status, remembered.status) == (0, 0)
    assert world.locked() == ["base@1.9.0", "left@1.0.0", "right@1.0.0"]


@pytest.mark.spec("flow-one-source", "lock-accepted")
def test_a_source_that_is_accepted_adds_no_versions(world: World) -> None:
    diamond(world)
    fork = world.set("fork", "shared")
    fork.release("base@1.9.0")
    world.set("far").release("far@1.0.0", more=sets(s="fork") + needs(s="base ^1"))
    tables = sets(l="left", r="right", f="far"), needs(l="left ^1", r="right ^1", f="far ^1")
    world.project(*tables)

    refused = world.json("lock")
    accepted = world.json("lock", "--accept-source", f"{BASE}fork")

    assert (refused.status, refused.code) == (EXIT_CONFLICT, "foreign-genesis")
    assert accepted.status == 0, accepted.out
    assert world.locked() == ["base@1.1.0", "far@1.0.0", "left@1.0.0", "right@1.0.0"]
    assert f'accepted = [\n  "{BASE}fork",\n]' in (world.app / "atom.lock").read_text()


@pytest.mark.spec("resolution-cycle")
def test_a_circle_through_three_repositories_is_an_error_with_its_path(world: World) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        made = world.set(name)
        made.release(f"{name}@1.0.0", more=sets(s=other) + needs(s=f"{other} ^1"))
    world.project(sets(s="a"), needs(s="a ^1"))

    answer = world.json("lock")

    assert (answer.status, answer.code) == (EXIT_FAILED, "dependency-cycle")
    *path, last = answer.document["error"]["why"].splitlines()[-1].removeprefix("so ").split(" → ")
    assert (len(path), path[0]) == (3, last)
    assert sorted(path) == ["a 1.0.0", "b 1.0.0", "c 1.0.0"]
    assert not (world.app / "atom.lock").exists()


@pytest.mark.spec("resolution-cycle", "resolution-bucket")
def test_another_bucket_of_an_atom_that_needs_itself_is_no_circle(world: World) -> None:
    made, other = world.set("a"), world.set("b")
    made.release("a@1.0.0")
    made.release("a@2.0.0", more=sets(s="b") + needs(s="b ^1"))
    other.release("b@1.0.0", more=sets(s="a") + needs(s="a ^1"))
    world.project(sets(s="a"), needs(s="a ^2"))

    assert world.locked() == ["a@1.0.0", "a@2.0.0", "b@1.0.0"]


@pytest.mark.spec("flow-patch", "flow-one-source")
def test_a_patch_stands_for_an_atom_that_only_dependencies_need(world: World) -> None:
    diamond(world)
    near = world.app.parent / "base"
    near.mkdir()
    (near / "atom.toml").write_text('[package]\nlabel = "base"\nversion = "1.0.7"\n')
    world.project(
        sets(l="left", r="right", s="shared"),
        needs(l="left ^1", r="right ^1"),
        '[patch.s]\nbase = { path = "../base" }\n',
    )

    locked = world.locked()
    checked = world.json("lock", "--check")

    assert locked == ["base@1.0.7", "left@1.0.0", "right@1.0.0"]
    assert (world.app / "atom.lock").read_text().count("patched = true") == 1
    assert checked.status == 0


@pytest.mark.spec("flow-same", "flow-unchanged")
def test_two_people_lock_the_same_whatever_they_know_already(world: World) -> None:
    diamond(world)
    world.person.does(world.app, "versions", f"{BASE}right::right")
    world.person.does(world.app, "list", f"{BASE}shared")
    first = world.locked()
    one = (world.app / "atom.lock").read_bytes()
    (world.app / "atom.lock").unlink()
    world.person = world.somebody("other")

    second = world.locked()

    assert first == second
    assert (world.app / "atom.lock").read_bytes() == one


@pytest.mark.spec("flow-own", "flow-one-source")
def test_who_depends_on_the_own_set_from_outside_must_be_accepted(world: World) -> None:
    own = world.set("own")
    own.release("core@1.0.0")
    world.set("far").release("far@1.0.0", more=sets(s="own") + needs(s="core ^1"))
    mono = world.app.parent / "mono"
    git(world.app.parent, "clone", "-q", str(own.path), str(mono))
    for label, version, more in (
        ("core", "1.3.0", ""),
        ("top", "1.0.0", sets(f="far") + 'here = "::"\n' + needs(f="far ^1", here="core ^1")),
    ):
        (mono / label).mkdir()
        (mono / label / "atom.toml").write_text(
            f'[package]\nlabel = "{label}"\nversion = "{version}"\n{more}'
        )
    (mono / "ekala.toml").write_text('[set]\npackages = ["*"]\n')

    refused = world.person.json(mono / "top", "lock")
    accepted = world.person.json(mono / "top", "lock", "--accept-source", f"{BASE}own")

    assert (refused.status, refused.code) == (EXIT_CONFLICT, "foreign-genesis")
    assert "this repository" in refused.document["error"]["why"]
    assert accepted.status == 0, accepted.out
    text = (mono / "top/atom.lock").read_text()
    assert 'label = "core"\nversion = "1.3.0"' in text
    assert text.count('label = "core"') == 1
