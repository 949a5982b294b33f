"""Public keys as OpenSSH writes them; ed25519 is the one kind that signs atoms; pure.

Source: atom-spec/signature.md [signature-key].
"""

from __future__ import annotations

import binascii
import re
import struct
from dataclasses import dataclass

from eka.errors import EkaError, Exit
from eka.git.safe import safe_line

ED25519 = "ssh-ed25519"
RAW_BYTES = 32
MAX_KEY_BYTES = 16 * 1024
FINGERPRINT_PREFIX = "SHA256:"

_KIND = re.compile(r"[a-z0-9][a-z0-9@.-]{0,63}")
_LENGTH = struct.Struct(">I")
_SHOWN_CHARACTERS = 60


class InvalidPublicKey(EkaError):
    """A text that is no public key as OpenSSH writes them."""

    code = "invalid-public-key"
    exit_status = Exit.USAGE

    def __init__(self, raw: str, why: str) -> None:
        super().__init__(
            what="this is not a public key",
            where=safe_line(raw[:_SHOWN_CHARACTERS]),
            why=why,
            fix="write it as in a file `id_ed25519.pub`: `ssh-ed25519 AAAA… comment`",
        )


class WireFault(ValueError):
    """Bytes that are not what the SSH wire format promises."""


class WireReader:
    """Takes apart bytes in the format of the SSH protocol (RFC 4251, section 5)."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next ``count`` bytes."""
        found = self._data[self._at : self._at + count]
        if len(found) != count:
            raise WireFault("it ends too early")
        self._at += count
        return found

    def number(self) -> int:
        """Return the next 32-bit number."""
        found: int = _LENGTH.unpack(self.take(_LENGTH.size))[0]
        return found

    def string(self) -> bytes:
        """Return the next string: its length, then its bytes."""
        return self.take(self.number())

    def end(self) -> None:
        """Raise WireFault unless everything was taken."""
        if self._at != len(self._data):
            raise WireFault(f"{len(self._data) - self._at} bytes follow its end")


def wire_string(data: bytes) -> bytes:
    """Return ``data`` as a string of the SSH wire format."""
    return _LENGTH.pack(len(data)) + data


def wire_number(value: int) -> bytes:
    """Return a number as 32 bits."""
    return _LENGTH.pack(value)


@dataclass(frozen=True, slots=True, order=True)
class PublicKey:
    """A public key of any kind; only those of kind ``ssh-ed25519`` can sign atoms."""

    kind: str
    blob: bytes
    """The key in the SSH wire format, its kind included."""

    def __post_init__(self) -> None:
        if _KIND.fullmatch(self.kind) is None:
            raise InvalidPublicKey(self.kind, "the kind of key is no name")
        if why := self._fault():
            raise InvalidPublicKey(f"{self.kind} key", why)

    def _fault(self) -> str:
        if len(self.blob) > MAX_KEY_BYTES:
            return f"it is longer than {MAX_KEY_BYTES} bytes"
        reader = WireReader(self.blob)
        try:
            inner = reader.string()
            if inner != self.kind.encode():
                return f"it says it is of kind {safe_line(inner[:_SHOWN_CHARACTERS])!r}"
            if self.is_ed25519 and len(reader.string()) != RAW_BYTES:
                return f"an ed25519 key has {RAW_BYTES} bytes"
            if self.is_ed25519:
                reader.end()
        except WireFault as error:
            return str(error)
        return ""

    @classmethod
    def ed25519(cls, raw: bytes) -> PublicKey:
        """Return the key with these 32 bytes."""
        return cls(ED25519, wire_string(ED25519.encode()) + wire_string(raw))

    @classmethod
    def decode(cls, blob: bytes) -> PublicKey:
        """Return the key that a wire format string holds; raises InvalidPublicKey."""
        try:
            kind = WireReader(blob).string().decode("ascii")
        except (WireFault, UnicodeDecodeError) as error:
            raise InvalidPublicKey("a key", "it does not start with its kind") from error
        return cls(kind, blob)

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Return the key that ``ssh-ed25519 AAAA… comment`` says; raises InvalidPublicKey."""
        words = text.split(None, 2)
        if len(words) < 2:  # noqa: PLR2004 - kind and key
            raise InvalidPublicKey(text, "expected the kind of key and the key in base64")
        try:
            blob = binascii.a2b_base64(words[1], strict_mode=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidPublicKey(text, "the key is not base64") from error
        return cls(words[0], blob)

    @property
    def is_ed25519(self) -> bool:
        """Whether atoms can be signed with it."""
        return self.kind == ED25519

    @property
    def raw(self) -> bytes:
        """The 32 bytes of an ed25519 key."""
        return self.blob[-RAW_BYTES:]

    @property
    def id(self) -> str:
        """The SHA-256 fingerprint in lower-case hex, as refs name the key."""
        return self._digest().hex()

    @property
    def fingerprint(self) -> str:
        """The fingerprint as OpenSSH shows it, ``SHA256:…``."""
        return fingerprint(self.id)

    @property
    def text(self) -> str:
        """The key as a ``.pub`` file has it, without a comment."""
        return f"{self.kind} {binascii.b2a_base64(self.blob, newline=False).decode()}"

    def _digest(self) -> bytes:
        from hashlib import sha256  # noqa: PLC0415 - loads OpenSSL, which most commands spare

        return sha256(self.blob).digest()


def fingerprint(key_id: str) -> str:
    """Return the fingerprint of 64 hex digits as OpenSSH shows it: ``SHA256:`` and base64."""
    raw = binascii.b2a_base64(bytes.fromhex(key_id), newline=False)
    return FINGERPRINT_PREFIX + raw.decode().rstrip("=")


def parse_fingerprint(text: str) -> str:
    """Return the 64 hex digits of a fingerprint ``SHA256:…``; raises InvalidPublicKey."""
    body = text.removeprefix(FINGERPRINT_PREFIX)
    try:
        raw = binascii.a2b_base64(body + "=" * (-len(body) % 4), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidPublicKey(text, "the fingerprint is not base64") from error
    key_id = raw.hex()
    if len(raw) != RAW_BYTES or fingerprint(key_id) != text:
        raise InvalidPublicKey(text, f"expected {FINGERPRINT_PREFIX} and 43 characters of base64")
    return key_id
