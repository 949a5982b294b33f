"""Signers whose keys lie in memory, and files of keys for those who want some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from eka.git.signature_armor import to_be_signed
from eka.git.signatures import PublicKey, SshSignature, Statement, sign_statements

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class MemorySigner:
    """An ed25519 key made of 32 equal bytes; an `eka.git.Signer`."""

    name: str
    private: Ed25519PrivateKey

    @property
    def key(self) -> PublicKey:
        """The public half."""
        return PublicKey.ed25519(self.private.public_key().public_bytes_raw())

    def sign(self, messages: Sequence[bytes]) -> Sequence[SshSignature]:
        """Sign messages."""
        return [
            SshSignature(self.key, self.private.sign(to_be_signed(message)))
            for message in messages
        ]

    @property
    def allowed(self) -> str:
        """A line of allowed signers for ``NAME@example.org``."""
        return f"{self.name}@example.org {self.key.text}\n"

    def written(self, directory: Path) -> Path:
        """Write the private key and its public half as OpenSSH does; return the private one."""
        path = directory / self.name
        path.write_bytes(
            self.private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.OpenSSH,
                serialization.NoEncryption(),
            )
        )
        path.chmod(0o600)
        path.with_suffix(".pub").write_text(f"{self.key.text} {self.name}\n")
        return path


def signer(name: str, seed: int) -> MemorySigner:
    """Return the signer with a private key of 32 bytes ``seed``."""
    return MemorySigner(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


ALICE, BOB, CAROL = signer("alice", 1), signer("bob", 2), signer("carol", 3)


def signature_of(statement: Statement, by: MemorySigner) -> bytes:
    """Return the body of a tag object in which ``by`` says ``statement``."""
    return sign_statements(by, [statement])[0].encode()
