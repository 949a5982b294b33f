"""Whose signatures count: allowed signers, revoked keys, and the time a key is valid."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from eka.atom import ObjectId
from eka.git.signature_lines import LineFault, matches, parse_time
from eka.git.signatures import (
    InvalidTrustFile,
    PublicKey,
    SignatureState,
    Trust,
    parse_allowed_signers,
    parse_revoked_keys,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ALICE = PublicKey.ed25519(b"a" * 32)
BOB = PublicKey.ed25519(b"b" * 32)
RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAwDFxQ=="
TAG = ObjectId("7" * 40)
DAY_S = 86_400


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock shows UTC, whatever the zone of this one."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def trusting(lines: str, revoked: str = "") -> Trust:
    return Trust(
        parse_allowed_signers(lines.encode(), "signers"),
        parse_revoked_keys(revoked.encode(), "revoked"),
    )


def state(trust: Trust, key: PublicKey = ALICE, at_s: int = 0) -> SignatureState:
    return trust.judge(key, TAG, at_s).state


@pytest.mark.spec("trust-allowed-signers", "trust-states")
def test_a_key_that_a_line_names_is_good_and_any_other_unknown() -> None:
    trust = trusting(f"# us\n\nalice@example.org {ALICE.text} her laptop\n")

    good, unknown = trust.judge(ALICE, TAG, 0), trust.judge(BOB, TAG, 0)

    assert (good.state, good.principal, good.reason) == ("good", "alice@example.org", "")
    assert (unknown.state, unknown.principal) == ("unknown", None)
    assert unknown.key == BOB.fingerprint


@pytest.mark.spec("trust-allowed-signers")
@pytest.mark.parametrize("options", [
    'namespaces="git"', 'namespaces="file,git"', 'namespaces="*"', 'NameSpaces="g?t"',
    'namespaces="git",valid-after="19700101Z"',
    'valid-before="20380101Z"',
])  # fmt: skip
def test_options_that_admit_git_let_a_key_count(options: str) -> None:
    assert state(trusting(f"alice {options} {ALICE.text}"), at_s=2 * DAY_S) == "good"


@pytest.mark.spec("trust-allowed-signers", "trust-states")
@pytest.mark.parametrize("namespaces", ["file", "!git,*", "*,!g*", "Git"])
def test_a_key_for_other_namespaces_is_untimely(namespaces: str) -> None:
    found = trusting(f'alice namespaces="{namespaces}" {ALICE.text}').judge(ALICE, TAG, 0)

    assert (found.state, found.principal) == ("untimely", "alice")
    assert "namespaces" in found.reason


@pytest.mark.spec("trust-time", "trust-states")
@pytest.mark.parametrize(("at_s", "expected"), [
    (10 * DAY_S - 1, "untimely"), (10 * DAY_S, "good"), (20 * DAY_S, "good"),
    (20 * DAY_S + 1, "untimely"),
])  # fmt: skip
def test_a_key_counts_from_its_first_moment_to_its_last(at_s: int, expected: str) -> None:
    trust = trusting(f'alice valid-after="19700111Z",valid-before="19700121000000Z" {ALICE.text}')

    assert state(trust, at_s=at_s) == expected


@pytest.mark.spec("trust-time")
def test_any_line_that_counts_is_enough() -> None:
    trust = trusting(
        f'alice valid-before="19700102Z" {ALICE.text}\nalice2 {ALICE.text}\n'
        f'alice3 namespaces="file" {ALICE.text}\n'
    )

    found = trust.judge(ALICE, TAG, 9 * DAY_S)

    assert (found.state, found.principal) == ("good", "alice2")


@pytest.mark.spec("trust-revoked")
@pytest.mark.parametrize("line", [
    ALICE.text, f"{ALICE.text} stolen laptop", ALICE.fingerprint,
    f"hash: {ALICE.fingerprint}", f"sha256:{ALICE.fingerprint}", f"key: {ALICE.text}",
    f"{ALICE.fingerprint} alice (stolen)",
])  # fmt: skip
def test_a_revoked_key_never_counts(line: str) -> None:
    trust = trusting(f"alice {ALICE.text}\nbob {BOB.text}", f"# stolen\n{line}\n")

    assert (state(trust), state(trust, BOB)) == ("revoked", "good")
    assert trust.judge(ALICE, TAG, 0).principal == "alice"


@pytest.mark.spec("trust-revoked")
@pytest.mark.parametrize("data", [
    b"SSHKRL\n\0rest", b"SHA256:short", b"SHA256:", b"MD5:00:11", b"ssh-ed25519", b"\xff\xfe",
    b"serial: 7", b"x" * (5 * 1024 * 1024),
])  # fmt: skip
def test_a_list_of_revoked_keys_that_is_not_understood_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidTrustFile) as caught:
        parse_revoked_keys(data, "revoked")

    assert caught.value.where.startswith("revoked")


@pytest.mark.spec("trust-allowed-signers")
def test_a_certificate_authority_counts_for_nothing_and_is_told_of() -> None:
    signers = parse_allowed_signers(f"*@example.org cert-authority {ALICE.text}".encode(), "f")

    found = Trust(signers).judge(ALICE, TAG, 0)

    assert [line.line for line in signers.without_effect] == [1]
    assert found.state == "untimely"
    assert "certificate" in found.reason


@pytest.mark.spec("trust-allowed-signers")
def test_keys_of_other_kinds_are_passed_over() -> None:
    signers = parse_allowed_signers(f"alice {RSA}\nbob {BOB.text}".encode(), "f")

    assert [line.key.kind for line in signers.lines] == ["ssh-rsa", "ssh-ed25519"]
    assert signers.without_effect == ()


@pytest.mark.spec("trust-allowed-signers")
@pytest.mark.parametrize(("line", "why"), [
    ("alice", "expected principals"),
    ("alice ssh-ed25519", "expected a key or options"),
    (f"alice nonsense {ALICE.text}", "not known"),
    (f"alice no-touch-required {ALICE.text}", "not known"),
    (f'alice namespaces="git",namespaces="git" {ALICE.text}', "twice"),
    (f"alice namespaces {ALICE.text}", "takes a value"),
    (f'alice cert-authority="yes" {ALICE.text}', "takes no value"),
    (f"alice namespaces=git {ALICE.text}", "expected a key or options"),
    (f'alice valid-after="yesterday" {ALICE.text}', "no time"),
    (f'alice valid-after="20261301" {ALICE.text}', "no time that exists"),
    (f'alice valid-after="20260230" {ALICE.text}', "no time that exists"),
    (f'alice valid-before="202601012460" {ALICE.text}', "no time that exists"),
    (f'alice valid-after="20270101",valid-before="20260101" {ALICE.text}', "expired"),
    ("alice ssh-ed25519 AAAA", "ends too early"),
    ("alice ssh-ed25519 ????", "base64"),
    (f"alice ssh-rsa {ALICE.text.split()[1]}", "of kind"),
    (f'"" {ALICE.text}', "expected principals"),
    (f"{'a' * 2000} {ALICE.text}", "longer than"),
])  # fmt: skip
def test_a_line_that_is_not_understood_is_shown(line: str, why: str) -> None:
    with pytest.raises(InvalidTrustFile) as caught:
        parse_allowed_signers(f"# first\n{line}\n".encode(), "signers")

    error = caught.value
    assert error.where == "signers:2"
    assert why in error.why
    assert error.span is not None
    assert error.span.line == 2


@pytest.mark.spec("trust-allowed-signers")
def test_quoted_principals_may_hold_spaces() -> None:
    trust = trusting(f'"Alice A, bob" {ALICE.text}')

    assert trust.signers.lines[0].speaks_for("Alice A")


@pytest.mark.parametrize(("text", "patterns", "expected"), [
    ("alice@example.org", "*@example.org", True),
    ("alice@example.org", "*@example.org,!alice@*", False),
    ("alice@example.org", "!alice@*,*", False),
    ("bob@example.org", "!alice@*,*", True),
    ("alice", "!bob", False),
    ("alice", "al?ce", True),
    ("alice", "alice?", False),
    ("alice", "ALICE", False),
    ("", "*", True),
    ("a.c", "a.c", True),
    ("abc", "a.c", False),
    ("a*c", "a\\*c", False),
    ("aXbXc", "a*b*c", True),
    ("aXbX", "a*b*c", False),
    ("alice", "", False),
])  # fmt: skip
def test_patterns_mean_what_they_mean_to_openssh(
    text: str, patterns: str, *, expected: bool
) -> None:
    assert matches(text, patterns) is expected


def test_many_stars_take_no_more_than_a_moment() -> None:
    assert not matches("a" * 1000, "*a" * 500 + "b")


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize(("text", "expected"), [
    ("19700101", 0), ("19700102Z", DAY_S), ("197001010100", 3600), ("19700101000001", 1),
    ("19700101000001utc", 1), ("20261121120000Z", 1795262400),
])  # fmt: skip
def test_times_are_read_as_openssh_reads_them(text: str, expected: int) -> None:
    assert parse_time(text) == expected


def test_times_without_a_zone_are_those_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-2")  # two hours ahead
    time.tzset()
    try:
        local, utc = parse_time("19700102"), parse_time("19700102Z")
    finally:
        monkeypatch.undo()
        time.tzset()

    assert (local, utc) == (DAY_S - 7200, DAY_S)


@pytest.mark.parametrize("text", [
    "", "1970", "1970010", "1970-01-01", "19691231", "19700101T00",
    "\u0661\u0669700101", "19700101 ", "99999999",
])  # fmt: skip
def test_other_texts_are_no_times(text: str) -> None:
    with pytest.raises(LineFault):
        parse_time(text)
