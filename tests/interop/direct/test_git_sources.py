"""Sources of kind git on real servers, of one's own project and of what it depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.git_http import serve
from tests.servers.ssh import serve_ssh
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from pathlib import Path

EXIT_NETWORK, EXIT_INTEGRITY = 4, 5


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """A repository with a tag, an older commit, and a filter."""
    path = tmp_path / "served" / "up"
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    git(path, "config", "uploadpack.allowFilter", "true")
    for word in ("old", "new"):
        (path / "lib").mkdir(exist_ok=True)
        (path / "lib" / "word").write_text(f"{word}\n")
        git(path, "add", "-A")
        git(path, "commit", "-q", "-m", word)
    git(path, "tag", "-a", "v1.2.0", "-m", "one")
    return path


def project(place: Path, declared: str) -> Path:
    place.mkdir()
    (place / "atom.toml").write_text(
        '[package]\nlabel = "app"\nversion = "1.0.0"\n'
        f'[deps.direct.git]\nsrc = {{ {declared} }}\n[build]\nunpack = ["src"]\n'
    )
    return place


@pytest.mark.spec("git-resolve", "git-pin")
def test_a_version_is_found_with_one_listing_and_one_conversation(
    upstream: Path, tmp_path: Path
) -> None:
    person = Person(tmp_path / "home")
    with serve(upstream.parent) as server:
        url = f"{server.url}/up/.git"
        app = project(tmp_path / "app", f'url = "{url}", version = "^1", subdir = "lib"')
        person.does(app, "lock")
        asked = [bytes(each.request) for each in server.log if each.method == "POST"]
        person.does(app, "build")
        later = len(server.log)

    assert [b"command=ls-refs" in each for each in asked].count(True) == 1
    assert b"ref-prefix refs/tags/" in asked[0]
    assert all(b"command=fetch" in each for each in asked[1:])
    assert len(asked) <= 4  # refs; commit, tree on the way, directory
    assert later == len(asked) + 2  # each conversation greets once; a build asks nothing more
    assert (app / "result" / "word").read_text() == "new\n"


@pytest.mark.spec("git-pin")
def test_a_server_that_wants_a_password_gets_it_from_git_and_no_file_holds_it(
    upstream: Path, tmp_path: Path
) -> None:
    person = Person(tmp_path / "home")
    with serve(upstream.parent) as server:
        server.behaviour.credentials = ("me", "s3cret")
        url = f"{server.url}/up/.git"
        app = project(tmp_path / "app", f'url = "{url}", tag = "v1.2.0"')
        refused = person.json(app, "lock")
        helper = "!f() { echo username=me; echo password=s3cret; }; f"
        (person.home / "gitconfig").write_text(f'[credential]\n\thelper = "{helper}"\n')
        trusted = Person(tmp_path / "home", GIT_CONFIG_GLOBAL=str(person.home / "gitconfig"))
        trusted.does(app, "lock")

    assert (refused.status, refused.code) == (EXIT_NETWORK, "access-denied")
    assert "s3cret" not in (app / "atom.lock").read_text()


@pytest.mark.spec("direct-copied", "git-tree", "manifest-foreign")
def test_a_dependency_brings_its_repository_along(upstream: Path, tmp_path: Path) -> None:
    village = Village(tmp_path / "village")
    with serve_ssh(upstream.parent) as server:
        person = Person(tmp_path / "home", GIT_SSH_COMMAND=server.command)
        declared = f'url = "{server.url}/up", branch = "main", subdir = "lib"'
        village.atom(
            "words", f'[deps.direct.git]\nsrc = {{ {declared} }}\n[build]\nunpack = ["src"]\n'
        )
        village.publish(person)
        (upstream / "lib" / "word").write_text("newer\n")
        git(upstream, "commit", "-q", "-a", "-m", "newer")
        someone = Person(tmp_path / "someone", GIT_SSH_COMMAND=server.command)
        someone.does(tmp_path, "new", "app")
        someone.does(tmp_path / "app", "add", f"{village.url}::words")
        someone.does(tmp_path / "app", "fetch")

    someone.does(tmp_path / "app", "build", "words", "--offline")

    assert (tmp_path / "app" / "result-words" / "word").read_text() == "new\n"


@pytest.mark.spec("direct-checked", "manifest-foreign")
def test_a_lock_cannot_lead_a_dependency_to_a_directory_of_this_machine(
    upstream: Path, tmp_path: Path
) -> None:
    village = Village(tmp_path / "village")
    with serve_ssh(upstream.parent) as server:
        person = Person(tmp_path / "home", GIT_SSH_COMMAND=server.command)
        declared = f'url = "{server.url}/up", branch = "main"'
        village.atom(
            "words", f'[deps.direct.git]\nsrc = {{ {declared} }}\n[build]\nunpack = ["src"]\n'
        )
        village.publish(person)
        person.does(tmp_path, "new", "app")
        person.does(tmp_path / "app", "add", f"{village.url}::words")
        lock = tmp_path / "app" / "atom.lock"
        lock.write_text(lock.read_text().replace(f"{server.url}/up", f"file://{upstream}"))

        answer = person.json(tmp_path / "app", "build", "words", "--locked")

    assert (answer.status, answer.code) == (EXIT_INTEGRITY, "lock-source-refused")
