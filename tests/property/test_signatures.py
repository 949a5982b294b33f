"""Laws of signatures: what is written is read again; whatever is read raises only our errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka.atom import AtomId
from eka.errors import EkaError
from eka.git.signatures import (
    PublicKey,
    SignatureDemand,
    SignedStatement,
    SshSignature,
    Statement,
    check_signature,
    fingerprint,
    parse_allowed_signers,
    parse_fingerprint,
    parse_revoked_keys,
)
from tests.fakes.signing import ALICE, BOB, signature_of
from tests.strategies import content_hashes, labels, object_ids, versions

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value", bytes, str)

STATEMENTS = st.builds(
    Statement,
    id=st.text("0123456789abcdefghijklmnopqrstuv", min_size=51, max_size=51).map(
        lambda text: AtomId(f"{text}0")
    ),
    label=labels(),
    version=versions(),
    commit=st.one_of(object_ids(), object_ids("sha256")),
    content=content_hashes(),
)
# A word of the format in every third place makes it through the first lines of a parser.
WORDS = st.sampled_from([
    "alice", "*@example.org", "!bob", '"a b"', "namespaces=", '"git"', ",", "valid-after=",
    '"20260101Z"', "cert-authority", "ssh-ed25519", ALICE.key.text, "SHA256:", " ", "\n", "#",
    ALICE.key.fingerprint, "key:", "hash:", "2 of [", "]", "any", "\t", "\\", "\u00e9", "\0",
])  # fmt: skip
LIKELY = st.lists(st.one_of(WORDS, st.text(max_size=4)), max_size=30).map("".join)


def refusal(read: Callable[[Value], object], value: Value) -> EkaError | None:
    """Return why a parser refuses a value; any other exception passes."""
    try:
        read(value)
    except EkaError as error:
        return error
    return None


@pytest.mark.spec("signature-one-form", "signature-payload")
@given(STATEMENTS)
def test_every_statement_is_signed_read_and_checked(said: Statement) -> None:
    body = signature_of(said, ALICE)

    found = SignedStatement.decode(body)

    assert (found.statement, found.signature.key) == (said, ALICE.key)
    assert found.encode() == body
    assert check_signature(body, said, ALICE.key.id) == ALICE.key


@pytest.mark.spec("signature-one-form")
@given(STATEMENTS, st.data())
def test_no_changed_byte_goes_unnoticed(said: Statement, data: st.DataObject) -> None:
    body = bytearray(signature_of(said, ALICE))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))

    with pytest.raises(EkaError):
        check_signature(bytes(body), said, ALICE.key.id)


@given(STATEMENTS, st.data())
def test_no_signature_can_be_cut_off(said: Statement, data: st.DataObject) -> None:
    body = signature_of(said, ALICE)
    end = data.draw(st.integers(0, len(body) - 1))

    with pytest.raises(EkaError):
        check_signature(body[:end], said, ALICE.key.id)


@pytest.mark.spec("signature-binds")
@given(STATEMENTS, STATEMENTS)
def test_a_signature_serves_one_statement_only(one: Statement, other: Statement) -> None:
    body = signature_of(one, BOB)

    if one == other:
        assert check_signature(body, other, BOB.key.id) == BOB.key
    else:
        with pytest.raises(EkaError):
            check_signature(body, other, BOB.key.id)


@given(st.one_of(st.binary(max_size=400), LIKELY.map(str.encode)))
def test_any_bytes_are_read_or_refused_with_an_error_of_ours(data: bytes) -> None:
    readers: list[Callable[[bytes], object]] = [
        SignedStatement.decode,
        SshSignature.decode,
        PublicKey.decode,
        lambda raw: parse_allowed_signers(raw, "f"),
        lambda raw: parse_revoked_keys(raw, "f"),
    ]
    for read in readers:
        error = refusal(read, data)
        assert error is None or error.why


@given(LIKELY)
def test_any_text_is_read_or_refused_with_an_error_of_ours(text: str) -> None:
    readers: list[Callable[[str], object]] = [
        PublicKey.parse,
        parse_fingerprint,
        SignatureDemand.parse,
    ]
    for read in readers:
        error = refusal(read, text)
        assert error is None or error.exit_status == 2


@given(st.binary(min_size=32, max_size=32))
def test_keys_and_fingerprints_are_written_and_read(raw: bytes) -> None:
    key = PublicKey.ed25519(raw)

    assert PublicKey.parse(f"{key.text} a comment") == key
    assert PublicKey.decode(key.blob) == key
    assert parse_fingerprint(key.fingerprint) == key.id
    assert parse_fingerprint(fingerprint(raw.hex())) == raw.hex()


@given(st.integers(1, 5), st.lists(st.text("abc@.-", min_size=1), min_size=1, unique=True))
def test_demands_are_written_and_read(count: int, names: list[str]) -> None:
    demand = SignatureDemand(min(count, len(names)), tuple(names))

    assert SignatureDemand.parse(demand.text) == demand
