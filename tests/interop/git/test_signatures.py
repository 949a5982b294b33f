"""Signatures between eka and the programs of others: git, ssh-keygen, the ssh-agent."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from eka.atom import AtomId, ContentHash, Label, ObjectId, Version
from eka.errors import EkaError
from eka.git import GitRunner, signature_ref
from eka.git.signatures import (
    AgentFailed,
    InvalidSshSignature,
    InvalidTrustFile,
    NoSigningKey,
    SigningKeyUnusable,
    SshSignature,
    Statement,
    Trust,
    check_signature,
    find_signer,
    parse_allowed_signers,
    sign_statements,
)
from tests.fakes.signing import ALICE, BOB, signature_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.fakes.git_set import GitSet

SESAME = "open sesame"


def statement(commit: ObjectId) -> Statement:
    return Statement(
        id=AtomId("0" * 52),
        label=Label("zλib"),
        version=Version.parse("1.0.0-rc.1"),
        commit=commit,
        content=ContentHash("e" * 64),
    )


def run(
    *words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    variables = {**os.environ, **(env or {})}
    return subprocess.run(words, input=stdin, capture_output=True, check=False, env=variables)


def keygen(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    """Make a key with ssh-keygen."""
    done = run("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(path))
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An ssh-agent of our own; yields the variables that lead to it."""
    # A socket's path has 107 bytes at most, and pytest's directories are deep.
    folder = tmp_path / "a"
    folder.mkdir()
    short = f"/proc/self/cwd/{os.path.relpath(folder)}/s"
    path = str(folder / "s") if len(str(folder)) < 90 else short
    process = subprocess.Popen(
        ["ssh-agent", "-D", "-a", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    process.stdout.readline()  # it listens when it says where
    yield {"SSH_AUTH_SOCK": path}
    process.terminate()
    process.wait()
    process.stdout.close()


def add(agent: dict[str, str], key: Path, passphrase: str = "") -> None:
    """Give a key to the agent."""
    ask = key.with_name("ask")
    ask.write_text(f"#!/bin/sh\necho '{passphrase}'\n")
    ask.chmod(0o700)
    variables = {"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", **agent}
    done = run("ssh-add", "-q", str(key), env=variables)
    assert done.returncode == 0, done.stderr


def with_env(runner: GitRunner, **env: str) -> GitRunner:
    return GitRunner("git", {**os.environ, **env}, runner.home)


def tagged(source: GitSet, body: bytes, key_id: str) -> str:
    """Write a signature beside a version, as eka does; return its ref."""
    ref = signature_ref(Label("zλib"), Version.parse("1.0.0-rc.1"), key_id)
    source.git("update-ref", ref, source.write("tag", body).hex)
    return ref


@pytest.mark.spec("signature-git")
def test_git_accepts_a_signature(source: GitSet, tmp_path: Path) -> None:
    body = signature_of(statement(ObjectId(source.genesis.hex)), ALICE)
    ref = tagged(source, body, ALICE.key.id)
    (tmp_path / "signers").write_text(ALICE.allowed)

    allowed = f"gpg.ssh.allowedSignersFile={tmp_path / 'signers'}"
    verified = run("git", "-C", str(source.path), "-c", allowed, "verify-tag", ref)

    assert verified.returncode == 0, verified.stderr
    assert b"alice@example.org" in verified.stderr
    assert ALICE.key.fingerprint.encode() in verified.stderr
    assert source.git("fsck", "--strict", "--no-dangling") == ""


@pytest.mark.spec("signature-git", "trust-time")
@pytest.mark.parametrize(("options", "is_good"), [
    ('valid-after="20200101"', True), ('valid-before="20200101"', False),
    ('namespaces="file"', False),
])  # fmt: skip
def test_git_judges_the_key_as_of_now_too(
    source: GitSet, tmp_path: Path, options: str, *, is_good: bool
) -> None:
    body = signature_of(statement(ObjectId(source.genesis.hex)), ALICE)
    ref = tagged(source, body, ALICE.key.id)
    (tmp_path / "signers").write_text(f"alice {options} {ALICE.key.text}\n")

    allowed = f"gpg.ssh.allowedSignersFile={tmp_path / 'signers'}"
    verified = run("git", "-C", str(source.path), "-c", allowed, "verify-tag", ref)

    assert (verified.returncode == 0) is is_good


@pytest.mark.spec("signature-git", "signature-payload")
def test_ssh_keygen_accepts_a_signature_and_no_changed_one(tmp_path: Path) -> None:
    said = statement(ObjectId("c" * 40))
    payload = said.payload(BOB.key.id)
    (tmp_path / "sig").write_bytes(signature_of(said, BOB)[len(payload) :])
    (tmp_path / "signers").write_text(BOB.allowed)
    words = ["ssh-keygen", "-Y", "verify", "-n", "git", "-I", "bob@example.org"]
    words += ["-f", str(tmp_path / "signers"), "-s", str(tmp_path / "sig")]

    good, changed = run(*words, stdin=payload), run(*words, stdin=payload + b" ")

    assert good.returncode == 0, good.stderr
    assert changed.returncode != 0


LINES = [
    "alice@example.org KEY",
    "*@example.org KEY comment with words",
    "bob@example.org,alice@example.org KEY",
    "bob@example.org KEY",
    "*,!alice@example.org KEY",
    "!alice@example.org,* KEY",
    "?lice@example.org KEY",
    "ALICE@example.org KEY",
    '"alice@example.org" KEY',
    "\talice@example.org\tKEY",
    'alice@example.org namespaces="git" KEY',
    'alice@example.org namespaces="file" KEY',
    'alice@example.org namespaces="file,g*" KEY',
    'alice@example.org namespaces="*,!git" KEY',
    'alice@example.org NAMESPACES="git" KEY',
    "alice@example.org namespaces=git KEY",
    'alice@example.org valid-after="20200101" KEY',
    'alice@example.org valid-after="20990101Z" KEY',
    'alice@example.org valid-before="20200101120000" KEY',
    'alice@example.org valid-before="20990101" KEY',
    'alice@example.org valid-after="20200101",valid-before="20990101",namespaces="git" KEY',
    'alice@example.org valid-after="2020" KEY',
    'alice@example.org valid-after="20990101",valid-before="20200101" KEY',
    "alice@example.org cert-authority KEY",
    "alice@example.org unheard-of KEY",
    "# alice@example.org KEY",
    "alice@example.org",
    "OTHER\nalice@example.org KEY",
]


@pytest.mark.spec("trust-allowed-signers", "trust-time")
@pytest.mark.parametrize("text", LINES)
def test_allowed_signers_mean_what_they_mean_to_ssh_keygen(tmp_path: Path, text: str) -> None:
    text = text.replace("KEY", ALICE.key.text).replace("OTHER", BOB.allowed.strip()) + "\n"
    said = statement(ObjectId("c" * 40))
    payload = said.payload(ALICE.key.id)
    (tmp_path / "sig").write_bytes(signature_of(said, ALICE)[len(payload) :])
    (tmp_path / "signers").write_text(text)
    words = ["ssh-keygen", "-Y", "verify", "-n", "git", "-I", "alice@example.org"]
    words += ["-f", str(tmp_path / "signers"), "-s", str(tmp_path / "sig")]

    theirs = run(*words, stdin=payload).returncode == 0
    try:
        signers = parse_allowed_signers(text.encode(), "signers")
    except InvalidTrustFile:
        ours = False
    else:
        found = Trust(signers).judge(ALICE.key, ObjectId("7" * 40), int(time.time()))
        ours = any(line.speaks_for("alice@example.org") for line in found.lines)

    assert ours is theirs


@pytest.mark.spec("sshsig-form", "signature-deterministic")
def test_what_ssh_keygen_signs_is_what_eka_signs(tmp_path: Path) -> None:
    said = statement(ObjectId("c" * 40))
    key = ALICE.written(tmp_path)
    payload = said.payload(ALICE.key.id)
    (tmp_path / "payload").write_bytes(payload)

    done = run("ssh-keygen", "-Y", "sign", "-n", "git", "-f", str(key), str(tmp_path / "payload"))

    assert done.returncode == 0, done.stderr
    body = payload + (tmp_path / "payload.sig").read_bytes()
    assert body == signature_of(said, ALICE)
    assert check_signature(body, said, ALICE.key.id) == ALICE.key


@pytest.mark.spec("sshsig-form")
@pytest.mark.parametrize(("kind", "options"), [
    ("rsa", ()), ("ecdsa", ()), ("ed25519", ("-n", "file")), ("ed25519", ("-Ohashalg=sha256",)),
])  # fmt: skip
def test_other_signatures_of_ssh_keygen_are_refused(
    tmp_path: Path, kind: str, options: Sequence[str]
) -> None:
    key = keygen(tmp_path / "key", kind)
    (tmp_path / "text").write_bytes(b"text")
    options = options if "-n" in options else ("-n", "git", *options)
    done = run("ssh-keygen", "-Y", "sign", "-f", str(key), *options, str(tmp_path / "text"))
    assert done.returncode == 0, done.stderr

    with pytest.raises(InvalidSshSignature):
        SshSignature.decode((tmp_path / "text.sig").read_bytes())


@pytest.mark.spec("sign-key")
@pytest.mark.parametrize("suffix", ["", ".pub"])
def test_a_key_of_ssh_keygen_signs_from_its_file(
    tmp_path: Path, runner: GitRunner, suffix: str
) -> None:
    key = keygen(tmp_path / "key")

    signer = find_signer(runner, tmp_path, f"{key.name}{suffix}")
    said = statement(ObjectId("c" * 40))
    signed = sign_statements(signer, [said])[0]

    assert check_signature(signed.encode(), said, signer.key.id) == signer.key
    shown = run("ssh-keygen", "-lf", f"{key}.pub").stdout.split()[1].decode()
    assert signer.key.fingerprint == shown


@pytest.mark.spec("sign-key")
def test_the_agent_signs_with_an_encrypted_key(
    tmp_path: Path, runner: GitRunner, agent: dict[str, str]
) -> None:
    key = keygen(tmp_path / "key", passphrase=SESAME)
    add(agent, keygen(tmp_path / "rsa", "rsa"))
    add(agent, keygen(tmp_path / "other"))
    add(agent, key, SESAME)
    public = key.with_suffix(".pub").read_text().strip()
    shown = run("ssh-keygen", "-lf", f"{key}.pub").stdout.split()[1].decode()
    said = statement(ObjectId("c" * 40))
    ours = with_env(runner, **agent)

    for choice in (str(key), f"{key}.pub", public, f"key::{public}", shown):
        signer = find_signer(ours, tmp_path, choice)
        signed = sign_statements(signer, [said, said])

        assert signer.key.fingerprint == shown
        assert signed[0].encode() == signed[1].encode()
        assert check_signature(signed[1].encode(), said, signer.key.id) == signer.key


@pytest.mark.spec("sign-key")
def test_ssh_keygen_asks_for_the_passphrase_once_for_all(
    tmp_path: Path, runner: GitRunner
) -> None:
    key = keygen(tmp_path / "key", passphrase=SESAME)
    ask, asked = tmp_path / "ask", tmp_path / "asked"
    ask.write_text(f"#!/bin/sh\necho x >> {asked}\necho '{SESAME}'\n")
    ask.chmod(0o700)
    ours = with_env(runner, SSH_ASKPASS=str(ask), SSH_ASKPASS_REQUIRE="force")
    said = [statement(ObjectId(digit * 40)) for digit in "abc"]

    signer = find_signer(ours, tmp_path, str(key))
    signed = sign_statements(signer, said)

    assert asked.read_text() == "x\n"
    for each, expected in zip(signed, said, strict=True):
        assert check_signature(each.encode(), expected, signer.key.id) == signer.key


@pytest.mark.spec("sign-key")
def test_a_wrong_passphrase_is_told_with_what_to_do(tmp_path: Path, runner: GitRunner) -> None:
    key = keygen(tmp_path / "key", passphrase=SESAME)
    false = shutil.which("false") or "false"
    ours = with_env(runner, SSH_ASKPASS=false, SSH_ASKPASS_REQUIRE="force")

    signer = find_signer(ours, tmp_path, str(key))
    with pytest.raises(SigningKeyUnusable) as caught:
        sign_statements(signer, [statement(ObjectId("c" * 40))])

    assert "encrypted" in caught.value.why
    assert caught.value.fix.endswith(f"ssh-add {key}")


@pytest.mark.spec("sign-key")
def test_a_key_that_cannot_sign_is_refused(tmp_path: Path, runner: GitRunner) -> None:
    shared = keygen(tmp_path / "shared")
    shared.chmod(0o644)
    keygen(tmp_path / "rsa", "rsa")
    lonely = keygen(tmp_path / "lonely")
    lonely.unlink()
    (tmp_path / "text").write_text("hello")
    (tmp_path / "torn").write_bytes(keygen(tmp_path / "whole").read_bytes()[:150])
    (tmp_path / "torn").chmod(0o600)
    (tmp_path / "long").write_bytes(b"x" * 100_000)

    def why(choice: str) -> str:
        with pytest.raises(EkaError) as caught:
            find_signer(runner, tmp_path, choice)
        assert caught.value.code in {"signing-key-unusable", "invalid-public-key"}
        return caught.value.why

    assert "others may read" in why("shared")
    assert "ssh-rsa" in why("rsa")
    assert "ssh-agent" in why("lonely.pub")
    assert "no key" in why("text")
    assert "damaged" in why("torn")
    assert "too long" in why("long")
    assert "No such file" in why("missing")
    assert "base64" in why("SHA256:%%%")
    assert "ssh-agent" in why(ALICE.key.fingerprint)


@pytest.mark.spec("sign-key")
def test_the_key_of_gits_settings_is_the_last_resort(tmp_path: Path, runner: GitRunner) -> None:
    key = keygen(tmp_path / "key")
    settings = tmp_path / "gitconfig"
    ours = with_env(runner, GIT_CONFIG_GLOBAL=str(settings))
    settings.write_text(f"[user]\n\tsigningKey = {key}\n")

    with pytest.raises(NoSigningKey):
        find_signer(ours, tmp_path, None)
    settings.write_text(f"[user]\n\tsigningKey = {key}\n[gpg]\n\tformat = ssh\n")
    found = find_signer(ours, tmp_path, None)

    assert found.key == find_signer(runner, tmp_path, str(key)).key


@pytest.mark.spec("sign-key")
def test_the_settings_of_a_repository_choose_no_key(source: GitSet, runner: GitRunner) -> None:
    key = keygen(source.path / "stolen")
    source.git("config", "gpg.format", "ssh")
    source.git("config", "user.signingKey", str(key))

    with pytest.raises(NoSigningKey):
        find_signer(runner, source.path, None)


@pytest.mark.parametrize("answer", [
    b"", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x01\x05", b"\0\0\0\x01\x07",
    b"\0\0\0\x05\x0c\0\0\0\x09", b"\0\0\0\x09\x0c\0\0\0\x01\0\0\xff\xff",
])  # fmt: skip
def test_an_agent_that_talks_nonsense_is_told_of(
    tmp_path: Path, runner: GitRunner, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket  # noqa: PLC0415 - this test alone plays an agent
    import threading  # noqa: PLC0415 (as above)

    monkeypatch.chdir(tmp_path)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("s")
    listener.listen()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(5)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    ours = with_env(runner, SSH_AUTH_SOCK="s")

    with pytest.raises(AgentFailed):
        find_signer(ours, tmp_path, ALICE.key.text)
    thread.join()
    listener.close()
