"""What a signature is worth, and what replaying one comes to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eka.atom import AtomId, ContentHash, Label, ObjectId, Version
from eka.git.signature_key import InvalidPublicKey, WireFault, WireReader, wire_string
from eka.git.signatures import (
    PublicKey,
    SignatureFinding,
    SignatureMismatch,
    SignatureState,
    Statement,
    check_signature,
    examine_signature,
    fingerprint,
    parse_fingerprint,
)
from tests.fakes.signing import ALICE, BOB, signature_of

SAID = Statement(
    id=AtomId("0" * 52),
    label=Label("zlib"),
    version=Version.parse("1.3.1"),
    commit=ObjectId("c" * 40),
    content=ContentHash("e" * 64),
)
TAG = ObjectId("7" * 40)


@pytest.mark.spec("signature-binds")
@pytest.mark.parametrize(("what", "other"), [
    ("id", {"id": AtomId("1" + "0" * 51)}),
    ("label", {"label": Label("xlib")}),
    ("version", {"version": Version.parse("1.3.2")}),
    ("commit", {"commit": ObjectId("d" * 40)}),
    ("blake3", {"content": ContentHash("f" * 64)}),
])  # fmt: skip
def test_a_signature_of_something_else_is_refused_and_the_difference_named(
    what: str, other: dict[str, object]
) -> None:
    expected = replace(SAID, **other)  # type: ignore[arg-type] # one field of its own type

    with pytest.raises(SignatureMismatch) as caught:
        check_signature(signature_of(SAID, ALICE), expected, ALICE.key.id)

    assert caught.value.why.startswith(what)
    assert caught.value.expected != caught.value.found


@pytest.mark.spec("signature-binds")
def test_a_signature_under_the_ref_of_another_key_is_refused() -> None:
    with pytest.raises(SignatureMismatch) as caught:
        check_signature(signature_of(SAID, ALICE), SAID, BOB.key.id)

    assert (caught.value.expected, caught.value.found) == (BOB.key.id, ALICE.key.id)


@pytest.mark.spec("trust-states")
def test_a_bad_signature_is_a_finding_and_no_error() -> None:
    found = examine_signature(b"nonsense", TAG, ALICE.key.id, SAID)

    assert isinstance(found, SignatureFinding)
    assert (found.state, found.key) == (SignatureState.BAD, ALICE.key.fingerprint)
    assert not found.is_good
    assert "SSH signature" in found.reason


def test_a_signature_that_verifies_gives_its_key() -> None:
    found = examine_signature(signature_of(SAID, ALICE), TAG, ALICE.key.id, SAID)

    assert found == ALICE.key


@pytest.mark.spec("signature-deterministic")
def test_a_key_signs_twice_as_the_same_bytes() -> None:
    assert signature_of(SAID, ALICE) == signature_of(SAID, ALICE)
    assert signature_of(SAID, ALICE) != signature_of(SAID, BOB)


@pytest.mark.spec("signature-key")
def test_a_fingerprint_and_an_id_are_the_same_in_two_spellings() -> None:
    assert parse_fingerprint(ALICE.key.fingerprint) == ALICE.key.id
    assert fingerprint(ALICE.key.id) == ALICE.key.fingerprint


@pytest.mark.parametrize("text", [
    "SHA256:", "SHA256:AAAA", "MD5:AAAA", f"{ALICE.key.fingerprint}=", "SHA256:" + "A" * 42 + "B",
    ALICE.key.fingerprint.lower(),
])  # fmt: skip
def test_other_texts_are_no_fingerprints(text: str) -> None:
    with pytest.raises(InvalidPublicKey):
        parse_fingerprint(text)


@pytest.mark.parametrize("blob", [
    b"", b"\0\0\0\xff", wire_string(b"ssh-ed25519"), wire_string(b"ssh-ed25519") * 2,
    wire_string(b"ssh-ed25519") + wire_string(b"x" * 31), ALICE.key.blob + b"x",
    wire_string(b"\xff") + wire_string(b"x" * 32), wire_string(b"Not A Kind"),
    wire_string(b"ssh-rsa") + b"x" * 20_000,
])  # fmt: skip
def test_other_bytes_are_no_keys(blob: bytes) -> None:
    with pytest.raises(InvalidPublicKey):
        PublicKey.decode(blob)


def test_a_wire_string_that_is_cut_off_is_noticed() -> None:
    with pytest.raises(WireFault):
        WireReader(wire_string(b"abc")[:-1]).string()
