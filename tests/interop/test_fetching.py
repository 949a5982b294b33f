"""``eka fetch`` holds what it fetched against the lock."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.fakes.git_set import GitSet
from tests.servers.git_http import serve
from tests.story import Person

if TYPE_CHECKING:
    from pathlib import Path

ATOMS = ["zlib", "lua", "curl"]


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "person")


@pytest.fixture
def source(tmp_path: Path) -> GitSet:
    made = GitSet(tmp_path / "sources" / "set")
    for label in ATOMS:
        made.publish(label, "1.0.0", {"data": f"{label}\n" * 50})
    return made


def project(person: Person, url: str) -> Path:
    """A project that is locked; the cache is empty again."""
    directory = person.home / "app"
    directory.mkdir()
    lines = "".join(f'{label} = "^1"\n' for label in ATOMS)
    (directory / "atom.toml").write_text(
        '[package]\nlabel = "app"\nversion = "1.0.0"\n'
        f'[package.sets]\nset = "{url}"\n[deps.from.set]\n{lines}'
    )
    person.does(directory, "lock")
    return directory


def forge(directory: Path, field: str, value: str) -> None:
    """Give the first atom of the lock another pin."""
    lock = directory / "atom.lock"
    text, count = re.subn(
        rf'^{field} = "[0-9a-f]+"$',
        f'{field} = "{value}"',
        lock.read_text(),
        count=1,
        flags=re.MULTILINE,
    )
    assert count == 1
    lock.write_text(text)


@pytest.mark.spec("fetch-checks-pins")
def test_what_a_lock_pins_is_fetched_and_checked(source: GitSet, person: Person) -> None:
    directory = project(person, f"file://{source.path}")

    answer = person.json(directory, "fetch")

    assert answer.status == 0
    assert len(answer.document["atoms"]) == len(ATOMS)


@pytest.mark.spec("fetch-checks-pins")
@pytest.mark.parametrize(("field", "digits"), [("tree", 40), ("blake3", 64)])
@pytest.mark.parametrize("is_cached", [True, False])
def test_a_forged_pin_is_refused(
    source: GitSet, person: Person, field: str, digits: int, *, is_cached: bool
) -> None:
    directory = project(person, f"file://{source.path}")
    forge(directory, field, "1" * digits)
    someone = person if is_cached else Person(person.home / "someone")

    answer = someone.json(directory, "fetch")

    # Whoever locked it remembers its content, and hears first that it has changed.
    expected = "content-changed" if is_cached and field == "blake3" else "pin-mismatch"
    assert (answer.status, answer.code) == (5, expected)


@pytest.mark.spec("fetch-checks-pins")
def test_a_commit_of_another_atom_is_refused(source: GitSet, person: Person) -> None:
    directory = project(person, f"file://{source.path}")
    forge(directory, "rev", source.oid("refs/atoms/zlib/1.0.0").hex)

    answer = Person(person.home / "someone").json(directory, "fetch")

    assert answer.status == 5


@pytest.mark.spec("fetch-checks-pins")
def test_a_commit_that_lies_about_its_content_is_refused(source: GitSet, person: Person) -> None:
    directory = project(person, f"file://{source.path}")
    honest = source.atom("curl", "1.0.0", "pkgs/curl", {"data": "curl\n" * 50})
    assert honest.content is not None
    liar = source.point(replace(honest, content=replace(honest.content, hex="0" * 64)))
    forge(directory, "rev", liar.hex)

    answer = Person(person.home / "someone").json(directory, "fetch")

    assert (answer.status, answer.code) == (5, "claim-mismatch")


@pytest.mark.spec("fetch-by-id")
def test_a_locked_closure_comes_in_one_request(source: GitSet, person: Person) -> None:
    with serve(source.path.parent) as server:
        directory = project(person, f"{server.url}/set")
        server.log.clear()
        Person(person.home / "someone").does(directory, "fetch")
        methods = [exchange.method for exchange in server.log]

    assert methods == ["GET", "POST"]
