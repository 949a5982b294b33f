"""Somebody takes what somebody else built: ``eka build --from``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.store import Store, StorePath
from eka.store_cli.push import sign_closure
from tests.fakes.caches import KEY, RESOLVED, pushed
from tests.story import Answer, Person, Village

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = "echo hello > $out"


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Village:
    """A monorepo with an atom that is built."""
    made = Village(tmp_path_factory.mktemp("village"))
    made.publish(Person(tmp_path_factory.mktemp("home")))
    depends = '[package.sets]\nhere = "::"\n[deps.from.here]\nshell = "^1"\n'
    made.atom("work", f"{depends}[build]\nrootfs = \"shell\"\nscript = '''\n{SCRIPT}\n'''\n")
    return made


@pytest.fixture(scope="module")
def cache(village: Village, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of what somebody built and signed."""
    builder = Person(tmp_path_factory.mktemp("builder"))
    built = builder.json(village.mono / "work", "build", "--no-link").document
    root = builder.home / ".data/eka/store"
    with Store.open(root, durable=False) as store:
        (output,) = built["outputs"]
        path = StorePath.parse(output["path"])
        sign_closure(store, [path], KEY)
        store.keep("result", path)
    pushed(root, builder.home / "cache")
    return builder.home / "cache"


@pytest.fixture
def person(tmp_path: Path) -> Person:
    """Somebody who trusts the builder, and has built nothing."""
    made = Person(tmp_path / "person")
    with Store.open(made.home / ".data/eka/store", durable=False) as store:
        store.trust(KEY.public, RESOLVED)
    return made


def counts(answer: Answer) -> tuple[int, int, int]:
    document = answer.document
    return document["built"], document["cached"], document["substituted"]


def test_what_a_cache_has_is_taken_and_not_built(
    village: Village, cache: Path, person: Person, tmp_path: Path
) -> None:
    work, link = village.mono / "work", tmp_path / "result"

    first = person.json(work, "build", "--from", str(cache), "--no-build", "--link", str(link))
    again = person.json(work, "build", "--from", str(cache), "--no-link")

    assert (counts(first), counts(again)) == ((0, 0, 1), (0, 1, 0))
    assert link.read_text() == "hello\n"


def test_caches_of_the_settings_are_asked_unless_offline(
    village: Village, cache: Path, person: Person
) -> None:
    config = person.home / ".config/eka/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f'[build]\ncaches = ["/nowhere", "{cache}"]\n')
    work = village.mono / "work"
    person.json(work, "build", "--no-link", "--plan")  # what is needed from the set

    offline = person.json(work, "build", "--no-link", "--no-build", "--offline")
    told = person.eka(work, "build", "--no-link", "--no-build")

    assert (offline.status, offline.code) == (3, "not-in-caches")
    assert "1 from caches" in told.out
    assert "/nowhere: this is not a binary cache of eka" in told.err


def test_nothing_built_cannot_be_compared(village: Village, person: Person) -> None:
    answer = person.json(village.mono / "work", "build", "--no-build", "--check")

    assert (answer.status, answer.code) == (2, "usage")
