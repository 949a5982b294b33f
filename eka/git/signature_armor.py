"""SSHSIG, the signatures of ``ssh-keygen -Y sign``: taken apart, put together, checked.

One key type, one namespace, one hash algorithm and one spelling are accepted, so that a signature
has one form only: what is signed twice with one key is the same bytes.

Source: atom-spec/signature.md [sshsig-form].
"""

from __future__ import annotations

import binascii
import hashlib
from dataclasses import dataclass

from eka.ed25519 import is_signed_by
from eka.errors import EkaError, Exit
from eka.git.safe import safe_line
from eka.git.signature_key import (
    ED25519,
    InvalidPublicKey,
    PublicKey,
    WireFault,
    WireReader,
    wire_number,
    wire_string,
)

NAMESPACE = "git"
HASH = "sha512"
BEGIN = b"-----BEGIN SSH SIGNATURE-----\n"
END = b"-----END SSH SIGNATURE-----\n"
MAX_ARMOR_BYTES = 4096
SIGNATURE_BYTES = 64

_MAGIC = b"SSHSIG"
_VERSION = 1
_LINE_CHARACTERS = 70  # as ssh-keygen breaks them


class InvalidSshSignature(EkaError):
    """A text that is no SSH signature of the accepted form."""

    code = "invalid-ssh-signature"
    exit_status = Exit.INTEGRITY

    def __init__(self, why: str) -> None:
        super().__init__(
            what="this is not a signature that counts for atoms",
            why=why,
            fix="ask the signer to sign again with an ed25519 key, with `eka sign`",
        )


class WrongSignature(EkaError):
    """A signature that its key did not make over these bytes."""

    code = "wrong-signature"
    exit_status = Exit.INTEGRITY

    def __init__(self, key: PublicKey) -> None:
        super().__init__(
            what="the signature does not belong to what it stands under",
            where=key.fingerprint,
            why="the key it names did not sign these bytes",
            fix="do not trust it; ask its signer to sign again with `eka sign`",
        )


@dataclass(frozen=True, slots=True)
class SshSignature:
    """An ed25519 signature in the namespace ``git``."""

    key: PublicKey
    raw: bytes
    """The 64 bytes."""

    def __post_init__(self) -> None:
        if not self.key.is_ed25519:
            kind = safe_line(self.key.kind)
            raise InvalidSshSignature(f"the key is of kind {kind}, expected {ED25519}")
        if len(self.raw) != SIGNATURE_BYTES:
            raise InvalidSshSignature(f"an ed25519 signature has {SIGNATURE_BYTES} bytes")

    def encode(self) -> bytes:
        """Return it armored, as ``ssh-keygen -Y sign`` writes it."""
        inner = wire_string(ED25519.encode()) + wire_string(self.raw)
        blob = _MAGIC + wire_number(_VERSION) + wire_string(self.key.blob)
        for field in (NAMESPACE.encode(), b"", HASH.encode(), inner):
            blob += wire_string(field)
        text = binascii.b2a_base64(blob, newline=False)
        starts = range(0, len(text), _LINE_CHARACTERS)
        lines = b"".join(text[at : at + _LINE_CHARACTERS] + b"\n" for at in starts)
        return BEGIN + lines + END

    @classmethod
    def decode(cls, armored: bytes) -> SshSignature:
        """Return the signature that an armored text holds; raises InvalidSshSignature.

        Source: atom-spec/signature.md [sshsig-form].
        """
        if len(armored) > MAX_ARMOR_BYTES:
            raise InvalidSshSignature(f"it is longer than {MAX_ARMOR_BYTES} bytes")
        if not armored.startswith(BEGIN) or not armored.endswith(END):
            raise InvalidSshSignature("its first or last line is not that of an SSH signature")
        text = armored[len(BEGIN) : -len(END)].replace(b"\n", b"")
        try:
            found = _decode_blob(binascii.a2b_base64(text, strict_mode=True))
        except (binascii.Error, WireFault) as error:
            raise InvalidSshSignature(f"it is damaged: {error}") from error
        except InvalidPublicKey as error:
            raise InvalidSshSignature(f"its key is none: {error.why}") from error
        if found.encode() != armored:
            raise InvalidSshSignature("it is not written the way ssh-keygen writes it")
        return found

    def check(self, message: bytes) -> None:
        """Raise WrongSignature unless the key signed ``message``."""
        if not is_signed_by(self.key.raw, self.raw, to_be_signed(message)):
            raise WrongSignature(self.key)


def to_be_signed(message: bytes) -> bytes:
    """Return the bytes that a key signs for ``message`` (OpenSSH's PROTOCOL.sshsig)."""
    signed = _MAGIC
    for field in (NAMESPACE.encode(), b"", HASH.encode(), hashlib.sha512(message).digest()):
        signed += wire_string(field)
    return signed


def _decode_blob(blob: bytes) -> SshSignature:
    reader = WireReader(blob)
    if reader.take(len(_MAGIC)) != _MAGIC:
        raise WireFault(f"it does not start with {_MAGIC.decode()}")
    if (version := reader.number()) != _VERSION:
        raise WireFault(f"its version is {version}, expected {_VERSION}")
    key = PublicKey.decode(reader.string())
    for what, expected in (("namespace", NAMESPACE), ("reserved field", ""), ("hash", HASH)):
        found = reader.string()
        if found != expected.encode():
            raise InvalidSshSignature(
                f"expected the {what} {expected!r}, found {safe_line(found)!r}"
            )
    inner = WireReader(reader.string())
    reader.end()
    if (kind := inner.string()) != ED25519.encode():
        raise InvalidSshSignature(f"expected the algorithm {ED25519}, found {safe_line(kind)!r}")
    raw = inner.string()
    inner.end()
    return SshSignature(key, raw)
