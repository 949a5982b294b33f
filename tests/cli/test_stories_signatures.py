"""People sign what they publish, and use only what the right people have signed."""

from __future__ import annotations

import calendar
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eka.atom import ObjectId
from eka.git import signature_ref
from eka.git.signatures import SignedStatement
from tests.fakes.signed_set import PEOPLE, SignedSet, keys, revoke, trust
from tests.fakes.signing import ALICE, BOB, CAROL, MemorySigner, signature_of
from tests.story import Answer, Person, git

if TYPE_CHECKING:
    from collections.abc import Callable

    from eka.git.signatures import Statement

FAILED, USAGE, NOT_FOUND, NETWORK, INTEGRITY, CONFLICT = 1, 2, 3, 4, 5, 6
TWO_OF_THREE = "2 of [alice@example.org, bob@example.org, carol@example.org]"


@dataclass
class World:
    """An owner with a signed set, and a person who uses it."""

    owner: Person
    user: Person
    pkgs: SignedSet
    project: Path

    @classmethod
    def copied(cls, other: World, root: Path) -> World:
        """Return a world of one's own, equal to another one."""
        shutil.copytree(other.pkgs.root.parent, root, symlinks=True, dirs_exist_ok=True)
        pkgs = SignedSet.__new__(SignedSet)
        pkgs.__dict__.update(other.pkgs.__dict__)
        pkgs.root, pkgs.mono, pkgs.server = root / "set", root / "set/mono", root / "set/pkgs.git"
        git(pkgs.mono, "remote", "set-url", "origin", str(pkgs.server))
        pkgs.owner = Person(root / "owner")
        return cls(pkgs.owner, Person(root / "user"), pkgs, root / "project")

    def key(self, who: MemorySigner) -> str:
        """Return where the owner has a private key."""
        return str(self.owner.home / ".ssh" / who.name)

    def trusts(self, *signers: MemorySigner, require: str = "any") -> None:
        """Let the user trust people, and demand their signatures of the set."""
        trust(self.user, *(each.allowed for each in signers), rules=((self.pkgs.url, require),))

    def add(self, label: str = "zlib", version: str = "=1.0.0") -> Any:  # noqa: ANN401 - JSON
        """Let the user add a dependency; return the answer."""
        return self.user.json(self.project, "add", f"{self.pkgs.url}::{label}@{version}")

    def signature(self, label: str = "zlib", version: str = "=1.0.0") -> dict[str, Any]:
        """Return what ``eka verify`` tells of the level and of each signature."""
        answer = self.user.json(self.project, "verify", f"{self.pkgs.url}::{label}@{version}")
        atom = answer.document["atoms"][0]
        level = next(each for each in atom["levels"] if each["level"] == "signature")
        states = {each["key"]: each["state"] for each in atom["signatures"]}
        reasons = " ".join(each["reason"] for each in atom["signatures"])
        found = {**level, "states": states, "reasons": reasons, "exit": answer.status}
        assert atom["sound"] == (level["status"] != "failed")
        return found


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> World:
    """zlib 1.0.0 signed by alice, zlib 1.1.0 and xlib 1.0.0 by nobody."""
    root = tmp_path_factory.mktemp("world")
    owner = Person(root / "owner")
    keys(owner)
    pkgs = SignedSet(root / "set", owner)
    world = World(owner, Person(root / "user"), pkgs, root / "project")
    pkgs.release("zlib", "1.0.0", "--sign", "--sign-key", world.key(ALICE))
    pkgs.release("zlib", "1.1.0")
    pkgs.release("xlib", "1.0.0")
    world.user.does(root, "new", "project")
    return world


@pytest.fixture
def world(first: World, tmp_path: Path) -> World:
    return World.copied(first, tmp_path / "w")


def ref_of(who: MemorySigner, said: Statement) -> str:
    return signature_ref(said.label, said.version, who.key.id)


@pytest.mark.spec("sign-beside", "signature-ref")
def test_publishing_signs_in_the_same_push(world: World) -> None:
    world.pkgs.release("zlib", "1.2.0", "--sign", "--sign-key", world.key(ALICE))
    again = world.owner.json(
        world.pkgs.mono, "publish", "zlib", "--sign", "--sign-key", world.key(BOB)
    )

    assert [ref for ref in world.pkgs.tags() if "1.2.0" in ref] == [
        f"refs/ekala/sigs/zlib/1.2.0/{ALICE.key.id}"
    ]
    assert git(world.pkgs.mono, "for-each-ref", "--format=%(refname)", "refs/ekala/sigs") == (
        "\n".join(world.pkgs.tags())
    )
    assert (again.status, again.document["atoms"][0]["status"]) == (0, "unchanged")
    assert git(world.pkgs.server, "fsck", "--strict") == ""


@pytest.mark.spec("sign-beside")
def test_a_publish_tells_who_signs_and_what_a_trial_would_do(world: World) -> None:
    (world.pkgs.mono / "zlib/atom.toml").write_text(
        '[package]\nlabel = "zlib"\nversion = "1.3.0"\n'
    )
    git(world.pkgs.mono, "commit", "-qam", "Release")
    words = ["publish", "zlib", "--push-source", "--sign-key", world.key(BOB)]
    before = world.pkgs.tags()

    tried = world.owner.json(world.pkgs.mono, *words, "--dry-run").document
    assert world.pkgs.tags() == before
    done = world.owner.json(world.pkgs.mono, *words).document

    assert tried["signed_by"] == done["signed_by"] == BOB.key.fingerprint
    assert tried["refs"] == done["refs"]
    assert f"refs/ekala/sigs/zlib/1.3.0/{BOB.key.id}" in world.pkgs.tags()


@pytest.mark.spec("sign-beside", "signature-payload")
def test_versions_in_formats_of_the_wild_are_signed_too(world: World, tmp_path: Path) -> None:
    wild = SignedSet(tmp_path / "wild", world.owner)
    wild.settings += 'format = "pre1"\n'
    wild.release("zlib", "1.0.0", "--sign", "--sign-key", world.key(ALICE))
    there = World(world.owner, world.user, wild, world.project)
    there.trusts(ALICE)

    assert git(wild.server, "for-each-ref", "refs/eka/atoms/zlib/1.0.0")
    assert there.signature()["states"] == {ALICE.key.fingerprint: "good"}
    assert there.add().status == 0


@pytest.mark.spec("signature-binds")
def test_without_a_genesis_no_signature_can_be_believed(world: World) -> None:
    world.trusts(ALICE)
    git(world.pkgs.server, "update-ref", "-d", "refs/ekala/init")

    level = world.signature()

    assert (level["status"], level["states"]) == ("failed", {ALICE.key.fingerprint: "bad"})
    assert "no set is known" in level["reasons"]


@pytest.mark.spec("sign-beside")
def test_without_its_signature_a_version_is_not_published(world: World) -> None:
    hook = world.pkgs.server / "hooks/update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/ekala/sigs/*) exit 1;; esac\n')
    hook.chmod(0o755)
    before = git(world.pkgs.server, "for-each-ref", "refs/atoms", "refs/ekala")

    with pytest.raises(AssertionError, match="push-refused"):
        world.pkgs.release("zlib", "1.2.0", "--sign", "--sign-key", world.key(ALICE))

    assert git(world.pkgs.server, "for-each-ref", "refs/atoms", "refs/ekala") == before


@pytest.mark.spec("sign-key")
def test_settings_and_variables_choose_the_key_and_whether_to_sign(world: World) -> None:
    config = world.owner.home / ".config/eka/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text('[sign]\nkey = "~/.ssh/carol"\n[publish]\nsign = true\n')

    world.pkgs.release("zlib", "1.2.0")
    world.pkgs.release("zlib", "1.2.1", "--no-sign")
    world.owner.environment["EKA_SIGN_KEY"] = world.key(BOB)
    world.pkgs.release("zlib", "1.2.2")
    world.owner.environment["EKA_PUBLISH_SIGN"] = "false"
    world.pkgs.release("zlib", "1.2.3")

    signed = [ref.split("/")[4:] for ref in world.pkgs.tags() if "/1.2." in ref]
    assert signed == [["1.2.0", CAROL.key.id], ["1.2.2", BOB.key.id]]


@pytest.mark.parametrize(("table", "key"), [
    ("sign]\nkey = 7", "sign.key"), ("sign]\nkey = 'id_ed25519'", "sign.key"),
    ("publish]\nsign = 'yes'", "publish.sign"),
    ("trust]\nallowed_signers = 'here'", "trust.allowed_signers"),
    ("trust]\nrevoked = 1", "trust.revoked"), ("trust]\nsource = 1", "trust.source"),
    ("[trust.source]]\nurl = 'https://h/x'", "trust.source"),
    ("[trust.source]]\nurl = 'https://h/x'\nrequire = 'any'\nmore = 1", "trust.source"),
    ("[trust.source]]\nurl = 1\nrequire = 'any'", "trust.source"),
])  # fmt: skip
def test_settings_that_mean_nothing_are_shown(world: World, table: str, key: str) -> None:
    trust(world.user)
    config = world.user.home / ".config/eka/config.toml"
    config.write_text(f"[{table}\n")

    answer = world.user.json(world.project, "verify")

    error = answer.document["error"]
    assert (answer.status, error["code"]) == (USAGE, "setting-invalid")
    assert error["span"]["file"] == str(config)
    assert key in error["what"] + error["where"]


def test_a_rule_that_means_nothing_is_shown_in_its_file(world: World) -> None:
    world.trusts(ALICE, require="3 of [alice]")

    answer = world.user.json(world.project, "verify")

    assert (answer.status, answer.code) == (USAGE, "invalid-trust-rule")
    assert answer.document["error"]["span"]["line"] == 2


@pytest.mark.spec("trust-layers")
@pytest.mark.parametrize("text", [
    "[sign]\nkey = '/x'\n", "[publish]\nsign = true\n", "[trust]\nallowed_signers = '/x'\n",
    "[trust]\nrevoked = '/x'\n", "[[trust.source]]\nurl = '*'\nrequire = 'none'\n",
])  # fmt: skip
def test_a_projects_own_file_says_nothing_of_trust(world: World, text: str) -> None:
    (world.project / ".eka.toml").write_text(text)

    answer = world.user.json(world.project, "verify")

    assert (answer.status, answer.code) == (USAGE, "setting-unknown")


@pytest.mark.spec("sign-later")
def test_a_second_person_signs_later(world: World) -> None:
    uri = f"{world.pkgs.url}::zlib@1.0.0"
    words = ["sign", uri, "--sign-key", world.key(BOB)]
    commits = git(world.pkgs.server, "for-each-ref", "refs/atoms")

    tried = world.owner.json(world.pkgs.root, *words, "--dry-run").document
    assert len(world.pkgs.tags()) == 1
    done = world.owner.json(world.pkgs.root, *words).document
    again = world.owner.json(world.pkgs.root, *words).document

    assert [each["new"] for each in (tried["versions"][0], done["versions"][0])] == [True, True]
    assert again["versions"][0]["new"] is False
    assert {tried["key"], done["key"], again["key"]} == {BOB.key.fingerprint}
    assert {ref.rpartition("/")[2] for ref in world.pkgs.tags()} == {ALICE.key.id, BOB.key.id}
    assert git(world.pkgs.server, "for-each-ref", "refs/atoms") == commits
    assert git(world.pkgs.server, "fsck", "--strict") == ""


@pytest.mark.spec("sign-later")
def test_labels_name_versions_of_the_set_around(world: World) -> None:
    words = ["--sign-key", world.key(CAROL)]

    newest = world.owner.json(world.pkgs.mono, "sign", "zlib", *words).document
    every = world.owner.json(world.pkgs.mono, "sign", "zlib@^1", "xlib", *words).document

    assert [each["version"] for each in newest["versions"]] == ["1.1.0"]
    assert [(each["label"], each["version"], each["new"]) for each in every["versions"]] == [
        ("zlib", "1.0.0", True), ("zlib", "1.1.0", False), ("xlib", "1.0.0", True),
    ]  # fmt: skip
    mine = git(world.pkgs.mono, "for-each-ref", "--format=%(refname)", "refs/ekala/sigs/")
    assert mine.split() == world.pkgs.tags()


@pytest.mark.spec("sign-later")
def test_a_version_published_here_alone_is_signed_here(world: World) -> None:
    place = world.pkgs.mono / "own"
    place.mkdir()
    (place / "atom.toml").write_text('[package]\nlabel = "own"\nversion = "0.1.0"\n')
    git(world.pkgs.mono, "add", "-A")
    git(world.pkgs.mono, "commit", "-qm", "Own")
    world.owner.does(world.pkgs.mono, "publish", "own", "--remote", ".")

    words = ["sign", "own", "--remote", ".", "--sign-key", world.key(BOB)]
    answer = world.owner.json(world.pkgs.mono, *words)

    assert answer.document["versions"][0]["new"] is True
    assert git(world.pkgs.mono, "for-each-ref", "--format=%(refname)", "refs/ekala/sigs/own/")
    assert not any("/own/" in ref for ref in world.pkgs.tags())


@pytest.mark.spec("sign-later")
def test_what_is_not_what_it_claims_is_not_signed(world: World) -> None:
    commit = world.pkgs.commit_of("zlib", "1.0.0")
    git(world.pkgs.server, "update-ref", "refs/atoms/zlib/1.4.0", commit)

    words = ["sign", f"{world.pkgs.url}::zlib@1.4.0", "--sign-key", world.key(BOB)]
    answer = world.owner.json(world.pkgs.root, *words)

    assert (answer.status, len(world.pkgs.tags())) == (INTEGRITY, 1)


@pytest.mark.spec("sign-later")
def test_a_foreign_object_in_the_place_of_a_signature_is_no_signature(world: World) -> None:
    said = world.pkgs.said(world.pkgs.tags()[0])
    git(world.pkgs.server, "update-ref", ref_of(BOB, said), said.commit.hex)

    words = ["sign", "zlib@1.0.0", "--sign-key", world.key(BOB)]
    answer = world.owner.json(world.pkgs.mono, *words)

    assert (answer.status, answer.code) == (CONFLICT, "signature-place-taken")
    assert answer.document["error"]["where"] == ref_of(BOB, said)


@pytest.mark.parametrize(("words", "status", "code"), [
    (["zlib@9"], NOT_FOUND, "atom-not-found"), (["nothing"], NOT_FOUND, "atom-not-found"),
    (["SERVER"], USAGE, "uri-incomplete"),
])  # fmt: skip
def test_what_cannot_be_signed_is_told(
    world: World, words: list[str], status: int, code: str
) -> None:
    targets = [world.pkgs.url if word == "SERVER" else word for word in words]

    answer = world.owner.json(world.pkgs.mono, "sign", *targets, "--sign-key", world.key(BOB))

    assert (answer.status, answer.code) == (status, code)


@pytest.mark.spec("sign-key")
def test_without_a_key_a_person_is_told_how_to_have_one(world: World) -> None:
    answer = world.owner.json(world.pkgs.mono, "sign", "zlib")

    assert (answer.status, answer.code) == (USAGE, "no-signing-key")
    assert "ssh-keygen -t ed25519" in answer.document["error"]["fix"]


@pytest.mark.spec("rule-lock", "rule-demand", "level-signature")
def test_a_source_that_needs_two_signatures_has_them_or_is_not_locked(world: World) -> None:
    world.trusts(*PEOPLE, require=TWO_OF_THREE)

    refused = world.add()
    level = world.signature()

    assert (refused.status, refused.code) == (INTEGRITY, "signatures-missing")
    assert not (world.project / "atom.lock").exists()
    details = "\n".join(refused.document["error"]["details"])
    assert f"expected bob@example.org: {BOB.key.fingerprint}" in details
    assert f"found {ALICE.key.fingerprint} alice@example.org: good" in details
    assert (level["status"], level["expected"], level["exit"]) == (
        "failed",
        TWO_OF_THREE,
        INTEGRITY,
    )

    uri = f"{world.pkgs.url}::zlib@1.0.0"
    world.owner.does(world.pkgs.root, "sign", uri, "--sign-key", world.key(CAROL))

    assert world.add().status == 0
    assert world.signature()["status"] == "ok"
    assert world.signature()["found"] == "alice@example.org, carol@example.org"


@pytest.mark.spec("level-signature")
def test_without_a_rule_the_level_tells_what_is_there(world: World) -> None:
    trust(world.user, ALICE.allowed)
    signed, unsigned = world.signature(), world.signature("xlib")
    trust(world.user)
    strange = world.signature()

    assert (signed["status"], signed["found"]) == ("ok", "alice@example.org")
    assert (unsigned["status"], unsigned["states"]) == ("absent", {})
    assert (strange["status"], strange["states"]) == (
        "absent", {ALICE.key.fingerprint: "unknown"},
    )  # fmt: skip
    assert {signed["exit"], unsigned["exit"], strange["exit"]} == {0}


@pytest.mark.spec("rule-lock")
def test_sources_without_a_rule_are_not_asked(world: World) -> None:
    trust(world.user, rules=(("https://elsewhere.example/", "any"),))

    answer = world.add("xlib")

    assert answer.status == 0
    assert not (world.user.home / ".cache/eka/listings/signatures").exists()


@pytest.mark.spec("rule-reviewed", "rule-lock")
def test_a_reviewed_lock_is_fetched_as_it_is_and_verified_anew(world: World) -> None:
    world.trusts(ALICE)
    world.add()
    git(world.pkgs.server, "update-ref", "-d", world.pkgs.tags()[0])

    fetched = world.user.json(world.project, "fetch")
    verified = world.user.json(world.project, "verify")
    locked = world.user.json(world.project, "lock")

    assert fetched.status == 0
    assert (verified.status, verified.document["sound"]) == (INTEGRITY, False)
    assert (locked.status, locked.code) == (INTEGRITY, "signatures-missing")


@pytest.mark.spec("rule-lock", "level-signature")
def test_offline_what_was_asked_before_counts(world: World) -> None:
    world.trusts(ALICE)
    world.add()

    verified = world.user.json(world.project, "verify", "--offline")
    locked = world.user.json(world.project, "lock", "--offline")
    shutil.rmtree(world.user.home / ".cache/eka/listings/signatures")
    forgotten = world.user.json(world.project, "verify", "--offline")
    refused = world.user.json(world.project, "lock", "--offline")

    def level(answer: Answer) -> str:
        levels = answer.document["atoms"][0]["levels"]
        return {str(each["level"]): str(each["status"]) for each in levels}["signature"]

    assert (verified.status, level(verified)) == (0, "ok")
    assert (forgotten.status, level(forgotten)) == (0, "unavailable")
    assert (locked.status, refused.status, refused.code) == (0, NETWORK, "offline")


@pytest.mark.spec("rule-change")
def test_a_change_of_signers_is_told(world: World) -> None:
    world.trusts(*PEOPLE)
    world.owner.does(world.pkgs.mono, "sign", "zlib@1.1.0", "--sign-key", world.key(BOB))
    world.user.does(world.project, "add", f"{world.pkgs.url}::zlib@=1.0.0")

    answer = world.user.does(world.project, "add", f"{world.pkgs.url}::zlib@=1.1.0")
    again = world.user.does(world.project, "lock")

    assert "1.1.0 is signed by bob@example.org; 1.0.0 was signed by alice@" in answer.err
    assert "was signed by" not in again.err


def seen_in(person: Person, year: int) -> None:
    """Let all that a person's eka found good have been found so in another year."""
    path = Path(person.environment["XDG_STATE_HOME"]) / "eka/good-signatures.jsonl"
    when_s = calendar.timegm((year, 7, 1, 0, 0, 0))
    text, count = re.subn(r'"at":\d+', f'"at":{when_s}', path.read_text())
    assert count
    path.write_text(text)


@pytest.mark.spec("trust-time", "trust-revoked")
def test_a_key_that_expires_takes_nothing_back_and_a_revoked_one_everything(
    world: World, tmp_path: Path
) -> None:
    rules = ((world.pkgs.url, "any"),)
    world.trusts(ALICE)
    world.add()
    seen_in(world.user, 2019)
    newcomer = World(world.owner, Person(tmp_path / "new"), world.pkgs, world.project)
    for person in (world.user, newcomer.user):
        trust(person, f'alice valid-before="20200101" {ALICE.key.text}', rules=rules)

    known, unknown = world.signature(), newcomer.signature()
    revoke(world.user, ALICE)
    revoked = world.signature()

    assert (known["status"], known["states"]) == ("ok", {ALICE.key.fingerprint: "good"})
    assert unknown["states"] == {ALICE.key.fingerprint: "untimely"}
    assert (unknown["status"], revoked["status"]) == ("failed", "failed")
    assert revoked["states"] == {ALICE.key.fingerprint: "revoked"}


def wrong_key(world: World, said: Statement) -> tuple[str, str]:
    world.trusts(BOB)
    del said
    return "unknown", "do not name its key"


def expired(world: World, said: Statement) -> tuple[str, str]:
    rules = ((world.pkgs.url, "any"),)
    trust(world.user, f'alice valid-before="20200101Z" {ALICE.key.text}', rules=rules)
    del said
    return "untimely", "expired"


def not_yet_valid(world: World, said: Statement) -> tuple[str, str]:
    rules = ((world.pkgs.url, "any"),)
    trust(world.user, f'alice valid-after="20990101Z" {ALICE.key.text}', rules=rules)
    del said
    return "untimely", "not valid yet"


def revoked_key(world: World, said: Statement) -> tuple[str, str]:
    revoke(world.user, ALICE)
    del said
    return "revoked", "revoked"


def key_for_other_namespaces(world: World, said: Statement) -> tuple[str, str]:
    rules = ((world.pkgs.url, "any"),)
    trust(world.user, f'alice namespaces="file" {ALICE.key.text}', rules=rules)
    del said
    return "untimely", "namespaces"


def by_ssh_keygen(world: World, said: Statement, key: Path, *options: str) -> bytes:
    """Return the body of a tag whose armor ssh-keygen made."""
    payload = world.pkgs.root / "payload"
    payload.write_bytes(said.payload(ALICE.key.id))
    words = ["ssh-keygen", "-Y", "sign", "-f", str(key), *options, str(payload)]
    subprocess.run(words, check=True, capture_output=True)
    return payload.read_bytes() + payload.with_suffix(".sig").read_bytes()


def wrong_namespace(world: World, said: Statement) -> tuple[str, str]:
    body = by_ssh_keygen(world, said, world.owner.home / ".ssh/alice", "-n", "file")
    world.pkgs.point(said, ALICE.key.id, "tag", body)
    return "bad", "namespace"


def rsa_key(world: World, said: Statement) -> tuple[str, str]:
    key = world.pkgs.root / "rsa"
    words = ["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(key)]
    subprocess.run(words, check=True)
    world.pkgs.point(said, ALICE.key.id, "tag", by_ssh_keygen(world, said, key, "-n", "git"))
    return "bad", "rsa-sha2-512"


def truncated_armor(world: World, said: Statement) -> tuple[str, str]:
    body = signature_of(said, ALICE)
    world.pkgs.point(said, ALICE.key.id, "tag", body[:-60])
    return "bad", "first or last line"


def tag_of_a_tag(world: World, said: Statement) -> tuple[str, str]:
    inner = git(world.pkgs.server, "rev-parse", ref_of(ALICE, said))
    payload = said.payload(ALICE.key.id).decode()
    payload = payload.replace(
        f"object {said.commit.hex}\ntype commit", f"object {inner}\ntype tag"
    )
    signed = ALICE.sign([payload.encode()])[0].encode()
    world.pkgs.point(said, ALICE.key.id, "tag", payload.encode() + signed)
    return "bad", "signs a tag"


def commit_in_its_place(world: World, said: Statement) -> tuple[str, str]:
    git(world.pkgs.server, "update-ref", ref_of(ALICE, said), said.commit.hex)
    return "bad", "leads to a commit"


def blob_in_its_place(world: World, said: Statement) -> tuple[str, str]:
    world.pkgs.point(said, ALICE.key.id, "blob", signature_of(said, ALICE))
    return "bad", "leads to a blob"


def signature_over_another_atoms_commit(world: World, said: Statement) -> tuple[str, str]:
    other = replace(said, commit=ObjectId(world.pkgs.commit_of("xlib", "1.0.0")))
    world.pkgs.point(said, ALICE.key.id, "tag", signature_of(other, ALICE))
    return "bad", "commit: expected"


def another_content(world: World, said: Statement) -> tuple[str, str]:
    other = replace(said, content=type(said.content)("0" * 64))
    world.pkgs.point(said, ALICE.key.id, "tag", signature_of(other, ALICE))
    return "bad", "blake3: expected"


def replay_of_another_version(world: World, said: Statement) -> tuple[str, str]:
    tag = git(world.pkgs.server, "rev-parse", ref_of(ALICE, said))
    git(world.pkgs.server, "update-ref", f"refs/ekala/sigs/zlib/1.1.0/{ALICE.key.id}", tag)
    return "bad", "version: expected 1.1.0"


def replay_of_another_label(world: World, said: Statement) -> tuple[str, str]:
    tag = git(world.pkgs.server, "rev-parse", ref_of(ALICE, said))
    git(world.pkgs.server, "update-ref", f"refs/ekala/sigs/xlib/1.0.0/{ALICE.key.id}", tag)
    return "bad", "id: expected"


def replay_under_another_key(world: World, said: Statement) -> tuple[str, str]:
    tag = git(world.pkgs.server, "rev-parse", ref_of(ALICE, said))
    git(world.pkgs.server, "update-ref", "-d", ref_of(ALICE, said))
    git(world.pkgs.server, "update-ref", ref_of(BOB, said), tag)
    return "bad", "key: expected"


def changed_bit(world: World, said: Statement) -> tuple[str, str]:
    body = signature_of(said, ALICE).replace(b"blake3 ", b"blake3 ").decode()
    signed = SignedStatement.decode(body.encode())
    raw = bytes([signed.signature.raw[0] ^ 1]) + signed.signature.raw[1:]
    forged = replace(signed, signature=replace(signed.signature, raw=raw))
    world.pkgs.point(said, ALICE.key.id, "tag", forged.encode())
    return "bad", "did not sign"


ABUSES: dict[str, tuple[Callable[[World, Statement], tuple[str, str]], str, str]] = {
    "wrong key": (wrong_key, "zlib", "1.0.0"),
    "expired": (expired, "zlib", "1.0.0"),
    "not yet valid": (not_yet_valid, "zlib", "1.0.0"),
    "revoked": (revoked_key, "zlib", "1.0.0"),
    "key for other namespaces": (key_for_other_namespaces, "zlib", "1.0.0"),
    "wrong namespace": (wrong_namespace, "zlib", "1.0.0"),
    "RSA": (rsa_key, "zlib", "1.0.0"),
    "truncated armor": (truncated_armor, "zlib", "1.0.0"),
    "tag of a tag": (tag_of_a_tag, "zlib", "1.0.0"),
    "a commit": (commit_in_its_place, "zlib", "1.0.0"),
    "a blob": (blob_in_its_place, "zlib", "1.0.0"),
    "another atom's commit": (signature_over_another_atoms_commit, "zlib", "1.0.0"),
    "another content": (another_content, "zlib", "1.0.0"),
    "replay of another version": (replay_of_another_version, "zlib", "1.1.0"),
    "replay of another label": (replay_of_another_label, "xlib", "1.0.0"),
    "replay under another key": (replay_under_another_key, "zlib", "1.0.0"),
    "changed bit": (changed_bit, "zlib", "1.0.0"),
}


@pytest.mark.spec("signature-binds", "signature-kind", "trust-states", "rule-lock")
@pytest.mark.parametrize(("abuse", "label", "version"), ABUSES.values(), ids=list(ABUSES))
def test_s19_a_signature_that_does_not_count_is_shown_and_never_counted(
    world: World, abuse: Callable[[World, Statement], tuple[str, str]], label: str, version: str
) -> None:
    said = world.pkgs.said(world.pkgs.tags()[0])
    world.trusts(ALICE, BOB)

    state, reason = abuse(world, said)
    answer, level = world.add(label, f"={version}"), world.signature(label, f"={version}")

    assert (answer.status, answer.code) == (INTEGRITY, "signatures-missing")
    assert not (world.project / "atom.lock").exists()
    assert (level["status"], level["exit"]) == ("failed", INTEGRITY)
    assert list(level["states"].values()) == [state]
    assert reason in level["reasons"]
    assert reason in "\n".join(answer.document["error"]["details"])


@pytest.mark.spec("signature-binds")
def test_s19_a_signature_from_another_repository_is_refused(world: World, tmp_path: Path) -> None:
    other = SignedSet(tmp_path / "other", world.owner)
    other.release("zlib", "1.0.0")
    git(other.server, "fetch", "-q", str(world.pkgs.server), "refs/ekala/*:refs/taken/*")
    tag = git(other.server, "rev-parse", f"refs/taken/sigs/zlib/1.0.0/{ALICE.key.id}")
    git(other.server, "update-ref", f"refs/ekala/sigs/zlib/1.0.0/{ALICE.key.id}", tag)
    there = World(world.owner, world.user, other, world.project)
    there.trusts(ALICE)

    answer, level = there.add(), there.signature()

    assert (answer.status, answer.code) == (INTEGRITY, "signatures-missing")
    assert list(level["states"].values()) == ["bad"]
    assert "id: expected" in level["reasons"]


@pytest.mark.spec("signature-robust")
def test_s19_heaps_of_bad_signatures_hide_no_good_one(world: World) -> None:
    world.trusts(ALICE)
    said = world.pkgs.said(world.pkgs.tags()[0])
    tag = git(world.pkgs.server, "rev-parse", ref_of(ALICE, said))
    names = [f"{number:064x}" for number in range(100)]
    lines = "".join(f"create refs/ekala/sigs/zlib/1.0.0/{name} {tag}\n" for name in names)
    words = ["git", "update-ref", "--stdin"]
    subprocess.run(words, cwd=world.pkgs.server, input=lines.encode(), check=True)

    level = world.signature()

    assert (level["status"], level["states"][ALICE.key.fingerprint]) == ("ok", "good")
    assert len(level["states"]) == 64
    assert set(level["states"].values()) == {"good", "bad"}


@pytest.mark.spec("signature-robust")
def test_s19_a_signature_that_cannot_be_fetched_hides_no_other_one(world: World) -> None:
    world.trusts(ALICE, BOB)
    world.owner.does(world.pkgs.mono, "sign", "zlib@1.0.0", "--sign-key", world.key(BOB))
    said = world.pkgs.said(world.pkgs.tags()[0])
    tag = git(world.pkgs.server, "rev-parse", ref_of(BOB, said))
    git(world.pkgs.server, "repack", "-adq")
    for pack in (world.pkgs.server / "objects/pack").glob("pack-*.pack"):
        moved = world.pkgs.server / "loose.pack"
        pack.rename(moved)
        for index in pack.parent.glob(f"{pack.stem}.*"):
            index.unlink()
        with moved.open("rb") as stream:
            subprocess.run(
                ["git", "unpack-objects", "-q"], cwd=world.pkgs.server, stdin=stream, check=True
            )
    (world.pkgs.server / "objects" / tag[:2] / tag[2:]).unlink()

    level = world.signature()

    assert level["status"] == "ok"
    assert level["states"] == {
        ALICE.key.fingerprint: "good", BOB.key.fingerprint: "unavailable",
    }  # fmt: skip


@pytest.mark.spec("trust-allowed-signers")
def test_files_of_trust_that_cannot_be_read_are_told(world: World) -> None:
    world.trusts(ALICE)
    (world.user.home / ".config/eka/allowed_signers").write_text("alice nonsense\n")
    broken = world.add()
    world.user.environment["EKA_ALLOWED_SIGNERS"] = "/nowhere/signers"
    missing = world.add()

    assert (broken.status, broken.code) == (USAGE, "invalid-trust-file")
    assert broken.document["error"]["span"]["line"] == 1
    assert (missing.status, missing.code) == (USAGE, "invalid-trust-file")
    assert missing.document["error"]["where"] == "/nowhere/signers"


@pytest.mark.spec("trust-allowed-signers")
def test_a_line_for_an_authority_is_told_of(world: World) -> None:
    world.trusts(ALICE)
    with (world.user.home / ".config/eka/allowed_signers").open("a") as stream:
        stream.write(f"*@example.org cert-authority {BOB.key.text}\n")

    answer = world.user.does(world.project, "add", f"{world.pkgs.url}::zlib@=1.0.0")

    assert "line 2 of the allowed signers has no effect" in answer.err


def test_people_read_whose_signatures_are_there(world: World) -> None:
    world.trusts(ALICE)

    good = world.user.eka(world.project, "verify", f"{world.pkgs.url}::zlib@=1.0.0", "-v")
    revoke(world.user, ALICE)
    bad = world.user.eka(world.project, "verify", f"{world.pkgs.url}::zlib@=1.0.0")

    assert f"signature good alice@example.org {ALICE.key.fingerprint}" in good.out
    assert "signature ok" in good.out
    assert f"signature revoked alice@example.org {ALICE.key.fingerprint}" in bad.out
    assert "signature FAILED" in bad.out


@pytest.mark.spec("changes-signers")
def test_a_change_of_a_lock_shows_keys_that_are_known_and_asks_nobody_for_them(
    world: World,
) -> None:
    world.owner.does(world.pkgs.mono, "sign", "zlib@1.1.0", "--sign-key", world.key(BOB))
    world.user.does(world.project, "add", f"{world.pkgs.url}::zlib@=1.0.0")
    unknown = world.user.json(world.project, "add", f"{world.pkgs.url}::zlib@=1.1.0")
    world.trusts(*PEOPLE)

    world.user.does(world.project, "add", f"{world.pkgs.url}::zlib@=1.0.0")
    known = world.user.json(world.project, "add", f"{world.pkgs.url}::zlib@=1.1.0")
    shown = world.user.does(world.project, "add", f"{world.pkgs.url}::zlib@=1.0.0").out

    (change,) = known.document["changes"]
    assert unknown.document["changes"][0]["signers"] is None
    assert change["signers"] == {"before": [ALICE.key.fingerprint], "after": [BOB.key.fingerprint]}
    alice, bob = (f"signatures of {each.key.fingerprint}" for each in (ALICE, BOB))
    assert f"carries {alice}, before {bob}" in shown
