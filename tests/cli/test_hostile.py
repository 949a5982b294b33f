"""A set of a stranger who means harm: no command writes outside, runs a program or believes it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.fakes.hostile_atoms import (
    COMMITS,
    HONEST,
    LIES,
    TREES,
    HostileSet,
    hostile_set,
)
from tests.fakes.raw_git import RawRepository
from tests.story import Answer, Person

if TYPE_CHECKING:
    from pathlib import Path

UNSATISFIABLE, NOT_FOUND, NETWORK, INTEGRITY = 1, 3, 4, 5
# The server itself cannot read these, and gives nothing.
UNSERVED = {
    "empty name": NETWORK,
    "file that is not there": NETWORK,
    "that is empty": NOT_FOUND,
}
FAULTY = {**TREES, **COMMITS, **LIES}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def person(root: Path) -> Person:
    return Person(root / "home")


@pytest.fixture(scope="module")
def hostile(root: Path) -> HostileSet:
    return hostile_set(root / "evil.git")


@pytest.fixture(scope="module")
def app(person: Person, hostile: HostileSet) -> Path:
    """A project that depends on the one honest atom of the set."""
    person.does(person.home, "new", "app")
    person.does(person.home / "app", "add", hostile.uri(HONEST))
    return person.home / "app"


def everything(root: Path, person: Person) -> dict[str, bytes]:
    """Return every file below ``root`` but those in the directories that are eka's own."""
    found: dict[str, bytes] = {}
    for parent, directories, files in os.walk(root):
        own = {person.home / name for name in (".cache", ".data", ".state")}
        directories[:] = [name for name in directories if root / parent / name not in own]
        for name in (*directories, *files):
            path = root / parent / name
            if path.is_symlink():
                found[str(path)] = os.fsencode(path.readlink())
            elif path.is_file():
                found[str(path)] = path.read_bytes()
            else:
                found[str(path)] = b""
    return found


def refusal(answer: Answer) -> str:
    """Return the code of the error, wherever a document holds it."""
    document = answer.document
    if "atoms" in document:
        (atom,) = document["atoms"]
        assert not atom["sound"]
        return str(atom["error"]["code"]) if atom["error"] else "verify"
    return answer.code


@pytest.mark.spec(
    "policy-first", "fetch-checks", "commit-canonical", "commit-claims", "flow-checked"
)
@pytest.mark.parametrize("case", FAULTY)
def test_s04_s08_s11_no_command_takes_what_is_no_atom(
    case: str, root: Path, person: Person, hostile: HostileSet, app: Path
) -> None:
    before = everything(root, person)
    uri = hostile.uri(case)

    shown = person.json(app, "info", uri)
    verified = person.json(app, "verify", uri)
    added = person.json(app, "add", uri)

    if case in UNSERVED:
        statuses = {answer.status for answer in (shown, verified, added)}
        assert statuses == {UNSERVED[case]}
    else:
        assert verified.status == INTEGRITY, verified
        assert refusal(verified)
        assert added.status in (INTEGRITY, UNSATISFIABLE), added
        codes = {"refused-objects", "unsatisfiable", "pin-mismatch", "claim-mismatch"}
        assert added.code in codes
        if case != "about its content":  # only hashing every file shows it
            assert shown.status == INTEGRITY, shown
    assert everything(root, person) == before


@pytest.mark.parametrize("case", TREES)
def test_s11_no_build_takes_a_hostile_tree_that_a_lock_pins(
    case: str, root: Path, person: Person, hostile: HostileSet, app: Path, tmp_path: Path
) -> None:
    commit, honest = hostile.commits[case], hostile.commits[HONEST]
    lock = app / "atom.lock"
    text = lock.read_text()
    assert commit.content is not None
    assert honest.content is not None
    forged = text.replace(hostile.revs[HONEST].hex, hostile.revs[case].hex)
    forged = forged.replace(honest.tree.hex, commit.tree.hex)
    forged = forged.replace(honest.content.hex, commit.content.hex)
    lock.write_text(forged)
    before = everything(root, person)
    # Somebody who has not seen the honest atom: what was seen first protects the others.
    newcomer = Person(person.home, XDG_STATE_HOME=str(tmp_path))

    try:
        answers = [
            newcomer.json(app, *words)
            for words in (["build", HONEST], ["fetch"], ["vendor", "../v"], ["mirror", "../m"])
        ]
    finally:
        lock.write_text(text)

    lock.write_text(forged)
    assert everything(root, person) == before
    lock.write_text(text)
    for answer in (answers[0], *answers[2:]):
        assert answer.status == UNSERVED.get(case, INTEGRITY), answer
    assert not list((person.home / ".data").rglob("canary"))


def test_s11_one_bad_atom_does_not_hide_the_good_one(
    person: Person, hostile: HostileSet, app: Path
) -> None:
    raw = hostile.raw
    raw.publish(raw.atom("mixed", raw.manifest("mixed")))
    for version, case in (("1.1.0", "absolute link"), ("1.2.0", "link with a backslash")):
        entries = (raw.manifest("mixed", version), *TREES[case](raw))
        raw.publish(raw.atom("mixed", *entries, version=version))

    added = person.json(app, "add", f"{hostile.url}::mixed@^1", "--dry-run")
    verified = person.json(app, "verify", f"{hostile.url}::mixed")

    assert (added.status, added.document["added"][0]["version"]) == (0, "1.0.0")
    assert [atom["sound"] for atom in verified.document["atoms"]] == [True, False, False]
    assert verified.status == INTEGRITY


@pytest.mark.spec("level-ancestry")
def test_s05_a_set_that_claims_the_beginning_of_another_is_found_out(
    root: Path, person: Person, app: Path
) -> None:
    liar = RawRepository(root / "liar.git")
    stranger = liar.commit(liar.tree(liar.file("elsewhere")))
    liar.ref("refs/ekala/init", stranger)
    liar.publish(liar.atom("lib", liar.manifest("lib")))

    answer = person.json(app, "verify", f"file://{liar.path}::lib")

    assert answer.status == INTEGRITY
    (atom,) = answer.document["atoms"]
    failed = {each["level"] for each in atom["levels"] if each["status"] == "failed"}
    assert failed == {"ancestry"}
