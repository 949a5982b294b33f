"""Somebody looks around: what is there, what is it, what changed, and since when."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.fakes.signed_set import SignedSet, keys, trust
from tests.fakes.signing import ALICE
from tests.servers.git_http import serve
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from pathlib import Path

EXIT_FAILED, EXIT_USAGE, EXIT_NOT_FOUND, EXIT_NETWORK = 1, 2, 3, 4
CLOSED = "http://127.0.0.1:1/set"
AUTHOR = "Author"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Village:
    """A set with shell, word 1.0.0 to 2.0.0-rc.1, and wordlist; word's history has a branch."""
    made, owner = Village(tmp_path_factory.mktemp("village")), Person(tmp_path_factory.mktemp("o"))
    shutil.rmtree(made.mono / "greet")
    made.atom("word", 'description = "Says a word"\ntags = ["speech"]\n')
    made.write("word/say", "hello\n")
    made.atom("wordlist", 'description = "Many of them"\nlicense = "MIT"\n')
    made.publish(owner)
    made.write("word/say", "hello\nhi\n")
    made.commit("Say hi too")
    made.write("word/data", "\0\1\2")
    made.atom("word", 'description = "Says words"\ntags = ["speech"]\n', version="1.1.0")
    made.release(owner, "word")
    made.write("shell/note", "nothing to do with words\n")
    made.commit("Note something elsewhere")
    git(made.mono, "mv", "word/say", "word/words")
    made.atom("word", 'license = "MIT"\n', version="2.0.0-rc.1")
    made.release(owner, "word")
    return made


@pytest.fixture
def village(published: Village, tmp_path: Path) -> Village:
    return Village.copied(published, tmp_path / "village")


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


# eka list


@pytest.mark.spec("list-labels")
def test_a_set_is_listed_with_one_request(village: Village, person: Person) -> None:
    with serve(village.server.parent) as server:
        answer = person.json(person.home, "list", f"{server.url}/pkgs.git")

        requests = [each for each in server.log if each.method == "POST"]

    told = [
        (each["label"], each["newest"]["version"], each["count"])
        for each in answer.document["labels"]
    ]
    assert told == [("shell", "1.0.0", 1), ("word", "1.1.0", 3), ("wordlist", "1.0.0", 1)]
    assert answer.document["total"] == 3
    assert len(requests) == 1
    assert answer.document["listings"][0]["remembered"] is False


@pytest.mark.spec("list-newest")
def test_the_newest_version_is_neither_yanked_nor_a_pre_release(
    village: Village, person: Person
) -> None:
    person.does(village.mono, "yank", "word@1.1.0")
    before = person.json(person.home, "list", village.url, "word")
    person.does(village.mono, "yank", "word@1.0.0")

    after = person.json(person.home, "list", village.url, "word", "--all-versions")

    assert before.document["labels"][0]["newest"]["version"] == "1.0.0"
    label = after.document["labels"][0]
    assert label["newest"]["version"] == "2.0.0-rc.1"
    assert label["newest"]["status"] is None
    versions = [(each["version"], each["status"] is not None) for each in label["versions"]]
    assert versions == [("2.0.0-rc.1", False), ("1.1.0", True), ("1.0.0", True)]
    assert "yanked" in person.does(person.home, "list", village.url, "--all-versions").out


@pytest.mark.spec("list-pattern")
@pytest.mark.parametrize(
    ("pattern", "labels"),
    [
        ("word", ["word", "wordlist"]),
        ("WORD?*", ["wordlist"]),
        ("*l*", ["shell", "wordlist"]),
        ("[sx]*", ["shell"]),
        ("\uff57ord", ["word", "wordlist"]),
    ],
)
def test_a_pattern_is_a_glob_or_a_beginning(
    published: Village, person: Person, pattern: str, labels: list[str]
) -> None:
    answer = person.json(person.home, "list", published.url, pattern)

    assert [each["label"] for each in answer.document["labels"]] == labels


@pytest.mark.spec("list-nothing")
@pytest.mark.spec("query-nearest")
def test_where_nothing_matches_the_nearest_label_is_named(
    published: Village, person: Person
) -> None:
    missing = person.json(person.home, "list", published.url, "wrod")
    label = person.json(person.home, "list", f"{published.url}::wodr")

    assert (missing.status, missing.code) == (EXIT_NOT_FOUND, "atom-not-found")
    assert "word" in missing.document["error"]["fix"]
    assert (label.status, label.code) == (EXIT_NOT_FOUND, "atom-not-found")
    assert "did you mean word?" in label.document["error"]["fix"]


@pytest.mark.spec("list-nothing")
def test_a_repository_without_atoms_is_told_apart(person: Person, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "empty.git")

    answer = person.json(person.home, "list", f"file://{tmp_path}/empty.git")

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "atom-not-found")


@pytest.mark.spec("query-own")
def test_without_a_source_the_repository_around_is_listed(
    village: Village, person: Person, tmp_path: Path
) -> None:
    here = person.json(village.mono / "word", "list")
    nowhere = person.json(tmp_path, "list")

    assert [each["label"] for each in here.document["labels"]] == ["shell", "word", "wordlist"]
    assert (nowhere.status, nowhere.code) == (EXIT_USAGE, "uri-incomplete")


def test_descriptions_come_from_the_newest_manifests(published: Village, person: Person) -> None:
    answer = person.json(person.home, "list", published.url, "--long")
    people = person.does(person.home, "list", published.url, "-l").out
    offline = person.json(person.home, "list", published.url, "--long", "--offline")

    said = {each["label"]: each["description"] for each in answer.document["labels"]}
    assert said == {"shell": "", "word": "Says words", "wordlist": "Many of them"}
    assert answer.document["labels"][1]["tags"] == ["speech"]
    assert "Says words" in people
    assert offline.document["labels"] == answer.document["labels"]


# eka search


def labels_of(document: dict[str, list[dict[str, str]]]) -> list[str]:
    return [each["label"] for each in document["found"]]


@pytest.mark.spec("search-rank")
def test_answers_come_best_first(published: Village, person: Person) -> None:
    word = person.json(person.home, "search", "word", published.url).document
    speech = person.json(person.home, "search", "SPEECH says", published.url).document
    one = person.json(person.home, "search", "word", published.url, "-n", "1").document

    told = [(each["label"], each["match"], each["rank"]) for each in word["found"]]
    assert told == [("word", "label", 0), ("wordlist", "label-start", 1)]
    assert [(each["label"], each["rank"]) for each in speech["found"]] == [("word", 7)]
    assert (labels_of(one), one["total"]) == (["word"], 2)


@pytest.mark.spec("search-words")
def test_every_word_must_be_there_and_nothing_found_is_an_answer(
    published: Village, person: Person
) -> None:
    answer = person.json(person.home, "search", "word nonsense", published.url)
    typo = person.eka(person.home, "search", "wrod", published.url)
    empty = person.json(person.home, "search", " ", published.url)

    assert (answer.status, answer.document["found"]) == (EXIT_NOT_FOUND, [])
    assert typo.status == EXIT_NOT_FOUND
    assert "did you mean word?" in typo.out
    assert (empty.status, empty.code) == (EXIT_USAGE, "search-text-missing")


@pytest.mark.spec("search-sources")
def test_known_sources_are_those_of_project_aliases_and_earlier_lists(
    published: Village, person: Person, tmp_path: Path
) -> None:
    nowhere = person.json(person.home, "search", "word")
    person.does(person.home, "new", "app")
    with (person.home / "app" / "atom.toml").open("a") as manifest:
        manifest.write(f'[package.sets]\nfar = "{published.url}"\n')
    settings = person.home / ".config" / "eka" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'[aliases]\nwords = "{published.url}"\nhost = "git.example.org"\n')
    stranger = Person(tmp_path / "stranger")
    stranger.does(stranger.home, "list", published.url)

    project = person.json(person.home / "app", "search", "word")
    alias = person.json(person.home, "search", "word")
    remembered = stranger.json(stranger.home, "search", "word")
    asked = stranger.json(stranger.home, "search", "word", "--refresh")

    assert (nowhere.status, nowhere.code) == (EXIT_USAGE, "nowhere-to-search")
    for answer in (project, alias, remembered, asked):
        assert labels_of(answer.document) == ["word", "wordlist"]
        assert [each["source"] for each in answer.document["sources"]] == [published.url]
    assert [each["remembered"] for each in remembered.document["listings"]] == [True]
    assert [each["remembered"] for each in asked.document["listings"]] == [False]


@pytest.mark.spec("search-sources")
def test_a_source_that_is_down_does_not_stop_the_others(
    published: Village, person: Person
) -> None:
    answer = person.json(person.home, "search", "word", CLOSED, published.url)
    told = person.eka(person.home, "search", "word", CLOSED, published.url)
    alone = person.json(person.home, "search", "word", CLOSED)

    assert labels_of(answer.document) == ["word", "wordlist"]
    assert [each["error"] is None for each in answer.document["sources"]] == [False, True]
    assert f"{CLOSED} was not searched" in told.err
    assert (alone.status, alone.document["schema"]) == (EXIT_NETWORK, "eka.error/1")


@pytest.mark.spec("search-sources")
def test_a_mirror_answers_in_the_place_of_a_source_that_is_down(
    published: Village, person: Person
) -> None:
    person.does(person.home, "new", "app")
    with (person.home / "app" / "atom.toml").open("a") as manifest:
        manifest.write(f'[package.sets]\nfar = ["{CLOSED}", "{published.url}"]\n')

    answer = person.json(person.home / "app", "search", "word")
    told = person.eka(person.home / "app", "search", "word").err

    assert labels_of(answer.document) == ["word", "wordlist"]
    assert [each["source"] for each in answer.document["sources"]] == [CLOSED]
    assert answer.document["listings"][0]["by"] == published.url
    assert f"{CLOSED} does not answer" in told


def test_words_in_the_place_of_repositories_are_explained(person: Person) -> None:
    answer = person.json(person.home, "search", "some", "words")

    assert (answer.status, answer.code) == (EXIT_USAGE, "source-expected")


@pytest.mark.spec("search-downloads")
def test_a_search_brings_manifests_and_nothing_else(
    village: Village, person: Person, tmp_path: Path
) -> None:
    plain = Person(tmp_path / "plain")
    with serve(village.server.parent) as server:
        url = f"{server.url}/pkgs.git"
        unfiltered = plain.json(plain.home, "search", "says", url)
        labels = plain.json(plain.home, "search", "word", url)
        told = plain.eka(plain.home, "search", "word", url)
        git(village.server, "config", "uploadpack.allowFilter", "true")

        filtered = person.json(person.home, "search", "says", url)
        offline = person.json(person.home, "search", "says", url, "--offline")

    assert (unfiltered.status, labels_of(labels.document)) == (
        EXIT_NOT_FOUND,
        ["word", "wordlist"],
    )
    assert "3 manifests not read" in told.err
    assert labels_of(filtered.document) == labels_of(offline.document) == ["word"]
    assert filtered.document["sources"][0]["summaries"] == 3
    blob = git(village.mono, "rev-parse", "HEAD:word/words")
    held = [
        name
        for cache in (person.home / ".cache" / "eka").glob("*.git")
        for name in git(
            cache, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)"
        ).split()
    ]
    assert held
    assert blob not in held


def test_labels_alone_need_no_manifest(published: Village, person: Person) -> None:
    answer = person.json(person.home, "search", "s", published.url, "--names")

    assert labels_of(answer.document) == ["shell", "wordlist"]
    assert answer.document["sources"][0]["summaries"] == 0


# eka info


@pytest.mark.spec("query-version")
def test_a_whole_version_is_meant_exactly(published: Village, person: Person) -> None:
    wanted = {
        "": "1.1.0",
        "@1.0.0": "1.0.0",
        "@^1.0.0": "1.1.0",
        "@1": "1.1.0",
        "@=2.0.0-rc.1": "2.0.0-rc.1",
    }

    found = {
        suffix: person.json(person.home, "info", f"{published.url}::word{suffix}").document
        for suffix in wanted
    }

    assert {suffix: document["version"] for suffix, document in found.items()} == wanted


def test_info_tells_all_that_is_known(village: Village, person: Person) -> None:
    person.does(village.mono, "yank", "word@1.0.0", "--reason", "too short")
    person.does(person.home, "info", f"{village.url}::word@1.1.0")

    answer = person.json(person.home, "info", f"{village.url}::word@1.0.0").document
    people = person.does(person.home, "info", f"{village.url}::word@1.0.0").out

    told = answer["published"]
    assert answer["manifest"]["package"]["description"] == "Says a word"
    assert told["status"]["yanked"] == {"reason": "too short"}
    assert told["signatures"] == []
    assert told["first_seen_s"] > 0
    assert (told["was_cached"], told["versions"], told["files"]) == (False, 3, 3)
    others = [(each["version"], each["cached"]) for each in told["others"]]
    assert others == [("2.0.0-rc.1", False), ("1.1.0", True)]
    for text in (
        "Says a word",
        "it is yanked: too short",
        "speech",
        "by nobody",
        "1.1.0 (cached)",
    ):
        assert text in people


@pytest.mark.spec("query-version")
def test_a_yanked_version_is_meant_only_where_all_are(village: Village, person: Person) -> None:
    def meant(uri: str) -> object:
        return person.json(person.home, "info", uri).document["version"]

    uri = f"{village.url}::word"
    person.does(village.mono, "yank", "word@1.1.0")

    assert meant(uri) == "1.0.0"
    assert meant(f"{uri}@1.1.0") == "1.1.0"
    assert meant(f"{uri}@>=1.1, <2") == "1.1.0"


def test_a_directory_is_the_project_in_it(published: Village, person: Person) -> None:
    here = person.json(published.mono / "word", "info").document
    there = person.json(published.mono, "info", "./word").document
    nothing = person.json(published.mono, "info", ".")

    assert (here["label"], here["license"]) == ("word", "MIT")
    assert {**there, "listings": 0} == {**here, "listings": 0}
    assert (nothing.status, nothing.code) == (EXIT_USAGE, "uri-incomplete")


@pytest.mark.spec("query-nearest")
@pytest.mark.parametrize("command", ["info", "log", "diff"])
def test_a_mistyped_label_is_put_right(published: Village, person: Person, command: str) -> None:
    answer = person.json(person.home, command, f"{published.url}::wodr")

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "atom-not-found")
    assert "did you mean word?" in answer.document["error"]["fix"]


# eka diff


@pytest.mark.spec("diff-sides")
@pytest.mark.spec("diff-manifest")
def test_two_versions_are_compared(published: Village, person: Person) -> None:
    long = person.json(
        person.home, "diff", f"{published.url}::word@1.0.0", f"{published.url}::word@1.1.0"
    ).document
    short = person.json(person.home, "diff", f"{published.url}::word@1.0.0", "1.1.0").document

    assert {**long, "listings": []} == {**short, "listings": []}
    assert long["manifest"]["fields"] == [
        {"key": ["package", "description"], "old": "Says a word", "new": "Says words"},
        {"key": ["package", "version"], "old": "1.0.0", "new": "1.1.0"},
    ]
    files = [(each["path"], each["kind"], each["binary"], each["lines"]) for each in long["files"]]
    assert files == [
        ("atom.toml", "modified", False, {"added": 2, "removed": 2}),
        ("data", "added", True, None),
        ("say", "modified", False, {"added": 1, "removed": 0}),
    ]
    assert long["lines"] == {"added": 3, "removed": 2}


@pytest.mark.spec("diff-commits")
def test_the_commits_between_two_versions_are_those_that_touched_the_atom(
    published: Village, person: Person
) -> None:
    up = person.json(person.home, "diff", f"{published.url}::word@1.0.0", "2.0.0-rc.1").document
    down = person.json(person.home, "diff", f"{published.url}::word@2.0.0-rc.1", "1.0.0").document

    git_says = git(
        published.mono, "log", "--format=%H", f"{up['old']['origin']}..{up['new']['origin']}",
        "--", "word",
    ).split()  # fmt: skip
    assert [each["commit"] for each in up["commits"]["gained"]] == git_says
    assert {each["author"] for each in up["commits"]["gained"]} == {AUTHOR}
    assert "Say hi too" in [each["subject"] for each in up["commits"]["gained"]]
    assert "Note something elsewhere" not in [e["subject"] for e in up["commits"]["gained"]]
    assert down["commits"]["lost"] == up["commits"]["gained"]
    assert (up["commits"]["lost"], down["commits"]["gained"]) == ([], [])


@pytest.mark.spec("diff-renames")
def test_people_see_manifest_files_commits_and_lines(published: Village, person: Person) -> None:
    told = person.does(
        person.home, "diff", f"{published.url}::word@1.1.0", "2.0.0-rc.1", "--patch"
    ).out

    for line in (
        "word 1.1.0 -> 2.0.0-rc.1",
        '- package.description  "Says words"',
        '+ package.license  "MIT"',
        "say -> words",
        "Change things",
        "renamed a/say -> b/words",
        "--- a/atom.toml",
        '-version = "1.1.0"',
        '+version = "2.0.0-rc.1"',
    ):
        assert line in told, told


@pytest.mark.spec("diff-sides")
def test_the_project_here_is_compared_with_its_newest_version(
    village: Village, person: Person
) -> None:
    word = village.mono / "word"
    village.atom("word", 'description = "Says words"\ntags = ["speech"]\n', version="1.1.0")
    git(village.mono, "checkout", "-q", "HEAD~2", "--", "word/say")
    (word / "words").unlink()
    same = person.json(word, "diff", "--exit-code")
    (word / "data").write_bytes(b"\0other")
    (word / "new").write_text("not in git yet\n")

    other = person.json(word, "diff", "--exit-code")
    named = person.json(village.mono, "diff", "word@1.0.0", "./word")
    alone = person.json(word, "diff", "1.0.0")
    two = person.json(word, "diff", "1.0.0", "^1")
    told = person.does(word, "diff").out

    assert (same.status, same.document["same"], same.document["files"]) == (0, True, [])
    assert other.status == EXIT_FAILED
    assert other.document["old"]["version"] == "1.1.0"
    assert other.document["new"]["directory"] == str(word)
    assert [(each["path"], each["kind"]) for each in other.document["files"]] == [
        ("data", "modified"),
        ("new", "added"),
    ]
    assert named.document["old"]["version"] == "1.0.0"
    assert alone.document["old"]["version"] == "1.0.0"
    assert alone.document["files"] == named.document["files"]
    assert (two.document["old"]["version"], two.document["new"]["version"]) == ("1.0.0", "1.1.0")
    assert named.document["commits"]["unavailable"] is None
    assert named.document["commits"]["gained"]
    assert "(the files here)" in told


def test_atoms_of_different_labels_and_repositories_are_compared(
    village: Village, person: Person, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.git"
    shutil.copytree(village.server, copy)

    labels = person.json(
        person.home, "diff", f"{village.url}::word@1.0.0", f"{village.url}::wordlist"
    ).document
    places = person.json(
        person.home, "diff", f"{village.url}::word@1.0.0", f"file://{copy}::word@1.1.0"
    ).document

    assert (labels["old"]["label"], labels["new"]["label"]) == ("word", "wordlist")
    assert labels["commits"]["unavailable"] is None
    assert "different repositories" in places["commits"]["unavailable"]
    assert [each["path"] for each in places["files"]] == ["atom.toml", "data", "say"]


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["SERVER"], EXIT_USAGE, "uri-incomplete"),
        (["SERVER::word@^7"], EXIT_NOT_FOUND, "atom-not-found"),
        (["SERVER::word@1.0.0", "9.9.9"], EXIT_NOT_FOUND, "atom-not-found"),
        (["SERVER::word@1.0.0", "^x"], EXIT_USAGE, "invalid-requirement"),
        (["SERVER::word@1.0.0"], EXIT_NOT_FOUND, "project-not-found"),
        ([], EXIT_NOT_FOUND, "project-not-found"),
        (["word"], EXIT_USAGE, "uri-incomplete"),
    ],
)
def test_what_cannot_be_compared_is_explained(
    published: Village, person: Person, words: list[str], status: int, code: str
) -> None:
    url = published.url if words != ["SERVER"] else "https://host.example/set"

    answer = person.json(person.home, "diff", *(each.replace("SERVER", url) for each in words))

    assert (answer.status, answer.code) == (status, code)


# eka log


@pytest.mark.spec("log-versions")
def test_versions_are_told_as_a_history(village: Village, person: Person) -> None:
    person.does(village.mono, "deprecate", "word@1.0.0", "--reason", "say more")

    answer = person.json(person.home, "log", f"{village.url}::word").document
    people = person.does(person.home, "log", f"{village.url}::word").out

    versions = answer["versions"]
    assert [each["version"] for each in versions] == ["2.0.0-rc.1", "1.1.0", "1.0.0"]
    assert [each["changes"] for each in versions] == [
        {"against": "1.1.0", "added": 0, "removed": 0, "modified": 1, "renamed": 1},
        {"against": "1.0.0", "added": 1, "removed": 0, "modified": 2, "renamed": 0},
        None,
    ]
    assert [each["origin"]["path"] for each in versions] == ["word"] * 3
    assert {each["origin"]["note"]["subject"] for each in versions} == {"Lock"}
    assert versions[2]["status"]["deprecated"]["reason"] == "say more"
    for text in ("1.1.0       20", "1 added, 2 modified since 1.0.0", AUTHOR, "say more"):
        assert text in people, people


@pytest.mark.spec("log-versions")
def test_a_limit_leaves_the_newest_and_still_compares_the_last(
    published: Village, person: Person
) -> None:
    answer = person.json(person.home, "log", f"{published.url}::word", "--limit", "1").document

    assert [each["version"] for each in answer["versions"]] == ["2.0.0-rc.1"]
    assert answer["versions"][0]["changes"]["against"] == "1.1.0"
    assert answer["total"] == 3


@pytest.mark.spec("query-own")
def test_a_label_alone_is_that_of_the_repository_here(village: Village, person: Person) -> None:
    answer = person.json(village.mono / "shell", "log", "word@^1")

    assert [each["version"] for each in answer.document["versions"]] == ["1.1.0", "1.0.0"]
    assert answer.document["source"] == f"file://{village.mono}/.git"
    default = person.json(village.mono / "word", "log").document
    assert [each["version"] for each in default["versions"]] == ["2.0.0-rc.1", "1.1.0", "1.0.0"]


@pytest.mark.spec("query-own")
def test_a_clone_without_atoms_is_told_how_to_get_them(
    village: Village, person: Person, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", str(village.server), "clone")
    word = tmp_path / "clone" / "word"

    answers = [person.json(word, *words) for words in (["log"], ["diff"], ["list"])]
    git(word, "fetch", "-q", "origin", "refs/atoms/*:refs/atoms/*")
    after = person.json(word, "diff")

    for answer in answers:
        assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "atom-not-found")
        assert "git fetch origin" in answer.document["error"]["fix"]
    assert after.status == 0


@pytest.mark.spec("log-history")
@pytest.mark.spec("diff-commits")
def test_where_source_commits_are_gone_the_rest_is_told(
    village: Village, person: Person, tmp_path: Path
) -> None:
    atoms = tmp_path / "atoms.git"
    git(tmp_path, "init", "-q", "--bare", str(atoms))
    git(village.server, "push", "-q", str(atoms), "refs/atoms/*:refs/atoms/*")

    log = person.json(person.home, "log", f"file://{atoms}::word")
    told = person.does(person.home, "log", f"file://{atoms}::word").out
    diff = person.json(person.home, "diff", f"file://{atoms}::word@1.0.0", "1.1.0")

    assert log.status == diff.status == 0
    assert [each["origin"]["note"] for each in log.document["versions"]] == [None] * 3
    assert log.document["history"]["unavailable"]
    assert "source commits are not all known" in told
    assert diff.document["commits"]["unavailable"]
    assert len(diff.document["files"]) == 3


@pytest.mark.parametrize(
    "words",
    [
        ["list", "SERVER"],
        ["list", "SERVER", "--long"],
        ["search", "word", "SERVER"],
        ["info", "SERVER::word"],
        ["diff", "SERVER::word@1.0.0", "1.1.0"],
        ["log", "SERVER::word"],
    ],
)
def test_what_was_asked_once_is_answered_offline(
    village: Village, person: Person, tmp_path: Path, words: list[str]
) -> None:
    told = [each.replace("SERVER", village.url) for each in words]
    stranger = Person(tmp_path / "stranger")
    online = person.json(person.home, *told).document
    village.server.rename(tmp_path / "gone")

    offline = person.json(person.home, *told, "--offline").document
    never = stranger.json(stranger.home, *told, "--offline")

    published = {"was_cached": True, "first_seen_s": 0}
    for document in (online, offline):
        document.pop("listings")
        document.get("published", {}).update(published)
    assert offline == online
    assert (never.status, never.code) == (EXIT_NETWORK, "offline")


# Signatures


@pytest.mark.spec("log-versions")
def test_info_and_log_tell_who_signed(person: Person, tmp_path: Path) -> None:
    owner = Person(tmp_path / "owner")
    keys(owner)
    made = SignedSet(tmp_path / "set", owner)
    made.release("zlib", "1.0.0", "--sign", "--sign-key", str(owner.home / ".ssh" / ALICE.name))
    made.release("zlib", "1.1.0")
    uri = f"{made.url}::zlib"

    unknown = person.json(person.home, "info", f"{uri}@1.0.0").document["published"]
    trust(person, ALICE.allowed)
    known = person.json(person.home, "info", f"{uri}@1.0.0").document["published"]
    told = person.does(person.home, "info", f"{uri}@1.0.0").out
    log = person.json(person.home, "log", uri).document["versions"]
    offline = person.json(person.home, "log", uri, "--offline").document["versions"]
    people = person.does(person.home, "log", uri).out

    assert [each["state"] for each in unknown["signatures"]] == ["unknown"]
    assert [each["state"] for each in known["signatures"]] == ["good"]
    principal = known["signatures"][0]["principal"]
    assert "alice" in principal
    assert f"good {principal}" in told
    assert [len(each["signatures"]) for each in log] == [0, 1]
    assert [each["signatures"] for each in offline] == [each["signatures"] for each in log]
    assert f"signature good {principal}" in people
