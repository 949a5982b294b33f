"""Keys and signatures as Nix writes them: a name, a colon, and base64.

Source: atom-spec/nix.md [nix-signature].
"""

from __future__ import annotations

import binascii

from eka import ed25519
from eka.lazy import pattern
from eka.store.nix.errors import InvalidNixText, UnusableNixKey
from eka.values import dataclass

_NAME = pattern(r"[A-Za-z0-9+._=-]{1,128}")
_MAX_CHARACTERS = 512


@dataclass(frozen=True, slots=True, order=True)
class NixPublicKey:
    """A key whose signatures can be trusted, such as ``cache.example.org-1:base64``."""

    name: str
    raw: bytes  # 32 bytes

    @classmethod
    def parse(cls, text: str) -> NixPublicKey:
        """Read ``name:base64``; raises `InvalidNixText`."""
        return cls(*_named("a public key of Nix", text, ed25519.KEY_BYTES))

    @property
    def text(self) -> str:
        """The key as Nix's setting ``trusted-public-keys`` has it."""
        return _text(self.name, self.raw)


@dataclass(frozen=True, slots=True)
class NixSecretKey:
    """A key to sign with; its text is secret."""

    name: str
    seed: bytes  # 32 bytes

    @classmethod
    def make(cls, name: str, seed: bytes) -> NixSecretKey:
        """Return the key of 32 random bytes; raises `InvalidNixText` for a name Nix refuses."""
        if not _NAME.fullmatch(name):
            raise InvalidNixText("a name for a key", name, "not 1..128 of A-Z a-z 0-9 + . _ = -")
        return cls(name, seed)

    @classmethod
    def parse(cls, text: str, where: str) -> NixSecretKey:
        """Read what a key file holds; raises `UnusableNixKey`, which does not show it."""
        try:
            name, raw = _named("", text.strip(), 2 * ed25519.KEY_BYTES)
        except InvalidNixText as error:
            raise UnusableNixKey(where, error.why) from None
        seed, public = raw[: ed25519.KEY_BYTES], raw[ed25519.KEY_BYTES :]
        if ed25519.public_half(seed) != public:
            raise UnusableNixKey(where, "its two halves do not belong together")
        return cls(name, seed)

    @property
    def text(self) -> str:
        """The key as a key file has it; secret."""
        return _text(self.name, self.seed + ed25519.public_half(self.seed))

    @property
    def public(self) -> NixPublicKey:
        """What others need to trust it."""
        return NixPublicKey(self.name, ed25519.public_half(self.seed))

    def sign(self, message: bytes) -> NixSignature:
        """Sign ``message``."""
        return NixSignature(self.name, ed25519.sign(self.seed, message))


@dataclass(frozen=True, slots=True, order=True)
class NixSignature:
    """A signature, and the name of the key that is said to have made it."""

    key_name: str
    raw: bytes  # 64 bytes

    @classmethod
    def parse(cls, text: str) -> NixSignature:
        """Read ``name:base64``; raises `InvalidNixText`."""
        return cls(*_named("a signature of Nix", text, ed25519.SIGNATURE_BYTES))

    @property
    def text(self) -> str:
        """The signature as a ``Sig`` line has it."""
        return _text(self.key_name, self.raw)

    def is_by(self, key: NixPublicKey, message: bytes) -> bool:
        """Return whether the key made it over ``message``."""
        return self.key_name == key.name and ed25519.is_signed_by(key.raw, self.raw, message)


def _text(name: str, raw: bytes) -> str:
    return f"{name}:{binascii.b2a_base64(raw, newline=False).decode()}"


def _named(kind: str, text: str, size_bytes: int) -> tuple[str, bytes]:
    name, colon, body = text.partition(":")
    if not colon or len(text) > _MAX_CHARACTERS or not _NAME.fullmatch(name):
        raise InvalidNixText(kind, text, "it is not a name, a colon and base64")
    try:
        raw = binascii.a2b_base64(body, strict_mode=True)
    except ValueError as error:
        raise InvalidNixText(kind, text, "what follows the colon is not base64") from error
    if len(raw) != size_bytes:
        raise InvalidNixText(kind, text, f"expected {size_bytes} bytes, found {len(raw)}")
    return name, raw
