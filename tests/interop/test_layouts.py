"""Every command reads every layout of refs and every format of commits that was ever published."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.story import Person, Village, git

if TYPE_CHECKING:
    from pathlib import Path

EMPTY = "author  <> 0 +0000\ncommitter  <> 0 +0000\n"
OLD_MANIFEST = '[atom]\nid = "word"\nversion = "{version}"\ndescription = "of old"\n'


@dataclass(frozen=True)
class Place:
    """A repository that has published ``word`` 1.0.0 and 1.1.0."""

    path: Path
    version_prefix: str

    @property
    def url(self) -> str:
        return f"file://{self.path}"


def by_eka(root: Path, commit_format: str, prefix: str) -> Place:
    """Publish with eka, in a format."""
    owner, village = Person(root / "owner"), Village(root / "village")
    village.write("ekala.toml", f'[set]\npackages = ["word"]\nformat = "{commit_format}"\n')
    for version in ("1.0.0", "1.1.0"):
        village.atom("word", 'description = "said"\n', version=version)
        village.write("word/word/said", f"hello {version}\n")
        village.commit()
        owner.does(village.mono, "init")
        owner.does(village.mono, "publish", "--all", "--push-source")
    return Place(village.server, prefix)


def hashed(repository: Path, kind: str, text: str) -> str:
    """Write an object of a kind and return its id."""
    command = ["git", "hash-object", "-w", "--stdin", "-t", kind]
    done = subprocess.run(
        command, cwd=repository, input=text.encode(), capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def tree(repository: Path, lines: str) -> str:
    """Write a tree of ``mode kind id<TAB>name`` lines."""
    done = subprocess.run(
        ["git", "mktree"], cwd=repository, input=lines.encode(), capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def of_old(root: Path) -> Place:
    """Publish as the first publishers did: format 1, and the genesis in a tag."""
    path = root / "old.git"
    git(root, "init", "-q", "--bare", "-b", "main", str(path))
    parent = ""
    for number, version in enumerate(("1.0.0", "1.1.0")):
        said = hashed(path, "blob", f"hello {version}\n")
        manifest = hashed(path, "blob", OLD_MANIFEST.format(version=version))
        inner = tree(path, f"100644 blob {said}\tsaid\n")
        spec = tree(path, f"100644 blob {manifest}\tword.atom\n")
        atom = tree(path, f"040000 tree {inner}\tword\n100644 blob {manifest}\tword.atom\n")
        other = hashed(path, "blob", "not of the atom\n")
        source = tree(
            path,
            f"100644 blob {other}\tREADME\n040000 tree {inner}\tword\n"
            f"100644 blob {manifest}\tword.atom\n",
        )
        top = tree(path, f"040000 tree {source}\tpkgs\n")
        who = f"author A <a@b.org> {number} +0000\ncommitter A <a@b.org> {number} +0000\n"
        parent = source_commit(path, top, parent, who)
        commit = hashed(
            path,
            "commit",
            f"tree {atom}\n{EMPTY}src {parent}\npath pkgs\nformat 1\n\nword: {version}",
        )
        git(path, "update-ref", f"refs/atoms/word/{version}", commit)
        git(path, "update-ref", f"refs/atoms/word/_specs/{version}", spec)
        git(path, "update-ref", f"refs/atoms/word/_srcs/{version}", parent)
        if number == 0:
            git(path, "update-ref", "refs/tags/ekala/root/v1", parent)
    git(path, "update-ref", "refs/heads/main", parent)
    return Place(path, "refs/atoms/word/")


def source_commit(path: Path, top: str, parent: str, who: str) -> str:
    """Write a commit of the history that atoms come from."""
    above = f"parent {parent}\n" if parent else ""
    return hashed(path, "commit", f"tree {top}\n{above}{who}\nx\n")


@pytest.fixture(scope="module", params=["2", "pre1", "pre1.0", "1"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    root = tmp_path_factory.mktemp("layout")
    if request.param == "1":
        return of_old(root)
    prefix = "refs/atoms/word/" if request.param == "2" else "refs/eka/atoms/word/"
    return by_eka(root, request.param, prefix)


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Person:
    return Person(tmp_path_factory.mktemp("reader"))


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Village:
    """A set with a shell to build with."""
    made = Village(tmp_path_factory.mktemp("tools"))
    made.publish(Person(tmp_path_factory.mktemp("toolmaker")))
    return made


@pytest.fixture
def app(tmp_path: Path, tools: Village) -> Path:
    """A project that copies the word out of what it will depend on."""
    (tmp_path / "atom.toml").write_text(
        f'[package]\nlabel = "app"\nversion = "1.0.0"\n[package.sets]\ntools = "{tools.url}"\n'
        '[deps.from.tools]\nshell = "^1"\n'
        '[build]\nrootfs = "shell"\nscript = "mkdir -p $out; cp $word/word/said $out/said"\n'
    )
    return tmp_path


@pytest.mark.spec("ref-layout-eka", "ref-layout-old")
def test_refs_lie_where_the_layout_has_them(place: Place) -> None:
    names = git(place.path, "for-each-ref", "--format=%(refname)", place.version_prefix)

    assert f"{place.version_prefix}1.1.0" in names.splitlines()


@pytest.mark.spec("ref-layout-eka", "ref-layout-old")
def test_queries_answer(place: Place, person: Person, app: Path) -> None:
    versions = person.json(app, "versions", f"{place.url}::word").document
    info = person.json(app, "info", f"{place.url}::word@1.0.0").document
    listed = person.json(app, "list", place.url)

    assert [each["version"] for each in versions["versions"]] == ["1.1.0", "1.0.0"]
    assert "1.0.0" in str(info)
    assert listed.status == 0
    assert '"word"' in listed.out


@pytest.mark.spec("ref-layout-eka", "ref-layout-old")
def test_versions_are_searched_and_compared(place: Place, person: Person, app: Path) -> None:
    found = person.json(app, "search", "word", place.url)
    log = person.json(app, "log", f"{place.url}::word")
    diff = person.json(app, "diff", f"{place.url}::word@1.0.0", f"{place.url}::word@1.1.0")

    assert (found.status, log.status, diff.status) == (0, 0, 0)
    assert '"word"' in found.out
    assert log.out.index('"1.1.0"') < log.out.index('"1.0.0"')
    assert "word/said" in diff.out


@pytest.mark.spec("ref-layout-eka", "ref-layout-old")
def test_what_is_published_verifies(place: Place, person: Person, app: Path) -> None:
    answer = person.json(app, "verify", f"{place.url}::word")

    assert answer.status == 0, answer.out
    assert len(answer.document["atoms"]) == 2
    for atom in answer.document["atoms"]:
        levels = {level["level"]: level["status"] for level in atom["levels"]}
        assert {levels[name] for name in ("bytes", "manifest", "subtree", "ancestry")} == {"ok"}


@pytest.mark.spec("ref-layout-eka", "ref-layout-old")
def test_it_is_added_locked_fetched_verified_and_built(
    place: Place, person: Person, app: Path
) -> None:
    person.does(app, "add", f"{place.url}::word@=1.0.0")
    text = (app / "atom.toml").read_text().replace('"=1.0.0"', '"^1"')
    (app / "atom.toml").write_text(text)
    person.does(app, "lock", "--update")
    lock = (app / "atom.lock").read_text()
    stranger = Person(app / "stranger")
    fetched = stranger.json(app, "fetch").document
    verified = stranger.json(app, "verify")
    person.does(app, "build")
    person.does(app, "mirror", str(app / "mirrors"))
    person.does(app, "vendor", str(app / "vendored"))

    assert "::word@1.1.0" in lock
    assert fetched["atoms"]
    assert verified.status == 0, verified.out
    assert (app / "result/said").read_text() == "hello 1.1.0\n"
    mirrors = list((app / "mirrors").iterdir())
    assert len(mirrors) == 2
    assert {git(each, "fsck", "--strict", "--no-dangling") for each in mirrors} == {""}
    assert [path.read_text() for path in app.glob("vendored/**/word/said")] == ["hello 1.1.0\n"]


@pytest.mark.spec("ref-layout-eka", "ref-layout-old", "status-ref")
def test_a_version_of_any_layout_is_yanked(
    place: Place, person: Person, app: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", str(place.path), "clone")
    clone = tmp_path / "clone"

    person.does(clone, "yank", "word@1.1.0", "--reason", "wrong word")
    person.does(app, "add", f"{place.url}::word")
    person.does(clone, "yank", "word@1.1.0", "--undo")

    assert 'word = "^1.0.0"' in (app / "atom.toml").read_text()


@pytest.mark.spec("commit-format-pre1", "ref-layout-eka")
def test_a_set_in_the_format_of_the_wild_publishes_it_to_the_byte(tmp_path: Path) -> None:
    place = by_eka(tmp_path, "pre1", "refs/eka/atoms/word/")
    ref = f"{place.version_prefix}1.0.0"
    origin = git(place.path, "rev-parse", "refs/eka/meta/word/1.0.0/origin")
    tree_id = git(place.path, "rev-parse", f"{origin}:word")
    command = ["git", "cat-file", "commit", ref]

    body = subprocess.run(command, cwd=place.path, capture_output=True, check=True).stdout

    expected = f"tree {tree_id}\n{EMPTY}origin {origin}\nformat pre1\n\npublish(word): 1.0.0"
    assert body == expected.encode()
    names = git(place.path, "for-each-ref", "--format=%(refname)", "refs/eka", "refs/ekala")
    assert names.splitlines() == [
        "refs/eka/atoms/word/1.0.0",
        "refs/eka/atoms/word/1.1.0",
        "refs/eka/meta/word/1.0.0/manifest",
        "refs/eka/meta/word/1.0.0/origin",
        "refs/eka/meta/word/1.1.0/manifest",
        "refs/eka/meta/word/1.1.0/origin",
        "refs/ekala/init",
    ]
