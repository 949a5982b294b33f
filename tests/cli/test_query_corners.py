"""Looking around in corners: long values, many files, half a memory, no repository."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.fakes.git_set import GitSet
from tests.story import Person, git

if TYPE_CHECKING:
    from pathlib import Path

EXIT_USAGE, EXIT_NOT_FOUND, EXIT_NETWORK = 2, 3, 4


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def source(tmp_path: Path) -> GitSet:
    return GitSet(tmp_path / "set")


def manifest(version: str, more: str = "") -> str:
    return f'[package]\nlabel = "x"\nversion = "{version}"\n{more}'


def url(source: GitSet) -> str:
    return f"file://{source.git_dir}"


def test_long_values_stand_below_one_another_and_fit_the_page(
    person: Person, source: GitSet
) -> None:
    for version, word in (("1.0.0", "old"), ("2.0.0", "new")):
        more = f'description = "{word} {"and so on " * 20}"\n'
        source.publish("x", version, {"atom.toml": manifest(version, more)})

    told = person.does(person.home, "diff", f"{url(source)}::x@1.0.0", "2.0.0").out
    info = person.does(person.home, "info", f"{url(source)}::x").out

    assert '- "old and so on' in told
    assert '+ "new and so on' in told
    assert max(map(len, told.splitlines())) <= 80
    assert " ".join(info.split()).count("and so on") == 20


def test_of_very_many_files_and_commits_the_first_are_shown(
    person: Person, source: GitSet
) -> None:
    source.publish("x", "1.0.0", {"f0": "0"})
    for number in range(60):
        source.commit({"pkgs/x/f0": f"{number}\n"})
    source.publish("x", "2.0.0", {f"f{number}": "new\n" for number in range(260)})

    told = person.does(person.home, "diff", f"{url(source)}::x@1.0.0", "2.0.0").out
    whole = person.json(person.home, "diff", f"{url(source)}::x@1.0.0", "2.0.0").document

    assert "261 files" in told
    assert "and 61 more: --json names them all" in told
    assert "61 new commits" in told
    assert "and 11 more" in told
    assert (len(whole["files"]), len(whole["commits"]["gained"])) == (261, 61)


def test_requirements_that_changed_are_told_with_their_set(person: Person, source: GitSet) -> None:
    sets = '[package.sets]\ncore = ["https://host.example/core", "https://mirror.example/core"]\n'
    old = f'{sets}[deps.from.core]\nzlib = "^1"\ngone = "*"\n'
    new = f'{sets}[deps.from.core]\nzlib = "^2"\n[deps.dev.from.core]\ntest = "^1"\n'
    source.publish("x", "1.0.0", {"atom.toml": manifest("1.0.0", old)})
    source.publish("x", "2.0.0", {"atom.toml": manifest("2.0.0", new)})

    told = person.does(person.home, "diff", f"{url(source)}::x@1.0.0", "2.0.0").out
    info = person.does(person.home, "info", f"{url(source)}::x").out

    for line in ("~ zlib from core  ^1 -> ^2", "- gone from core  *", "+ dev test from core  ^1"):
        assert line in told, told
    assert "core = https://host.example/core (mirrors: https://mirror.example/core)" in info
    assert "dev needs  test ^1 from core" in info


def test_many_versions_are_told_on_several_lines(person: Person, source: GitSet) -> None:
    for minor in range(30):
        source.publish("x", f"1.{minor}.0")

    told = person.does(person.home, "info", f"{url(source)}::x").out

    assert "and 5 more" in told
    assert "1.28.0 (cached)" not in told
    assert "1.28.0  1.27.0" in told
    _, _, others = told.partition("others")
    assert max(map(len, others.splitlines())) <= 80


@pytest.mark.spec("diff-sides")
def test_a_project_outside_of_any_repository_is_compared_without_commits(
    person: Person, source: GitSet, tmp_path: Path
) -> None:
    source.publish("x", "1.0.0", {"main.c": "1\n"})
    copy = tmp_path / "elsewhere"
    shutil.copytree(source.path / "pkgs" / "x", copy)
    (copy / "main.c").write_text("2\n")

    answer = person.json(copy, "diff", f"{url(source)}::x").document

    assert (answer["new"]["source"], answer["new"]["origin"]) == (None, None)
    assert [each["path"] for each in answer["files"]] == ["main.c"]
    assert "no source commit" in answer["commits"]["unavailable"]


@pytest.mark.spec("search-sources")
def test_a_source_of_which_one_label_was_asked_is_searched_for_that(
    person: Person, source: GitSet
) -> None:
    source.publish("word", "1.0.0")
    source.publish("wordlist", "1.0.0")
    person.does(person.home, "versions", f"{url(source)}::word")

    part = person.json(person.home, "search", "word", "--offline").document
    told = person.eka(person.home, "search", "word", "--offline").err
    whole = person.json(person.home, "search", "word").document

    assert [each["label"] for each in part["found"]] == ["word"]
    assert "only 1 label asked for before" in told
    assert [each["label"] for each in whole["found"]] == ["word", "wordlist"]


@pytest.mark.spec("query-nearest")
def test_offline_the_labels_that_were_listed_are_compared(person: Person, source: GitSet) -> None:
    source.publish("word", "1.0.0")
    person.does(person.home, "list", url(source))

    answer = person.json(person.home, "info", f"{url(source)}::wrod", "--offline")

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "atom-not-found")
    assert "did you mean word?" in answer.document["error"]["fix"]


@pytest.mark.parametrize("command", ["info", "log"])
def test_a_source_without_a_label_is_not_enough(person: Person, command: str) -> None:
    answer = person.json(person.home, command, "https://host.example/set")

    assert (answer.status, answer.code) == (EXIT_USAGE, "uri-incomplete")


def test_a_directory_that_is_taken_for_a_label_is_put_right(
    person: Person, tmp_path: Path
) -> None:
    git(tmp_path, "init", "-q", "--bare", "repo")

    answer = person.json(tmp_path, "list", "repo")

    assert (answer.status, answer.code) == (EXIT_USAGE, "uri-incomplete")
    assert "./repo" in answer.document["error"]["fix"]


def test_aliases_that_name_no_repository_are_not_asked(person: Person, source: GitSet) -> None:
    source.publish("word", "1.0.0")
    settings = person.home / ".config" / "eka" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        f'[aliases]\nhere = "{url(source)}"\nhost = "git.example.org"\nowner = "gh:somebody"\n'
        'odd = "x:y"\n'
    )

    answer = person.json(person.home, "search", "word").document

    assert [each["source"] for each in answer["sources"]] == [url(source)]


@pytest.mark.spec("search-sources")
def test_a_project_that_cannot_be_read_and_a_damaged_memory_name_no_source(
    person: Person, source: GitSet
) -> None:
    source.publish("word", "1.0.0")
    person.does(person.home, "list", url(source))
    person.does(person.home, "new", "app")
    (person.home / "app" / "atom.toml").write_text("broken = [")
    listings = person.home / ".cache" / "eka" / "listings"
    (listings / "damaged.jsonl").write_bytes(b'{"schema":\xff\n')
    (listings / "strange.jsonl").write_bytes(b'{"schema":"eka.listing/1","source":"ext::sh"}\n')

    answer = person.json(person.home / "app", "search", "word").document

    assert [each["source"] for each in answer["sources"]] == [url(source)]
