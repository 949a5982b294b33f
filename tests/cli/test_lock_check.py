"""``lock --check`` and its neighbours ``--locked`` and ``--frozen``."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.fakes.quick_set import QuickSet
from tests.story import Person, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EXIT_FAILED, EXIT_USAGE, EXIT_NOT_FOUND, EXIT_NETWORK, EXIT_INTEGRITY = 1, 2, 3, 4, 5
NOBODY = "file:///nowhere/at/all.git"


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def far(tmp_path: Path) -> QuickSet:
    made = QuickSet(tmp_path / "far.git")
    for name in ("lib@1.0.0", "lib@1.1.0", "lib@2.0.0", "other@1.0.0"):
        made.release(name)
    return made


@pytest.fixture
def app(tmp_path: Path, far: QuickSet, person: Person) -> Path:
    directory = tmp_path / "app"
    directory.mkdir()
    (directory / "atom.toml").write_text(far.project({"lib": "^1"}))
    person.does(directory, "lock")
    return directory


def files(directory: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


@pytest.mark.spec("flow-check")
def test_a_lock_that_fits_is_fine_without_cache_and_network(
    person: Person, far: QuickSet, app: Path
) -> None:
    before = files(app)
    shutil.rmtree(far.path)
    shutil.rmtree(person.home)

    answer = person.json(app, "lock", "--check")
    told = person.does(app, "lock", "--check").out

    assert answer.status == 0
    assert [each["written"] for each in answer.document["projects"]] == [False]
    assert "up to date" in told
    assert files(app) == before


def rewrite(app: Path, change: Callable[[str], str]) -> None:
    path = app / "atom.toml"
    path.write_text(change(path.read_text()))


CHANGES: dict[str, tuple[Callable[[str], str], list[str]]] = {
    "requirement": (
        lambda text: text.replace('"^1"', '"^2"'),
        [
            "atom.toml asks for lib ^2 (line 7), and it has 1.1.0 for that",
            "it has lib 1.1.0, which no line asks for",
        ],
    ),
    "more": (
        lambda text: text + 'other = "^1"\n',
        ["atom.toml asks for other ^1 (line 8), and it has nothing for that"],
    ),
    "less": (
        lambda text: text.replace('lib = "^1"\n', ""),
        ["it has lib 1.1.0, which no line asks for"],
    ),
    "style": (
        lambda text: text.replace('"^1"', '">=1, <2"'),
        ["systems, sets, [patch] or [resolution] were edited since the lock was written"],
    ),
    "dev": (
        lambda text: text + '[deps.dev.from.far]\nother = "*"\n',
        ["atom.toml asks for other * (line 9), and it has nothing for that"],
    ),
    "single": (
        lambda text: text + '[resolution]\nsingle = ["far::lib"]\n',
        ["systems, sets, [patch] or [resolution] were edited since the lock was written"],
    ),
    "mirror": (
        lambda text: text.replace('git"\n', f'git"\nnew = "{NOBODY}"\n', 1)
        + '[resolution]\nsingle = ["new::lib"]\n',
        ["systems, sets, [patch] or [resolution] were edited since the lock was written"],
    ),
    "direct": (
        lambda text: text + '[deps.direct.url]\ndata.url = "https://example.org/data"\n',
        ["the url source data is not pinned"],
    ),
}


@pytest.mark.spec("flow-check")
@pytest.mark.parametrize("name", CHANGES)
def test_all_that_differs_is_told_and_nothing_is_written(
    person: Person, far: QuickSet, app: Path, name: str
) -> None:
    change, expected = CHANGES[name]
    rewrite(app, change)
    before = files(app)
    shutil.rmtree(far.path)

    answer = person.json(app, "lock", "--check")

    error = answer.document["error"]
    assert (answer.status, answer.code) == (EXIT_FAILED, "lock-stale")
    assert [error["why"], *error.get("details", [])] == expected
    assert files(app) == before


@pytest.mark.spec("flow-check", "flow-locked", "flow-frozen")
@pytest.mark.parametrize("option", ["--check", "--locked", "--frozen"])
def test_a_missing_lock_is_refused(person: Person, app: Path, option: str) -> None:
    (app / "atom.lock").unlink()

    answer = person.json(app, "lock", option)

    assert (answer.status, answer.code) == (EXIT_FAILED, "lock-missing")
    assert not (app / "atom.lock").exists()


@pytest.mark.spec("flow-locked", "flow-frozen", "flow-check")
@pytest.mark.parametrize(
    ("option", "status", "code"),
    [
        ("--locked", EXIT_FAILED, "lock-stale"),
        ("--frozen", EXIT_NETWORK, "offline"),
        ("--check", EXIT_FAILED, "lock-stale"),
    ],
)
def test_locked_may_ask_frozen_may_not_and_check_need_not(
    person: Person, app: Path, option: str, status: int, code: str
) -> None:
    rewrite(app, lambda text: text + 'other = "^1"\n')
    before = files(app)

    answer = person.json(app, "lock", option)

    assert (answer.status, answer.code) == (status, code)
    assert files(app) == before


@pytest.mark.spec("flow-check")
def test_an_interrupted_update_is_told_and_left_to_the_next_command(
    person: Person, app: Path
) -> None:
    (app / ".atom.pending").write_text("{}")

    answer = person.json(app, "lock", "--check")

    assert (answer.status, answer.code) == (EXIT_FAILED, "lock-stale")
    assert (app / ".atom.pending").exists()


@pytest.mark.spec("flow-check", "flow-places")
def test_a_lock_that_leads_elsewhere_is_refused(person: Person, far: QuickSet, app: Path) -> None:
    lock = app / "atom.lock"
    lock.write_text(lock.read_text().replace(far.url, NOBODY))

    answer = person.json(app, "lock", "--check")

    assert (answer.status, answer.code) == (EXIT_INTEGRITY, "lock-source-refused")


@pytest.mark.spec("flow-check")
@pytest.mark.parametrize(
    "more", ["--update", "--refresh", "--dry-run", "--minimal", "--accept-source=x:"]
)
def test_a_check_goes_with_nothing_that_changes_locks(
    person: Person, app: Path, more: str
) -> None:
    answer = person.json(app, "lock", "--check", more)

    assert (answer.status, answer.code) == (EXIT_USAGE, "usage")


@pytest.mark.spec("flow-check")
def test_where_there_is_no_project_nothing_is_checked(person: Person, tmp_path: Path) -> None:
    answer = person.json(tmp_path, "lock", "--check")

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "project-not-found")


@pytest.fixture
def mono(tmp_path: Path, person: Person) -> Path:
    """A set of two atoms, of which ``top`` needs ``base``."""
    root = tmp_path / "mono"
    git(tmp_path, "init", "-q", "-b", "main", str(root))
    (root / "ekala.toml").write_text('[set]\npackages = ["*"]\n')
    member(root, "base")
    member(root, "top", '[package.sets]\nhere = "::"\n[deps.from.here]\nbase = "^1"\n')
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Begin")
    person.does(root, "init")
    person.does(root, "lock")
    return root


def member(root: Path, label: str, more: str = "", version: str = "1.0.0") -> None:
    (root / label).mkdir(exist_ok=True)
    (root / label / "atom.toml").write_text(
        f'[package]\nlabel = "{label}"\nversion = "{version}"\n{more}'
    )


@pytest.mark.spec("flow-check", "flow-own")
def test_all_locks_of_a_set_are_checked_against_the_working_tree(
    person: Person, mono: Path
) -> None:
    fine = person.json(mono, "lock", "--check")
    member(mono, "base", version="1.2.0")
    member(mono, "late")

    answer = person.json(mono, "lock", "--check")

    assert len(fine.document["projects"]) == 2
    problems = answer.document["error"]["problems"]
    assert answer.status == EXIT_FAILED
    assert [each["code"] for each in problems] == ["lock-missing", "lock-stale"]
    assert problems[1]["why"] == "it has base 1.0.0, which is 1.2.0"


@pytest.mark.spec("flow-own", "flow-current")
def test_a_sibling_that_went_away_makes_the_lock_stale(person: Person, mono: Path) -> None:
    shutil.rmtree(mono / "base")

    checked = person.json(mono / "top", "lock", "--check")
    locked = person.json(mono / "top", "lock")

    assert checked.document["error"]["why"] == "it has base 1.0.0, which is no longer here"
    assert (locked.status, locked.code) == (EXIT_NOT_FOUND, "no-such-package")


@pytest.mark.spec("flow-own", "flow-current")
@pytest.mark.parametrize(
    ("needs", "why"),
    [
        ('[package.sets]\nhere = "::"\n[deps.from.here]\ndeep = "^1"\n', "base needs deep ^1 now"),
        ("", None),
    ],
)
def test_a_sibling_that_needs_something_else_makes_the_lock_stale(
    person: Person, mono: Path, needs: str, why: str | None
) -> None:
    member(mono, "deep")
    member(mono, "base", needs)

    answer = person.json(mono / "top", "lock", "--check")
    person.does(mono, "lock")
    member(mono, "base", "")
    later = person.json(mono / "top", "lock", "--check")

    assert (answer.document["error"]["why"] if why else None) == why
    if why:
        assert later.document["error"]["why"] == "base does not need deep 1.0.0 any more"
    else:
        assert later.status == 0


@pytest.mark.spec("flow-own")
def test_a_sibling_whose_version_does_not_fit_is_explained_by_its_place(
    person: Person, mono: Path
) -> None:
    member(mono, "base", version="2.0.0")

    answer = person.json(mono / "top", "lock")

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "no-matching-version")
    assert (
        "base 2.0.0 is the one in base, of the same repository"
        in (answer.document["error"]["why"])
    )


@pytest.mark.spec("flow-own")
def test_a_sibling_is_taken_as_it_is_though_nothing_of_it_was_committed(
    person: Person, mono: Path
) -> None:
    member(mono, "fresh")
    text = (mono / "top/atom.toml").read_text()
    (mono / "top/atom.toml").write_text(text + 'fresh = "^1"\n')

    person.does(mono / "top", "lock")
    checked = person.json(mono / "top", "lock", "--check")

    assert "::fresh@1.0.0" in (mono / "top/atom.lock").read_text()
    assert checked.status == 0
