"""The vectors of signatures: tag objects made by other means, and broken ones."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from eka.atom import AtomId, ContentHash, Label, ObjectId, Version, object_id
from eka.errors import EkaError
from eka.git.signature_armor import to_be_signed
from eka.git.signatures import PublicKey, SignedStatement, SshSignature, Statement, check_signature
from tests.vectors import load

TAGS = load("signature/tags.json")
KEYS = TAGS["keys"]
GOOD = {case["name"]: case for case in TAGS["good"]}
BAD = {case["name"]: case for case in TAGS["bad"]}


def statement(fields: dict[str, str]) -> Statement:
    return Statement(
        id=AtomId(fields["id"]),
        label=Label(fields["label"]),
        version=Version.parse(fields["version"]),
        commit=ObjectId(fields["commit"]),
        content=ContentHash(fields["blake3"]),
    )


def made_by(name: str, said: Statement) -> bytes:
    """Sign with a vector's private key through eka's own framing."""
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(KEYS[name]["seed"]))
    key = PublicKey.ed25519(private.public_key().public_bytes_raw())
    raw = private.sign(to_be_signed(said.payload(key.id)))
    return SignedStatement(said, SshSignature(key, raw)).encode()


@pytest.mark.spec("signature-key")
@pytest.mark.parametrize("name", KEYS)
def test_a_key_has_the_id_and_fingerprint_that_openssh_gives_it(name: str) -> None:
    key = PublicKey.parse(KEYS[name]["public"])

    assert (key.id, key.fingerprint) == (KEYS[name]["id"], KEYS[name]["fingerprint"])
    assert key.text == KEYS[name]["public"]


@pytest.mark.spec("signature-payload", "signature-deterministic", "sshsig-form")
@pytest.mark.parametrize("case", GOOD.values(), ids=list(GOOD))
def test_a_statement_is_signed_as_the_same_bytes_everywhere(case: dict[str, Any]) -> None:
    body = made_by(case["key"], statement(case["statement"]))

    assert body == case["body"].encode()
    assert body == made_by(case["key"], statement(case["statement"]))
    algorithm = "sha256" if len(case["statement"]["commit"]) == 64 else "sha1"
    assert object_id("tag", body, algorithm).hex == case["oid"]


@pytest.mark.spec("signature-binds")
@pytest.mark.parametrize("case", GOOD.values(), ids=list(GOOD))
def test_a_signature_of_what_is_expected_gives_its_key(case: dict[str, Any]) -> None:
    key_id = KEYS[case["key"]]["id"]

    key = check_signature(case["body"].encode(), statement(case["statement"]), key_id)

    assert key.text == KEYS[case["key"]]["public"]


@pytest.mark.spec("signature-one-form", "sshsig-form", "signature-kind", "signature-binds")
@pytest.mark.parametrize("case", BAD.values(), ids=list(BAD))
def test_a_broken_signature_is_refused_for_its_reason(case: dict[str, str]) -> None:
    # What each of them would have to say, so that nothing but its own fault is at fault.
    expected = statement(GOOD["plain"]["statement"])
    if case["name"] == "signed before it was changed":
        changed = ContentHash("ee" + expected.content.hex[2:])
        expected = Statement(
            id=expected.id, label=expected.label, version=expected.version,
            commit=expected.commit, content=changed,
        )  # fmt: skip
    key_id = KEYS["bob" if case["name"] == "a key that did not sign" else "alice"]["id"]

    with pytest.raises(EkaError) as caught:
        check_signature(case["body"].encode(), expected, key_id)

    assert caught.value.code == case["error"]
    assert caught.value.exit_status == 5
