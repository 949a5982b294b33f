"""What a lock that stands there already means to the next one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.story import Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def village(tmp_path: Path, person: Person) -> Village:
    made = Village(tmp_path / "village")
    made.publish(person)
    return made


@pytest.fixture
def app(person: Person, village: Village) -> Path:
    person.does(person.home, "new", "app")
    person.does(person.home / "app", "add", f"{village.url}::greet@^1")
    return person.home / "app"


def version_1(village: Village) -> str:
    genesis = git(village.mono, "rev-list", "--max-parents=0", "HEAD")
    rev = git(village.server, "rev-parse", "refs/atoms/greet/1.0.0")
    return (
        f'version = 1\n[sets.{genesis}]\ntag = "pkgs"\nmirrors = ["{village.url}"]\n'
        f'[[deps]]\ntype = "atom"\nlabel = "greet"\nversion = "1.0.0"\nset = "{genesis}"\n'
        f'rev = "{rev}"\nid = "{"0" * 52}"\n'
    )


def locked_version(app: Path) -> str:
    found = re.search(r'label = "greet"\nversion = "([^"]+)"', (app / "atom.lock").read_text())
    assert found is not None
    return found[1]


@pytest.mark.spec("lock-previous")
def test_the_versions_of_a_lock_of_version_1_are_kept(
    person: Person, village: Village, app: Path
) -> None:
    old = version_1(village)
    village.greet("good day", version="1.1.0")
    village.publish(person)
    (app / "atom.lock").write_text(old)

    answer = person.does(app, "lock")

    assert locked_version(app) == "1.0.0"
    assert "version 1" in answer.err


@pytest.mark.spec("lock-previous")
def test_an_update_forgets_what_was_chosen(person: Person, village: Village, app: Path) -> None:
    village.greet("good day", version="1.1.0")
    village.publish(person)
    person.does(app, "lock")
    kept = locked_version(app)

    person.does(app, "lock", "--update")

    assert (kept, locked_version(app)) == ("1.0.0", "1.1.0")


SPOILERS: dict[str, Callable[[str], str]] = {
    "conflict": lambda text: "<<<<<<< ours\n" + text,
    "edited": lambda text: text.replace("version = 2", "version = 2\n\n"),
    "cut": lambda text: text[: len(text) // 2],
    "tampered": lambda text: re.sub(r'id = "[0-9a-v]{52}"', f'id = "{"0" * 52}"', text),
}


@pytest.mark.spec("lock-previous")
@pytest.mark.parametrize("how", SPOILERS)
def test_a_lock_that_cannot_be_used_is_made_anew_and_that_is_said(
    person: Person, app: Path, how: str
) -> None:
    good = (app / "atom.lock").read_text()
    (app / "atom.lock").write_text(SPOILERS[how](good))
    refused = person.json(app, "build", "greet")

    answer = person.does(app, "lock")

    assert refused.status in {1, 5}
    assert (app / "atom.lock").read_text() == good
    assert "made anew" in answer.err


@pytest.mark.spec("lock-previous")
def test_a_lock_of_a_newer_eka_is_never_overwritten(person: Person, app: Path) -> None:
    newer = (app / "atom.lock").read_text().replace("version = 2", "version = 3", 1)
    (app / "atom.lock").write_text(newer)

    answer = person.json(app, "lock")

    assert answer.code == "lock-too-new"
    assert (app / "atom.lock").read_text() == newer
