"""Locks with one digit changed, and objects that are another content under their id."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

import pytest

from eka.git.objects import PygitReader
from tests.fakes.raw_git import RawRepository
from tests.story import Person, Village

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eka.atom import ObjectId

UNSATISFIABLE, NETWORK, INTEGRITY, BUG = 1, 4, 5, 70


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("objects")


@pytest.fixture(scope="module")
def person(root: Path) -> Person:
    return Person(root / "home")


@pytest.fixture(scope="module")
def village(root: Path, person: Person) -> Village:
    made = Village(root / "village")
    made.publish(person)
    return made


@pytest.fixture
def app(tmp_path: Path, person: Person, village: Village) -> Path:
    """A project that depends on ``greet`` of the village."""
    person.does(tmp_path, "new", "app")
    person.does(tmp_path / "app", "add", f"{village.url}::greet@^1")
    return tmp_path / "app"


def digits(text: str) -> list[int]:
    """Return where the digits of all ids and hashes of a lock stand."""
    values = re.finditer(r'"([0-9a-z]{32,}|[0-9a-f]{40}::[^"]*)"', text)
    return [
        at
        for value in values
        for at in range(value.start(1), min(value.end(1), value.start(1) + 64))
    ]


def changed(text: str, at: int) -> str:
    """Return a lock with another digit at one place."""
    return f"{text[:at]}{'3' if text[at] != '3' else '4'}{text[at + 1 :]}"


@pytest.mark.spec("flow-current", "lock-fields")
def test_s03_no_digit_of_a_lock_can_be_another(
    person: Person, app: Path, rounds: Callable[[int, int], int]
) -> None:
    lock = app / "atom.lock"
    sound = lock.read_text()
    places = digits(sound)
    assert len(places) > 400

    for at in places[7 :: max(1, len(places) // rounds(12, 10_000))]:
        lock.write_text(changed(sound, at))
        answers = [
            person.json(app, *words) for words in (["verify"], ["build", "greet", "--locked"])
        ]
        assert not {answer.status for answer in answers} & {0, BUG}, (at, answers)
        assert lock.read_text() == changed(sound, at)

    lock.write_text(sound)
    assert person.json(app, "verify").status == 0


@pytest.mark.spec("flow-checked")
def test_s03_nothing_is_given_away_that_a_forged_lock_pins(
    person: Person, app: Path, village: Village
) -> None:
    lock = app / "atom.lock"
    sound = lock.read_text()
    for key in ("tree", "blake3", "rev"):
        at = sound.index(f'{key} = "') + len(key) + 10
        lock.write_text(changed(sound, at))

        vendored = person.json(app, "vendor", "vendored")
        mirrored = person.json(app, "mirror", "mirrored")

        assert vendored.status not in (0, BUG), (key, vendored)
        assert mirrored.status not in (0, BUG), (key, mirrored)
        assert not list(app.glob("vendored/*/word"))
    assert village.server.exists()


# --- another content under one id --------------------------------------------------------------


@pytest.fixture
def raw(tmp_path: Path) -> tuple[RawRepository, ObjectId, Path]:
    """A set with one atom, the id of a file in it, and a project that has locked it."""
    made = RawRepository(tmp_path / "set.git")
    word = made.file("word", "honest\n")
    made.publish(made.atom("lib", made.manifest("lib"), word))
    writer = Person(tmp_path / "writer")
    writer.does(writer.home, "new", "app")
    writer.does(writer.home / "app", "add", f"file://{made.path}::lib")
    return made, word[2], writer.home / "app"


@pytest.mark.spec("fetch-checks")
@pytest.mark.parametrize("way", ["locked", "new"])
def test_s08_a_server_that_gives_another_content_for_an_id_is_refused(
    way: str, raw: tuple[RawRepository, ObjectId, Path], tmp_path: Path
) -> None:
    made, word, app = raw
    evil = b"evil!!\n"
    path = made.path / "objects" / word.hex[:2] / word.hex[2:]
    path.write_bytes(zlib.compress(b"blob %d\0" % len(evil) + evil))
    stranger = Person(tmp_path / "stranger")
    if way == "new":
        stranger.does(tmp_path, "new", "fresh")
        app = tmp_path / "fresh"
    before = {path.name: path.read_bytes() for path in app.iterdir()}

    uri = f"file://{made.path}::lib"
    words = [["add", uri], ["verify", uri]] if way == "new" else [["fetch"], ["vendor", "out"]]
    answers = [stranger.json(app, *each) for each in words]

    assert {answer.status for answer in answers} <= {3, NETWORK, INTEGRITY}, answers
    left = {path.name: path.read_bytes() for path in app.iterdir() if path.is_file()}
    assert left == before
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name == "word"]
    assert not [path for path in files if path.read_bytes() == evil]


@pytest.mark.spec("flow-checked", "lock-fields")
@pytest.mark.parametrize("command", ["verify", "vendor", "build"])
def test_s08_another_content_under_one_id_is_told_by_the_content_hash(
    command: str,
    raw: tuple[RawRepository, ObjectId, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As if somebody had found a collision of SHA-1: git's id is right, the bytes are others."""
    _, word, app = raw
    read = PygitReader.read

    def collided(self: PygitReader, oid: ObjectId) -> tuple[str, bytes]:
        kind, data = read(self, oid)
        return kind, b"evil!!\n" if oid == word else data

    monkeypatch.setattr(PygitReader, "read", collided)
    stranger = Person(tmp_path / "stranger")
    words = {
        "verify": ["verify"],
        "vendor": ["vendor", "out"],
        "build": ["build", "lib", "--locked"],
    }

    answer = stranger.json(app, *words[command])

    assert answer.status == INTEGRITY, answer
    assert not list(app.glob("out/*/word"))
