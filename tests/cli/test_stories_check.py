"""An owner, and the owner's CI, ask what a publish would do before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.story import Person, Village, git

if TYPE_CHECKING:
    from pathlib import Path

EXIT_FAILED, EXIT_USAGE, EXIT_NOT_FOUND, EXIT_NETWORK = 1, 2, 3, 4


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Village:
    made = Village(tmp_path_factory.mktemp("village"))
    made.publish(Person(tmp_path_factory.mktemp("first")))
    return made


@pytest.fixture
def village(published: Village, tmp_path: Path) -> Village:
    return Village.copied(published, tmp_path / "village")


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


def states(document: dict[str, Any]) -> dict[str, str]:
    """Return what would become of each atom."""
    return {atom["label"]: atom["status"] for atom in document["atoms"]}


@pytest.mark.spec("publish-check")
def test_a_set_as_it_is_published_is_fine(village: Village, person: Person) -> None:
    before = git(village.mono, "for-each-ref"), git(village.server, "for-each-ref")

    answer = person.json(village.mono, "publish", "--check")

    assert answer.status == 0
    assert states(answer.document) == {"greet": "unchanged", "shell": "unchanged"}
    assert (git(village.mono, "for-each-ref"), git(village.server, "for-each-ref")) == before


@pytest.mark.spec("publish-check")
def test_an_atom_that_changed_needs_a_new_version_and_with_one_it_is_new(
    village: Village, person: Person
) -> None:
    village.write("greet/word", "good day\n")
    village.commit()

    changed = person.json(village.mono, "publish", "--check", "--all")
    people = person.eka(village.mono, "publish", "--check")
    village.greet("good day", version="1.1.0")
    village.commit()
    bumped = person.json(village.mono, "publish", "--check", "greet")

    assert (changed.status, people.status, bumped.status) == (EXIT_FAILED, EXIT_FAILED, 0)
    assert states(changed.document) == {"greet": "needs-bump", "shell": "unchanged"}
    assert changed.document["problems"] == []
    assert "eka bump greet patch" in people.out
    (atom,) = bumped.document["atoms"]
    assert (atom["status"], atom["version"], atom["newest"]) == ("new", "1.1.0", "1.0.0")


@pytest.mark.spec("publish-check")
def test_every_problem_is_in_the_report(village: Village, person: Person) -> None:
    village.atom("Shell")
    village.atom("lost", '[package.sets]\nhere = "::"\n[deps.from.here]\nshall = "^1"\n')
    village.greet("old", version="0.9.0")
    village.write("shell/more", "")
    village.commit()

    answer = person.json(village.mono, "publish", "--check")

    assert answer.status == EXIT_FAILED
    assert answer.document["fine"] is False
    assert states(answer.document)["shell"] == "needs-bump"
    codes = [problem["code"] for problem in answer.document["problems"]]
    assert codes == ["confusable-label", "own-dependency-missing"]
    assert all(problem["fix"] for problem in answer.document["problems"])


@pytest.mark.spec("publish-check")
def test_a_version_that_goes_backwards_is_a_problem_unless_it_is_meant(
    village: Village, person: Person
) -> None:
    village.greet("new", version="1.3.0")
    village.release(person, "greet")
    village.greet("old", version="1.2.0")
    village.commit()

    answer = person.json(village.mono, "publish", "--check")
    meant = person.json(village.mono, "publish", "--check", "--allow-backwards")
    refused = person.json(village.mono, "publish", "greet", "--push-source")
    done = person.json(village.mono, "publish", "greet", "--push-source", "--allow-backwards")

    codes = [problem["code"] for problem in answer.document["problems"]]
    assert (answer.status, codes) == (EXIT_FAILED, ["version-backwards"])
    assert (meant.status, refused.code, done.status) == (0, "version-backwards", 0)


@pytest.mark.spec("publish-check")
def test_what_is_not_committed_is_said_and_not_looked_at(village: Village, person: Person) -> None:
    village.write("greet/word", "good day\n")

    answer = person.json(village.mono, "publish", "--check")
    people = person.does(village.mono, "publish", "--check").out

    assert answer.document["left_out"] == ["greet/word"]
    assert states(answer.document)["greet"] == "unchanged"
    assert "not looked at: 1 file with changes that are in no commit, such as greet/word" in people


@pytest.mark.spec("publish-check")
def test_a_clone_of_a_branch_nobody_pushed_is_checked_like_any_other(
    village: Village, person: Person, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", str(village.server), "ci")
    clone = tmp_path / "ci"
    (clone / "greet/word").write_text("good day\n")
    git(clone, "commit", "-q", "-a", "-m", "Greet")

    answer = person.json(clone, "publish", "--check")
    after = git(clone, "for-each-ref", "refs/atoms", "refs/ekala")

    assert (answer.status, states(answer.document)["greet"]) == (EXIT_FAILED, "needs-bump")
    assert after == ""


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("--check", "--dry-run"), EXIT_USAGE, "usage"),
        (("--check", "--push-source"), EXIT_USAGE, "usage"),
        (("--check", "--all", "greet"), EXIT_USAGE, "usage"),
        (("--check", "great"), EXIT_NOT_FOUND, "label-not-in-set"),
        (("--check", "--rev", "nothing"), EXIT_NOT_FOUND, "revision-not-found"),
        (("--check", "--remote", "https://localhost:1/x"), EXIT_NETWORK, "network-failed"),
    ],
)
def test_questions_that_cannot_be_answered_are_errors(
    village: Village, person: Person, words: tuple[str, ...], status: int, code: str
) -> None:
    answer = person.json(village.mono, "publish", *words)

    assert (answer.status, answer.code) == (status, code)


@pytest.mark.spec("publish-all-problems")
def test_a_publish_that_is_refused_has_all_its_problems_as_json(
    village: Village, person: Person
) -> None:
    village.atom("Shell")
    village.atom("broken", "[deps]\nnothing = 1\n")
    village.write("greet/word", "good day\n")
    village.commit()
    before = git(village.server, "for-each-ref")

    answer = person.json(village.mono, "publish", "--all", "--push-source")

    error = answer.document["error"]
    assert error["code"] == "problems"
    codes = {problem["code"] for problem in error["problems"]}
    assert codes == {"confusable-label", "unknown-key", "version-conflict"}
    for problem in error["problems"]:
        assert problem["what"]
        assert problem["fix"]
        assert problem["where"] or problem["span"]
    assert git(village.server, "for-each-ref") == before
