"""Somebody's requirements do not fit together, or somebody asks why versions were taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.git_set import GitSet
from tests.story import Person

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EXIT_FAILED, EXIT_USAGE, EXIT_NOT_FOUND = 1, 2, 3
MOST_COLUMNS = 100

PUBLISHED: Mapping[str, Mapping[str, str]] = {
    "icons 1.0.0": {},
    "icons 1.3.0": {},
    "icons 1.4.0": {},
    "icons 2.0.0-rc.1": {},
    "dropdown 2.0.0": {"icons": "^1.0"},
    "dropdown 2.3.0": {"icons": "^1.3"},
    "menu 1.0.0": {"dropdown": "^2"},
    "menu 1.5.0": {"dropdown": "^2.3"},
    "menu 1.6.0": {"dropdown": "^2.3", "icons": "=1.4.0"},
    "a-very-long-label-that-somebody-chose-in-anger 1.0.0": {
        "another-very-long-label-that-somebody-chose-later": "^1.0"
    },
    "another-very-long-label-that-somebody-chose-later 1.0.0": {"icons": ">=1.2.3, <1.3.7"},
}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> GitSet:
    made = GitSet(tmp_path_factory.mktemp("set") / "mono")
    for name, needs in PUBLISHED.items():
        label, version = name.split()
        lines = "".join(f'{other} = "{requirement}"\n' for other, requirement in needs.items())
        sets = f'[package.sets]\nhere = "::"\n[deps.from.here]\n{lines}' if needs else ""
        text = f'[package]\nlabel = "{label}"\nversion = "{version}"\n{sets}'
        made.publish(label, version, {"atom.toml": text})
    return made


@pytest.fixture
def user(tmp_path: Path) -> Person:
    return Person(tmp_path / "user")


def url(of: GitSet) -> str:
    return f"file://{of.path}"


def project(root: Path, of: GitSet, **needs: str) -> Path:
    """Return a project that needs atoms of the set; its lines begin at 7."""
    root.mkdir(exist_ok=True)
    lines = "".join(f'{label} = "{requirement}"\n' for label, requirement in needs.items())
    (root / "atom.toml").write_text(
        f'[package]\nlabel = "app"\nversion = "1.0.0"\n[package.sets]\nfar = "{url(of)}"\n'
        f"[deps.from.far]\n{lines}"
    )
    return root


def explained(answer: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return what ``eka lock --explain --json`` says of each atom."""
    (locked,) = answer.document["projects"]
    return {f"{each['label']} {each['version']}": each for each in locked["explained"]}


@pytest.mark.spec("resolution-new-line", "resolution-suggestion")
def test_a_line_that_cannot_be_added_is_explained_and_others_are_suggested(
    published: GitSet, user: Person, tmp_path: Path
) -> None:
    app = project(tmp_path / "app", published, menu="~1.5")

    answer = user.json(app, "add", f"{url(published)}::icons@=1.0.0")

    assert answer.status == EXIT_FAILED
    error = answer.document["error"]
    assert error["what"] == "`icons =1.0.0` does not fit with the other requirements"
    assert error["span"]["line"] == 8
    conflict = error["conflict"]
    assert conflict["minimal"]
    assert [each["owner"] and each["owner"]["label"] for each in conflict["leaves"]] == [
        None, "menu", "dropdown", None,
    ]  # fmt: skip
    assert [each["line"] for each in conflict["leaves"] if each["owner"] is None] == [7, 8]
    assert [
        [(each["label"], each["becomes"], each["selected"]) for each in suggestion["changes"]]
        for suggestion in conflict["suggestions"]
    ] == [[("icons", "=1.4.0", "1.4.0")], [("menu", "~1.0.0", "1.0.0")]]
    assert "icons" not in (app / "atom.toml").read_text()


def test_people_read_the_same_in_columns(published: GitSet, user: Person, tmp_path: Path) -> None:
    app = project(tmp_path / "app", published, menu="~1.5")

    told = user.eka(app, "add", f"{url(published)}::icons@=1.0.0").err.splitlines()

    why = told.index("  why:")
    assert told[why + 1 : why + 6] == [
        "    your project requires menu ~1.5     atom.toml:7",
        "    menu 1.5.0 requires dropdown ^2.3",
        "    dropdown 2.3.0 requires icons ^1.3",
        "    your project requires icons =1.0.0  atom.toml:8 (new)",
        "    so no version of icons meets both ^1.3 and =1.0.0",
    ]
    assert told[why + 6] == (
        '  fix: require `icons = "=1.4.0"` (atom.toml:8), which works and selects 1.4.0'
    )


def test_long_names_are_folded(published: GitSet, user: Person, tmp_path: Path) -> None:
    long = "a-very-long-label-that-somebody-chose-in-anger"
    app = project(tmp_path / "app", published, **{long: "^1.0", "icons": "=1.4.0"})

    told = user.eka(app, "lock", "--color", "always").err.splitlines()

    plain = [line for line in user.eka(app, "lock").err.splitlines() if line.startswith("    ")]
    assert max(map(len, plain)) <= MOST_COLUMNS
    assert any(line.startswith("      ") for line in plain)
    assert any("\x1b[36matom.toml:7\x1b[0m" in line for line in told)
    assert any("\x1b[1mso no version of icons" in line for line in told)


@pytest.mark.spec("resolution-cause")
def test_why_a_line_is_not_met_is_told_apart(
    published: GitSet, user: Person, tmp_path: Path
) -> None:
    causes: dict[str, str] = {}
    for requirement in ("^2", "^3"):
        app = project(tmp_path / "app", published, icons=requirement)
        error = user.json(app, "lock").document["error"]
        (leaf,) = error["conflict"]["leaves"]
        causes[requirement] = leaf["cause"]

        assert error["code"] == "no-matching-version"
        assert "1.4.0" in error["fix"]

    assert causes == {"^2": "prerelease", "^3": "unmatched"}


@pytest.mark.spec("resolution-cause")
def test_a_yanked_version_is_called_yanked(user: Person, tmp_path: Path) -> None:
    made = GitSet(tmp_path / "mono")
    for version in ("1.0.0", "1.1.0"):
        made.publish("lib", version)
    (made.path / "ekala.toml").write_text('[set]\npackages = ["pkgs/*"]\n')
    user.does(made.path, "yank", "lib@1.1.0", "--remote", url(made), "--reason", "it breaks")
    app = project(tmp_path / "app", made, lib="^1.1")

    error = user.json(app, "lock").document["error"]

    assert error["code"] == "unsatisfiable"
    assert [each["cause"] for each in error["conflict"]["leaves"]] == [None, "yanked"]
    assert "it is yanked: it breaks" in error["why"]
    (change,) = error["conflict"]["suggestions"][0]["changes"]
    assert (change["becomes"], change["selected"]) == ("^1.0.0", "1.0.0")


def test_every_bad_line_gets_its_own_advice(
    published: GitSet, user: Person, tmp_path: Path
) -> None:
    app = project(tmp_path / "app", published, icons="~3.1", menv="^1")

    error = user.json(app, "lock").document["error"]

    fixes = {each["code"]: each["fix"] for each in error["problems"]}
    assert fixes["no-such-package"].startswith("did you mean menu?")
    assert fixes["no-matching-version"] == (
        'require `icons = "~1.4.0"` (atom.toml:7), which works and selects 1.4.0'
    )


def test_a_conflict_is_explained_offline(published: GitSet, user: Person, tmp_path: Path) -> None:
    app = project(tmp_path / "app", published, menu="~1.5", icons="=1.4.0")
    user.does(app, "lock")
    project(app, published, menu="~1.5", icons="=1.0.0")
    online = user.json(app, "lock")

    offline = user.json(app, "lock", "--offline")

    assert online.document["error"]["conflict"] == offline.document["error"]["conflict"]


@pytest.mark.spec("explain-ground")
def test_the_reason_of_every_version_is_told(
    published: GitSet, user: Person, tmp_path: Path
) -> None:
    app = project(tmp_path / "app", published, menu="~1.5", icons="~1.3")

    text = user.does(app, "lock", "--explain").out.splitlines()
    found = explained(user.json(app, "lock", "--explain"))

    assert text[-4:] == [
        "ATOM            WHY",
        "dropdown 2.3.0  the newest",
        "icons 1.3.0     1.4.0 is refused by ~1.3 of your project",
        "menu 1.5.0      1.6.0 is refused by ~1.5 of your project",
    ]
    assert {name: each["ground"] for name, each in found.items()} == {
        "dropdown 2.3.0": "newest", "icons 1.3.0": "held", "menu 1.5.0": "held",
    }  # fmt: skip
    assert found["icons 1.3.0"]["held_by"][0]["line"] == 8


@pytest.mark.spec("explain-trial")
def test_what_stands_in_the_way_of_a_newer_version_is_found_by_trying_it(
    published: GitSet, user: Person, tmp_path: Path
) -> None:
    app = project(tmp_path / "app", published, menu="^1.5", icons="~1.3")

    short = user.does(app, "lock", "--explain").out.splitlines()
    text = user.does(app, "lock", "--explain", "menu").out.splitlines()

    assert short[-1] == (
        "menu 1.5.0      1.6.0 does not go with the rest: eka lock --explain menu"
    )
    assert text[-7:] == [
        "menu 1.5.0: 1.6.0 does not go with the rest",
        "  asked for by your project: menu ^1.5  atom.toml:7",
        "  1.6.0 does not fit:",
        "    suppose menu 1.6.0 is selected",
        "    menu 1.6.0 requires icons =1.4.0",
        "    your project requires icons ~1.3  atom.toml:8",
        "    so no version of icons meets both =1.4.0 and ~1.3",
    ]


@pytest.mark.spec("explain-trial")
def test_a_version_that_is_kept_says_what_would_take_a_newer_one(
    published: GitSet, user: Person, tmp_path: Path
) -> None:
    app = project(tmp_path / "app", published, menu="=1.0.0", dropdown="=2.0.0", icons="=1.0.0")
    user.does(app, "lock")
    project(app, published, menu="=1.0.0", dropdown="^2", icons="^1")

    found = explained(user.json(app, "lock", "--explain", "dropdown"))
    text = user.does(app, "lock", "--explain", "dropdown").out

    (why,) = found.values()
    assert (why["ground"], why["fitting"]) == ("kept", "2.3.0")
    assert why["instead"] == [{"label": "icons", "now": "1.0.0", "then": "1.4.0"}]
    assert "  icons 1.0.0 would be 1.4.0 with 2.3.0\n" in text
    assert "  eka update dropdown takes 2.3.0\n" in text


def test_a_label_needs_the_option_and_must_be_locked(
    published: GitSet, user: Person, tmp_path: Path
) -> None:
    app = project(tmp_path / "app", published, icons="^1")

    alone = user.json(app, "lock", "icons")
    unknown = user.json(app, "lock", "--explain", "curtain")

    assert alone.status == EXIT_USAGE
    assert unknown.status == EXIT_NOT_FOUND
    assert unknown.document["error"]["code"] == "atom-not-locked"
