"""Somebody asks what changed in a lock: since a commit, or between two files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.closure import HERE, Closure
from tests.story import Person, git

if TYPE_CHECKING:
    from pathlib import Path

EXIT_FAILED, EXIT_USAGE, EXIT_NOT_FOUND = 1, 2, 3


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Closure:
    return Closure(tmp_path_factory.mktemp("closure"))


@pytest.fixture
def closure(base: Closure, tmp_path: Path) -> Closure:
    """A closure whose project is the directory ``app`` of a git repository."""
    made = Closure.copied(base, tmp_path)
    git(tmp_path, "init", "-q", "-b", "main", ".")
    git(tmp_path, "add", "app")
    git(tmp_path, "commit", "-q", "-m", "Begin")
    return made


def edit(closure: Closure) -> None:
    """Let zlib 1.x go up, and lua go away."""
    text = closure.text.replace('"~1.2"', '"^1.3"')
    closure.manifest(text.replace('[deps.from.extra]\nlua = "^5"\n', ""))
    closure.person.does(closure.app, "lock")


@pytest.mark.spec("diff-locks")
def test_the_lock_is_compared_with_the_last_commit(closure: Closure) -> None:
    same = closure.person.does(closure.app, "diff", "--lock").out
    edit(closure)

    lines = closure.person.does(closure.app, "diff", "--lock").out.splitlines()
    answer = closure.person.json(closure.app, "diff", "--lock", "HEAD", "--exit-code")

    (found,) = answer.document["locks"]
    assert "nothing differs" in same
    assert lines == [
        "HEAD:app/atom.lock -> atom.lock",
        "  Removed lua 5.4.0",
        "  Upgraded zlib 1.2.0 -> 1.3.0",
    ]
    assert answer.status == EXIT_FAILED
    assert [(each["label"], each["direction"]) for each in found["changes"]] == [
        ("lua", "removed"),
        ("zlib", "upgraded"),
    ]


@pytest.mark.spec("diff-locks")
def test_revisions_files_and_directories_can_be_compared(closure: Closure) -> None:
    edit(closure)
    git(closure.root, "commit", "-q", "-am", "Change the lock")
    (closure.root / "kept.lock").write_bytes((closure.app / "atom.lock").read_bytes())

    between = closure.person.does(closure.app, "diff", "--lock", "HEAD~1", "HEAD").out
    back = closure.person.does(closure.app, "diff", "--lock", "../kept.lock", "HEAD^").out
    same = closure.person.json(closure.root, "diff", "--lock", "kept.lock", "app", "--exit-code")

    assert "Upgraded zlib 1.2.0 -> 1.3.0" in between
    assert "Downgraded zlib 1.3.0 -> 1.2.0" in back
    assert "Added lua 5.4.0" in back
    assert (same.status, same.document["locks"][0]["same"]) == (0, True)


@pytest.mark.spec("diff-locks")
def test_what_has_no_lock_on_one_side_was_added_or_removed(closure: Closure) -> None:
    git(closure.root, "rm", "-q", "--cached", "app/atom.lock")
    git(closure.root, "commit", "-q", "-m", "Keep no lock")

    added = closure.person.json(closure.app, "diff", "--lock").document["locks"][0]
    (closure.app / "atom.lock").unlink()
    removed = closure.person.json(closure.app, "diff", "--lock", "HEAD~1").document["locks"][0]
    neither = closure.person.json(closure.app, "diff", "--lock")

    assert {each["direction"] for each in added["changes"]} == {"added"}
    assert (added["old"]["exists"], removed["new"]["exists"]) == (False, False)
    assert {each["direction"] for each in removed["changes"]} == {"removed"}
    assert neither.code == "lock-missing"


def test_what_cannot_be_compared_is_said(closure: Closure) -> None:
    unknown = closure.person.json(closure.app, "diff", "--lock", "no-such-revision")
    option = closure.person.json(closure.app, "diff", "--lock", "--patch")
    (closure.app / "atom.lock").write_text("<<<<<<< ours\n")
    broken = closure.person.json(closure.app, "diff", "--lock")

    assert unknown.code == "revision-not-found"
    assert option.status == EXIT_USAGE
    assert broken.code == "invalid-toml"


@pytest.mark.spec("diff-locks")
def test_in_the_root_of_a_set_all_locks_are_compared(tmp_path: Path) -> None:
    person, mono = Person(tmp_path / "home"), tmp_path / "mono"
    git(tmp_path, "init", "-q", str(mono))
    (mono / "ekala.toml").write_text('[set]\npackages = ["*"]\n')
    for label, needs in (("low", ""), ("top", f'{HERE}low = "^1"\n')):
        (mono / label).mkdir()
        text = f'[package]\nlabel = "{label}"\nversion = "1.0.0"\n{needs}'
        (mono / label / "atom.toml").write_text(text)
    git(mono, "add", "-A")
    git(mono, "commit", "-q", "-m", "Begin")
    person.does(mono, "init")
    person.does(mono, "lock")
    git(mono, "add", "-A")
    git(mono, "commit", "-q", "-m", "Lock")
    same = person.does(mono, "diff", "--lock").out
    low = mono / "low/atom.toml"
    low.write_text(low.read_text().replace("1.0.0", "1.1.0"))
    person.does(mono, "lock")

    text = person.does(mono, "diff", "--lock").out

    assert same == "nothing differs in 2 locks\n"
    assert text.splitlines() == [
        "HEAD:top/atom.lock -> top/atom.lock",
        "  Upgraded low 1.0.0 -> 1.1.0",
    ]
