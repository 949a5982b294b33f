"""Stories of somebody whose dependencies change: added, removed, updated, pinned."""

from __future__ import annotations

import shutil
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from tests.story import Person, Village, git

if TYPE_CHECKING:
    from pathlib import Path

FAILED, USAGE, NOT_FOUND, NETWORK, CONFLICT = 1, 2, 3, 4, 6
HERE = '[package.sets]\nhere = "::"\n[deps.from.here]\n'
FILES = ("atom.toml", "atom.lock")


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Village:
    """A village that has published curl, ssl and zlib in several versions; nobody changes it."""
    root = tmp_path_factory.mktemp("changes")
    made, owner = Village(root), Person(root / "owner")
    made.atom("zlib")
    made.atom("ssl", f'{HERE}zlib = "^1"\n')
    made.atom("curl", f'{HERE}ssl = "^1"\nzlib = "^1"\n')
    made.publish(owner)
    made.atom("zlib", version="1.0.1")
    made.atom("ssl", f'{HERE}zlib = "=1.0.1"\n', version="1.0.1")
    made.release(owner, "zlib", "ssl")
    made.atom("zlib", version="1.1.0")
    made.atom("ssl", f'{HERE}zlib = "^1.1"\n', version="1.1.0")
    made.atom("curl", f'{HERE}ssl = "^1.1"\nzlib = "^1"\n', version="2.0.0")
    made.release(owner, "zlib", "ssl", "curl")
    made.atom("zlib", version="2.0.0")
    for label in ("ssl", "curl"):
        made.atom(label, f'{HERE}zlib = "^2"\n', version="3.0.0")
    made.release(owner, "zlib", "ssl", "curl")
    owner.does(made.mono, "yank", "curl@3.0.0", "--reason", "broken")
    return made


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, village: Village) -> Path:
    """A home with a project that depends on curl and ssl, their first versions locked."""
    home = tmp_path_factory.mktemp("begun")
    person, app = Person(home), home / "app"
    person.does(home, "new", "app")
    words = [f"{village.url}::{label}@=1.0.0" for label in ("curl", "ssl", "zlib")]
    person.does(app, "add", *words, "--set", "core")
    text = (app / "atom.toml").read_text().replace('"=1.0.0"', '"^1"')
    (app / "atom.toml").write_text(text.replace('zlib = "^1"\n', ""))
    person.does(app, "lock")
    assert locked(app) == {"curl 1.0.0", "ssl 1.0.0", "zlib 1.0.0"}
    return home


@pytest.fixture
def person(tmp_path: Path, begun: Path) -> Person:
    shutil.copytree(begun, tmp_path / "home")
    return Person(tmp_path / "home")


@pytest.fixture
def user(person: Person) -> Path:
    """A project of one's own that depends on curl and ssl."""
    return person.home / "app"


@pytest.fixture
def app(person: Person) -> Path:
    """An empty project."""
    person.does(person.home, "new", "empty")
    return person.home / "empty"


def locked(project: Path) -> set[str]:
    """Return the atoms of a lock."""
    lock = tomllib.loads((project / "atom.lock").read_text())
    return {f"{atom['label']} {atom['version']}" for atom in lock.get("atom", [])}


def manifest(project: Path) -> dict[str, Any]:
    return tomllib.loads((project / "atom.toml").read_text())


def pair(project: Path) -> list[str | None]:
    paths = [project / name for name in FILES]
    return [path.read_text() if path.exists() else None for path in paths]


@pytest.mark.spec("change-add-all", "change-add-set")
def test_several_atoms_are_added_by_the_name_their_set_has(
    person: Person, village: Village, app: Path
) -> None:
    person.does(app, "add", f"{village.url}::ssl@=1.1.0", "--set", "core", "--dev")

    answer = person.json(app, "add", "core::curl@^2", "core::zlib").document

    assert manifest(app)["deps"]["from"] == {"core": {"curl": "^2", "zlib": "^2.0.0"}}
    assert [(each["label"], each["version"], each["set"]) for each in answer["added"]] == [
        ("curl", "2.0.0", "core"),
        ("zlib", "2.0.0", "core"),
    ]
    assert locked(app) == {"curl 2.0.0", "ssl 1.1.0", "zlib 1.1.0", "zlib 2.0.0"}
    assert [each["before"] for each in answer["added"]] == [None, None]


@pytest.mark.spec("change-add-set")
def test_a_label_alone_is_of_the_set_that_the_option_names(
    person: Person, village: Village, app: Path
) -> None:
    person.does(app, "add", f"{village.url}::ssl@=1.1.0", "--set", "core")

    person.does(app, "add", "zlib@=1.1.0", "curl@^2", "--set", "core")

    assert manifest(app)["deps"]["from"]["core"] == {
        "ssl": "=1.1.0", "zlib": "=1.1.0", "curl": "^2",
    }  # fmt: skip


@pytest.mark.spec("change-add-bare", "change-add-again")
def test_a_label_alone_is_the_dependency_there_is_and_gets_the_new_requirement(
    person: Person, user: Path
) -> None:
    told = person.does(user, "add", "curl@^2").out
    same = person.json(user, "add", "curl@^2").document

    assert told.startswith("changed curl ^1 to curl ^2 (2.0.0)")
    assert manifest(user)["deps"]["from"]["core"] == {"curl": "^2", "ssl": "^1"}
    assert (same["written"], same["added"][0]["before"]) == (False, "^2")


@pytest.mark.spec("change-add-all")
@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["core::zlib", "core::zlob", "core::crl"], NOT_FOUND, "problems"),
        (["core::zlib", "core::curl@^9"], NOT_FOUND, "no-matching-version"),
        (["core::zlib", "core::curl@"], USAGE, "invalid-uri"),
        (["core::zlib", "nothing"], NOT_FOUND, "not-in-own-set"),
        (["core::zlib", "nope::curl"], NOT_FOUND, "set-unknown"),
        (["core::zlib", "core::zlib@^1"], USAGE, "added-twice"),
        (["core::zlib", "--set", "other"], USAGE, "set-named-twice"),
        (["core::zlib", "deb:curl", "--dev"], USAGE, "development-source"),
        (["core::zlib", "url:ftp://a.org/x"], USAGE, "invalid-direct-source"),
        (["core::ssl@=1.0.1", "core::zlib@=1.0.0"], FAILED, "unsatisfiable"),
    ],
)
def test_where_one_cannot_be_added_none_is(
    person: Person, user: Path, words: list[str], status: int, code: str
) -> None:
    before = pair(user)

    answer = person.json(user, "add", *words)

    assert (answer.status, answer.code) == (status, code), answer.out
    assert pair(user) == before


@pytest.mark.spec("change-add-bare")
def test_a_label_of_two_sets_must_be_named_with_its_set(
    person: Person, village: Village, user: Path
) -> None:
    text = (user / "atom.toml").read_text()
    other = f'other = "{village.server}"\n'
    sets = text.replace("[deps.from.core]", f"{other}[deps.from.core]")
    (user / "atom.toml").write_text(f'{sets}[deps.from.other]\ncurl = "^1"\n')

    for words in (["add", "curl@^2"], ["remove", "curl"], ["pin", "curl"]):
        answer = person.json(user, *words)

        assert answer.status == USAGE
        assert "other::curl" in answer.out

    person.does(user, "remove", "other::curl")
    assert "other" not in (user / "atom.toml").read_text()


@pytest.mark.spec("change-add-direct")
def test_direct_sources_are_declared_as_they_are_typed(person: Person, app: Path) -> None:
    words = [
        "data=url:http://127.0.0.1:9/a/zlib-1.3.tar.gz#sha256=" + "0" * 64,
        "deb:src:zlib/sid",
    ]

    answer = person.json(app, "add", *words, "--dry-run", "--offline")

    assert (answer.status, answer.code) == (NETWORK, "offline")  # they would have to be pinned
    assert "deps" not in manifest(app)


def test_the_root_of_a_set_names_its_atoms(person: Person, village: Village) -> None:
    for words in (["add", "zlib"], ["remove", "zlib"], ["pin", "zlib"], ["unpin", "zlib"]):
        answer = person.json(village.mono, *words)

        assert (answer.status, answer.code) == (USAGE, "set-root")
        assert "-C curl" in answer.document["error"]["fix"]


@pytest.mark.spec("change-remove", "change-remove-lock")
def test_what_is_removed_takes_along_what_only_it_needed(person: Person, user: Path) -> None:
    person.does(user, "add", "core::zlib@=2.0.0")
    before = (user / "atom.toml").read_text()

    answer = person.json(user, "remove", "zlib", "curl").document
    offline = person.json(user, "remove", "ssl", "--offline").document

    assert [each["before"] for each in answer["changes"]] == ["1.0.0", "2.0.0"]
    assert answer["listings"] == []  # nobody was asked
    assert (answer["sets"], offline["sets"]) == ([], ["core"])
    assert offline["tables"] == ["deps.from.core", "package.sets"]
    assert locked(user) == set()
    assert (user / "atom.toml").read_text() == before[: before.index("\n[package.sets]")]
    assert person.eka(user, "lock", "--locked").status == 0


@pytest.mark.spec("change-remove-lock")
def test_a_lock_after_a_removal_is_the_one_that_would_be_chosen(
    person: Person, user: Path
) -> None:
    person.does(user, "add", "core::zlib@=2.0.0", "--dev")

    person.does(user, "remove", "ssl")

    assert locked(user) == {"curl 1.0.0", "ssl 1.0.0", "zlib 1.0.0", "zlib 2.0.0"}
    assert person.eka(user, "lock", "--locked").status == 0


@pytest.mark.spec("change-remove-lock")
def test_a_stale_lock_is_made_anew_when_something_is_removed(person: Person, user: Path) -> None:
    text = (user / "atom.toml").read_text()
    (user / "atom.toml").write_text(text.replace('ssl = "^1"', 'ssl = "=1.1.0"'))

    person.does(user, "remove", "curl")

    assert locked(user) == {"ssl 1.1.0", "zlib 1.1.0"}
    assert person.eka(user, "lock", "--locked").status == 0


@pytest.mark.spec("change-named")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["zlib"], "it is locked because of curl 1.0.0, ssl 1.0.0"),
        (["crl"], "did you mean curl?"),
        (["curl", "--dev"], "atom.toml requires nothing"),
        (["curl", "--direct", "url"], "atom.toml requires nothing"),
    ],
)
def test_what_is_not_required_cannot_be_removed(
    person: Person, user: Path, words: list[str], said: str
) -> None:
    before = pair(user)

    answer = person.json(user, "remove", *words)

    assert (answer.status, answer.code) == (NOT_FOUND, "not-a-dependency")
    assert said in answer.out
    assert pair(user) == before


@pytest.mark.spec("change-named")
def test_lines_of_one_atom_are_told_apart_by_options(person: Person, user: Path) -> None:
    person.does(user, "add", "curl@^1", "--dev")

    unclear = person.json(user, "remove", "curl")
    person.does(user, "remove", "curl", "--dev")

    assert (unclear.status, unclear.code) == (USAGE, "dependency-line-ambiguous")
    assert "--no-dev core::curl" in unclear.document["error"]["fix"]
    assert manifest(user)["deps"] == {"from": {"core": {"curl": "^1", "ssl": "^1"}}}
    assert person.json(user, "remove", "curl", "--dev", "--direct", "url").code == "usage"


@pytest.mark.spec("change-remove-used")
def test_what_a_recipe_names_is_not_removed(person: Person, user: Path) -> None:
    (user / "atom.toml").write_text(
        (user / "atom.toml").read_text() + "\n[build]\nrootfs = 'curl'\nscript = 'make'\n"
    )
    before = pair(user)

    answer = person.json(user, "remove", "curl")

    assert (answer.status, answer.code) == (CONFLICT, "still-used")
    assert "rootfs = 'curl'" in answer.document["error"]["why"]
    assert pair(user) == before


@pytest.mark.spec("change-remove")
def test_a_direct_source_is_removed_by_its_name(person: Person, app: Path) -> None:
    text = (app / "atom.toml").read_text()
    (app / "atom.toml").write_text(
        f'{text}\n[deps.direct.url]\ndata.url = "https://a.org/x" # why\n# all\n'
    )

    told = person.does(app, "remove", "data").out

    assert "removed data (url source)" in told
    assert "[deps.direct.url] stays" in told
    assert (app / "atom.toml").read_text() == f"{text}\n[deps.direct.url]\n# all\n"


@pytest.mark.spec("change-update-others", "change-update-stays")
def test_a_named_atom_moves_alone_or_says_what_holds_it(person: Person, user: Path) -> None:
    person.does(user, "add", "ssl@~1.0")
    before = pair(user)

    tried = person.json(user, "update", "ssl", "--dry-run").document["projects"][0]
    told = person.does(user, "update", "ssl").out
    person.does(user, "update", "ssl", "--recursive")

    (stay,) = tried["stays"]
    assert (stay["version"], stay["newest"]) == ("1.0.0", "1.0.1")
    assert stay["because"] == ["ssl 1.0.1 requires zlib =1.0.1, which is locked at 1.0.0"]
    assert "eka update ssl --recursive" in stay["hint"]
    assert stay["because"][0] in told
    assert pair(user)[0] == before[0]
    assert locked(user) == {"curl 1.0.0", "ssl 1.0.1", "zlib 1.0.1"}


@pytest.mark.spec("change-update-all", "change-update-yanked", "change-update-reach")
def test_everything_is_updated_as_far_as_it_may(person: Person, user: Path) -> None:
    text = (user / "atom.toml").read_text()
    (user / "atom.toml").write_text(text.replace('curl = "^1"', 'curl = "*"'))
    person.does(user, "lock")

    person.does(user, "update", "--patch")
    patched = locked(user)
    person.does(user, "update", "--minor")
    minor = locked(user)
    report = person.json(user, "update", "-v").document["projects"][0]

    assert patched == {"curl 1.0.0", "ssl 1.0.1", "zlib 1.0.1"}
    assert minor == {"curl 1.0.0", "ssl 1.1.0", "zlib 1.1.0"}
    assert report["changes"][0]["after"] == "2.0.0"  # 3.0.0 is yanked
    assert locked(user) == {"curl 2.0.0", "ssl 1.1.0", "zlib 1.1.0"}
    assert "nothing to update" in person.does(user, "update", "--offline").out


@pytest.mark.spec("change-precise")
def test_one_version_is_taken_exactly(person: Person, user: Path) -> None:
    person.does(user, "update", "zlib", "--precise", "1.1.0")

    assert locked(user) == {"curl 1.0.0", "ssl 1.0.0", "zlib 1.1.0"}

    before = pair(user)
    answer = person.json(user, "update", "zlib", "--precise", "2.0.0")
    assert (answer.status, answer.code) == (FAILED, "unsatisfiable")
    assert "2.0.0" in answer.document["error"]["why"]
    assert pair(user) == before


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["zlb"], NOT_FOUND, "atom-not-locked"),
        (["zlib@1.1.0"], USAGE, "update-unclear"),
        (["--recursive"], USAGE, "update-unclear"),
        (["--precise", "1.0.0"], USAGE, "update-unclear"),
        (["curl", "ssl", "--precise", "1.0.0"], USAGE, "update-unclear"),
        (["curl", "--precise", "1.0.0", "--minor"], USAGE, "update-unclear"),
        (["curl", "--patch", "--minor"], USAGE, "usage"),
        (["curl", "--precise", "7.0.0"], NOT_FOUND, "precise-not-listed"),
        (["curl", "--precise", "seven"], USAGE, "invalid-version"),
    ],
)
def test_an_update_that_cannot_be_meant_is_refused(
    person: Person, user: Path, words: list[str], status: int, code: str
) -> None:
    before = pair(user)

    answer = person.json(user, "update", *words)

    assert (answer.status, answer.code) == (status, code)
    assert pair(user) == before


@pytest.mark.spec("change-update-direct")
def test_a_named_direct_source_is_looked_for_and_no_atom_moves(person: Person, user: Path) -> None:
    (user / "data").write_text("one")
    text = (user / "atom.toml").read_text()
    (user / "atom.toml").write_text(
        f'{text}\n[deps.direct.url]\ndata.url = "http://127.0.0.1:9/x"\n'
    )
    before = pair(user)

    alone = person.json(user, "update", "data")
    offline = person.json(user, "update", "data", "--offline")

    assert (alone.status, offline.status) == (NETWORK, NETWORK)
    assert "data" in alone.out + offline.out
    assert pair(user) == before


@pytest.mark.spec("change-root")
def test_in_the_root_of_a_set_all_its_atoms_are_updated(
    person: Person, village: Village, tmp_path: Path
) -> None:
    mono = Village.copied(village, tmp_path / "copy").mono
    git(mono, "fetch", "-q", "origin", "refs/ekala/init:refs/ekala/init")
    for label in ("one", "two"):
        (mono / label).mkdir()
        (mono / label / "atom.toml").write_text(
            f'[package]\nlabel = "{label}"\nversion = "1.0.0"\n{HERE}zlib = "^2"\n'
        )

    answer = person.json(mono, "update", "zlib")
    wrong = person.json(mono, "update", "zlob")
    again = person.does(mono, "update").out

    assert answer.status == 0, answer.out
    assert {each["directory"] for each in answer.document["projects"]} >= {
        str(mono / "one"), str(mono / "two"),
    }  # fmt: skip
    assert locked(mono / "one") == {"zlib 2.0.0"}
    assert (wrong.status, wrong.code) == (NOT_FOUND, "atom-not-locked")
    assert again.startswith("nothing to update in ")


@pytest.mark.spec("change-pin", "change-pin-same")
def test_a_requirement_is_pinned_and_unpinned_in_place(person: Person, user: Path) -> None:
    text = (user / "atom.toml").read_text()
    (user / "atom.toml").write_text(text.replace('curl = "^1"', "curl   = '^1'  # why"))
    line = "curl   = '{}'  # why"

    told = person.does(user, "pin", "curl").out
    pinned = (user / "atom.toml").read_text()
    again = person.json(user, "pin", "core::curl").document
    other = person.json(user, "pin", "ssl@1.1.0").document
    person.does(user, "unpin", "curl", "ssl")
    unpinned = (user / "atom.toml").read_text()
    twice = person.does(user, "unpin", "curl").out

    assert told.startswith("pinned core::curl =1.0.0 (was ^1)")
    assert line.format("=1.0.0") in pinned
    assert (again["written"], again["lines"][0]["after"]) == (False, "=1.0.0")
    assert [(each["before"], each["after"]) for each in other["changes"]] == [
        ("1.0.0", "1.1.0"),
        ("1.0.0", "1.1.0"),
    ]
    assert line.format("^1.0.0") in unpinned
    assert locked(user) == {"curl 1.0.0", "ssl 1.1.0", "zlib 1.1.0"}
    assert twice == "not pinned: core::curl ^1.0.0\n"
    assert person.eka(user, "lock", "--locked").status == 0


@pytest.mark.spec("change-pin")
def test_lines_for_development_are_pinned_with_the_others(person: Person, user: Path) -> None:
    person.does(user, "add", "curl@>=1, <2", "--dev")
    text = (user / "atom.toml").read_text()
    (user / "atom.toml").write_text(text.replace('ssl = "^1"', 'ssl = "=1.0.1"'))  # a stale lock

    person.does(user, "pin", "curl", "ssl")

    assert manifest(user)["deps"] == {
        "from": {"core": {"curl": "=1.0.0", "ssl": "=1.0.1"}},
        "dev": {"from": {"core": {"curl": "=1.0.0"}}},
    }
    assert locked(user) == {"curl 1.0.0", "ssl 1.0.1", "zlib 1.0.1"}


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["pin", "zlib"], NOT_FOUND, "not-a-dependency"),
        (["unpin", "zlib", "nope"], NOT_FOUND, "problems"),
        (["pin", "curl@7.0.0"], NOT_FOUND, "no-matching-version"),
        (["pin", "curl@1"], USAGE, "invalid-version"),
        (["pin", "curl@1.0.0", "curl@2.0.0"], USAGE, "pinned-twice"),
        (["pin", "ssl@1.0.1", "curl@3.0.0"], FAILED, "unsatisfiable"),
    ],
)
def test_what_cannot_be_pinned_is_refused(
    person: Person, user: Path, words: list[str], status: int, code: str
) -> None:
    before = pair(user)

    answer = person.json(user, *words)

    assert (answer.status, answer.code) == (status, code)
    assert pair(user) == before


@pytest.mark.spec("flow-nothing")
@pytest.mark.parametrize(
    "words",
    [["remove", "curl"], ["update"], ["pin", "curl"], ["add", "core::zlib"], ["unpin", "ssl"]],
)
def test_a_dry_run_says_what_would_change_and_writes_nothing(
    person: Person, user: Path, words: list[str]
) -> None:
    text = (user / "atom.toml").read_text()
    (user / "atom.toml").write_text(text.replace('ssl = "^1"', 'ssl = "=1.0.0"'))
    before = pair(user)

    answer = person.json(user, *words, "--dry-run")
    told = person.does(user, *words, "--dry-run").out

    assert answer.status == 0
    assert answer.document["dry_run"] is True
    assert told.startswith("would ")
    assert pair(user) == before
