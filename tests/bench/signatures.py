"""Signing and checking signatures in this process, against git and ssh-keygen."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from eka.atom import AtomId, ContentHash, Label, ObjectId, Version
from eka.git import GitRunner
from eka.git.signatures import Statement, check_signature, find_signer, sign_statements
from tests.bench.ratio import Comparison, compare
from tests.fakes.signing import ALICE, signature_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MANY = 200
FEW = 5


def statement(number: int) -> Statement:
    """Return what is said of one version."""
    return Statement(
        id=AtomId("0" * 52),
        label=Label("zlib"),
        version=Version.parse(f"1.0.{number}"),
        commit=ObjectId("c" * 40),
        content=ContentHash("e" * 64),
    )


def seconds_of_commands(commands: list[list[str]], where: Path) -> float:
    """Run commands one after the other; return the seconds that one takes."""
    begin = perf_counter()
    for command in commands:
        subprocess.run(command, cwd=where, check=True, capture_output=True)
    return (perf_counter() - begin) / len(commands)


def measure() -> Iterator[Comparison]:
    """Yield what one signature costs, made and checked."""
    with tempfile.TemporaryDirectory(prefix="eka-bench-") as scratch:
        folder = Path(scratch)
        subprocess.run(["git", "init", "-q", "set"], cwd=folder, check=True)
        (folder / "signers").write_text(ALICE.allowed)
        yield _checking(folder / "set", folder / "signers")
        yield _signing(folder)


def _checking(repository: Path, signers: Path) -> Comparison:
    said = [statement(number) for number in range(MANY)]
    bodies = [signature_of(each, ALICE) for each in said]
    (repository / "body").write_bytes(bodies[0])
    words = ["git", "hash-object", "-w", "--literally", "-t", "tag", "body"]
    tag = subprocess.run(words, cwd=repository, check=True, capture_output=True, text=True)
    setting = f"gpg.ssh.allowedSignersFile={signers}"
    verify = ["git", "-c", setting, "verify-tag", tag.stdout.strip()]

    def ours() -> float:
        begin = perf_counter()
        for each, body in zip(said, bodies, strict=True):
            check_signature(body, each, ALICE.key.id)
        return (perf_counter() - begin) / MANY

    return compare(
        "check a signature / git verify-tag",
        ours,
        lambda: seconds_of_commands([verify] * FEW, repository),
        rounds=11,
        at_most=0.05,
    )


def _signing(folder: Path) -> Comparison:
    key = ALICE.written(folder)
    (folder / "payload").write_bytes(statement(0).payload(ALICE.key.id))
    home = folder / "home"
    home.mkdir()
    runner = GitRunner("git", dict(os.environ), home)
    said = [statement(number) for number in range(MANY)]
    sign = ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(key), "payload"]

    def ours() -> float:
        begin = perf_counter()
        sign_statements(find_signer(runner, folder, str(key)), said)
        return (perf_counter() - begin) / MANY

    def theirs() -> float:
        (folder / "payload.sig").unlink(missing_ok=True)
        return seconds_of_commands([sign], folder)

    name = "sign a version, file key / ssh-keygen -Y sign"
    return compare(name, ours, theirs, rounds=11, at_most=0.1)
