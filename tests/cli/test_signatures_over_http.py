"""Signing and checking over smart HTTP: how many requests it takes, and how old servers do."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests.fakes.signed_set import SignedSet, keys, trust
from tests.fakes.signing import ALICE, BOB
from tests.servers.git_http import Behaviour, serve
from tests.story import Person, git

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.git_http import Exchange

VERSIONS = 4
GZIP = b"\x1f\x8b"


@pytest.fixture
def owner(tmp_path: Path) -> Person:
    person = Person(tmp_path / "owner")
    keys(person)
    return person


@pytest.fixture
def pkgs(tmp_path: Path, owner: Person) -> SignedSet:
    """An empty set at a server that takes pushes over HTTP."""
    made = SignedSet(tmp_path / "set", owner)
    git(made.server, "config", "http.receivepack", "true")
    return made


def key_of(person: Person, name: str) -> str:
    return str(person.home / ".ssh" / name)


def said(exchange: Exchange) -> bytes:
    """Return the body of a request, which git compresses when it is long."""
    body = bytes(exchange.request)
    return gzip.decompress(body) if body.startswith(GZIP) else body


@pytest.mark.spec("sign-beside", "sign-later", "signature-git")
@pytest.mark.parametrize("speaks_v2", [True, False])
def test_publishing_signing_and_verifying_go_over_http(
    pkgs: SignedSet, owner: Person, tmp_path: Path, *, speaks_v2: bool
) -> None:
    user = Person(tmp_path / "user")

    with serve(pkgs.root, Behaviour(speaks_v2=speaks_v2)) as server:
        url = f"{server.url}/pkgs.git"
        git(pkgs.mono, "remote", "set-url", "origin", url)
        pkgs.release("zlib", "1.0.0", "--sign", "--sign-key", key_of(owner, "alice"))
        signed = owner.json(pkgs.root, "sign", f"{url}::zlib", "--sign-key", key_of(owner, "bob"))
        demand = ((url, "2 of [alice@example.org, bob@example.org]"),)
        trust(user, ALICE.allowed, BOB.allowed, rules=demand)
        verified = user.json(tmp_path, "verify", f"{url}::zlib")

    assert signed.document["versions"][0]["new"] is True
    assert len(pkgs.tags()) == 2
    assert git(pkgs.server, "fsck", "--strict") == ""
    level = verified.document["atoms"][0]["levels"][-1]
    assert (verified.status, level["level"], level["status"]) == (0, "signature", "ok")


def test_signatures_of_many_versions_cost_two_requests(
    pkgs: SignedSet, owner: Person, tmp_path: Path
) -> None:
    user = Person(tmp_path / "user")
    for number in range(VERSIONS):
        pkgs.release("zlib", f"1.0.{number}", "--sign", "--sign-key", key_of(owner, "alice"))
    trust(user, ALICE.allowed)

    with serve(pkgs.root) as server:
        verified = user.json(tmp_path, "verify", f"{server.url}/pkgs.git::zlib")

    tags = git(pkgs.server, "for-each-ref", "--format=%(objectname)", "refs/ekala/sigs/").split()
    lists = [each for each in server.log if b"refs/ekala/sigs/zlib" in said(each)]
    wants = [each for each in server.log if tags[0].encode() in said(each)]
    states = [each["signatures"][0]["state"] for each in verified.document["atoms"]]
    assert states == ["good"] * VERSIONS
    assert (len(lists), len(wants)) == (1, 1)
    assert all(tag.encode() in said(wants[0]) for tag in tags)
    # The atoms are here already: they do not come again with what names them.
    assert wants[0].sent_bytes < VERSIONS * 1024
