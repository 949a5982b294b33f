"""Signatures with ed25519 keys, and OpenSSH's private keys; the only importer of cryptography."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

KEY_BYTES = 32
SIGNATURE_BYTES = 64


class UnusablePrivateKey(ValueError):
    """Bytes that are no unencrypted ed25519 key as OpenSSH writes them."""


def is_signed_by(key: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether the ed25519 key made this signature over ``message``.

    Args:
        key: 32 bytes.
        signature: 64 bytes.
        message: What was signed.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - costs start-up time
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - as above

    try:
        ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_half(seed: bytes) -> bytes:
    """Return the public key, 32 bytes, of the private key with these 32 bytes."""
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - as above

    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign(seed: bytes, message: bytes) -> bytes:
    """Return the signature, 64 bytes, that the private key with these 32 bytes makes."""
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - as above

    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def load_private_key(text: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    """Return the public half (32 bytes) of an OpenSSH private key, and what signs with it.

    Raises:
        UnusablePrivateKey: it is encrypted, damaged or of another kind.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - as above

    try:
        key = serialization.load_ssh_private_key(text, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusablePrivateKey(str(error)) from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise UnusablePrivateKey("it is no ed25519 key")
    return key.public_key().public_bytes_raw(), key.sign
