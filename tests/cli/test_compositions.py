"""What was composed once is not composed again, unless anything it came from has changed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.store import Store
from eka.workflow.compositions import MOST_KEPT
from eka.workflow.supply import supply_local
from tests.story import Answer, Person, Village

if TYPE_CHECKING:
    from collections.abc import Callable

OWN = '[package.sets]\nhere = "::"\n[deps.from.here]\nshell = "^1"\n'


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Village:
    made = Village(tmp_path_factory.mktemp("village"))
    made.publish(Person(tmp_path_factory.mktemp("publisher")))
    return made


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def app(person: Person, published: Village, tmp_path: Path) -> Path:
    """A project that depends on greet, which was built."""
    person.does(tmp_path, "new", "app")
    app = tmp_path / "app"
    person.does(app, "add", f"{published.url}::greet@^1")
    person.does(app, "build", "greet")
    return app


@pytest.fixture
def village(published: Village, tmp_path: Path) -> Village:
    return Village.copied(published, tmp_path / "village")


def remembered(person: Person) -> list[Path]:
    return sorted((person.home / ".cache/eka/compositions").iterdir())


def atoms_cache(person: Person) -> Path:
    return person.home / ".cache/eka/objects.git"


def output(answer: Answer) -> tuple[str, int]:
    """Return the path that was built and how many actions ran for it."""
    assert answer.status == 0, answer.out
    (built,) = answer.document["outputs"]
    return str(built["path"]), int(answer.document["built"])


def build(person: Person, where: Path, *words: str) -> tuple[str, int]:
    return output(person.json(where, "build", "--no-link", *words))


@pytest.mark.spec("compose-remembered")
def test_what_did_not_change_is_built_without_reading_any_atom(person: Person, app: Path) -> None:
    before = build(person, app, "greet")
    shutil.rmtree(atoms_cache(person))

    after = build(person, app, "greet", "--frozen")

    assert after == before
    assert not atoms_cache(person).exists()


@pytest.mark.spec("compose-remembered")
def test_another_target_another_lock_and_another_store_are_composed(
    person: Person, app: Path, published: Village, tmp_path: Path
) -> None:
    first = remembered(person)
    elsewhere = str(tmp_path / "store")

    other_store = build(person, app, "greet", "--store", elsewhere)
    person.does(app, "add", f"{published.url}::shell@^1")
    other_lock = build(person, app, "greet")

    assert other_store == (other_lock[0], 1)
    assert other_lock[1] == 0
    assert len(remembered(person)) == len(first) + 2
    with Store.open(Path(elsewhere)) as store:
        assert store.stats(largest=0).reductions["atom"] == 2


@pytest.mark.spec("compose-remembered")
def test_a_tree_that_is_gone_is_put_there_again(person: Person, app: Path) -> None:
    before, _ = build(person, app, "greet")
    (app / "result-greet").unlink()
    with Store.open(person.home / ".data/eka/store") as store:
        store.gc()

    after, built = build(person, app, "greet")

    assert (after, built) == (before, 1)


@pytest.mark.spec("compose-remembered")
@pytest.mark.parametrize("damage", [b"", b"\xff\n[]", b"0" * 64 + b"\n[]\n{}"])
def test_what_is_damaged_is_composed_anew(person: Person, app: Path, damage: bytes) -> None:
    before, _ = build(person, app, "greet")
    (file,) = remembered(person)
    whole = file.read_bytes()
    file.write_bytes(damage)

    after, _ = build(person, app, "greet")

    assert after == before
    assert file.read_bytes() == whole


@pytest.mark.spec("compose-remembered")
def test_an_edit_counts_in_the_project_in_its_recipe_and_in_a_neighbour(
    person: Person, village: Village
) -> None:
    script = "[build]\nrootfs = \"shell\"\nscript = '''cat word $near > $out'''\n"
    near = "[build]\nrootfs = \"shell\"\nscript = '''echo near > $out'''\n"
    village.atom("near", OWN + near)
    village.atom("work", OWN + 'near = "^1"\n' + script)
    village.write("work/word", "one\n")
    work = village.mono / "work"

    longer = script.replace("word", "word word")
    edits: tuple[Callable[[], None], ...] = (
        lambda: None,
        lambda: village.write("work/word", "two\n"),
        lambda: village.atom("work", OWN + 'near = "^1"\n' + longer),
        lambda: village.atom("near", OWN + near.replace("near >", "far >")),
    )
    said: list[str] = []
    for edit in edits:
        edit()
        path, built = build(person, work)
        assert built
        assert build(person, work) == (path, 0)
        store = person.home / ".data/eka/store/store"
        said.append((store / Path(path).name).read_text())

    assert said == ["one\nnear\n", "two\nnear\n", "two\ntwo\nnear\n", "two\ntwo\nfar\n"]


@pytest.mark.spec("compose-remembered")
def test_what_was_read_before_an_edit_is_not_remembered_under_the_name_of_what_is_there_now(
    person: Person, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = "[build]\nrootfs = \"shell\"\nscript = '''echo old > $out'''\n"
    village.atom("work", OWN + script)
    work = village.mono / "work"

    def edited_meanwhile(*words: object) -> object:
        village.atom("work", OWN + script.replace("old", "new"))
        monkeypatch.undo()
        return supply_local(*words)  # type: ignore[arg-type] # passed on as they are

    person.does(work, "lock")
    monkeypatch.setattr("eka.workflow.build.supply_local", edited_meanwhile)

    build(person, work)
    path, _ = build(person, work)

    store = person.home / ".data/eka/store/store"
    assert (store / Path(path).name).read_text() == "new\n"


def test_a_pin_that_is_not_what_was_seen_first_is_refused_though_its_plan_is_remembered(
    person: Person, app: Path
) -> None:
    log = person.home / ".state/eka/first-seen"
    (file,) = log.iterdir()
    lock = (app / "atom.lock").read_text()
    pinned = next(line for line in lock.splitlines() if line.startswith("blake3"))
    content = pinned.split('"')[1]
    seen = file.read_text()
    assert content in seen
    file.write_text(seen.replace(content, "0" * len(content)))

    answer = person.json(app, "build", "greet")

    assert answer.code == "content-changed"


def test_the_oldest_are_forgotten(person: Person, app: Path) -> None:
    folder = person.home / ".cache/eka/compositions"
    (file,) = remembered(person)
    for number in range(MOST_KEPT + 5):
        (folder / f"{number:064d}").write_bytes(b"")
    file.unlink()

    build(person, app, "greet")

    kept = remembered(person)
    assert len(kept) == MOST_KEPT
    assert file in kept


def test_a_directory_that_cannot_be_written_costs_time_only(person: Person, app: Path) -> None:
    before, _ = build(person, app, "greet")
    folder = person.home / ".cache/eka/compositions"
    shutil.rmtree(folder)
    folder.write_bytes(b"")

    after, _ = build(person, app, "greet")

    assert after == before
