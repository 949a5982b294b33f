"""SHA-256 hashes as Nix writes them in text: ``sha256:`` and base32, hexadecimal or base64.

Source: atom-spec/nix.md [nix-narinfo].
"""

from __future__ import annotations

import binascii

from eka.store.nix.base32 import base32_length, decode, encode
from eka.store.nix.errors import InvalidNixText

SHA256_BYTES = 32
_HEX_DIGITS = 64
_KIND = "a SHA-256 as Nix writes it"


def sha256_text(raw: bytes) -> str:
    """Return ``sha256:`` and 52 letters."""
    return f"sha256:{encode(raw)}"


def parse_sha256(text: str) -> bytes:
    """Return the 32 bytes of a SHA-256; raises `InvalidNixText`."""
    for sign in (":", "-"):
        kind, found, body = text.partition(sign)
        if found and kind == "sha256":
            return _decoded(text, body, sign)
    raise InvalidNixText(_KIND, text, "it does not begin with sha256:")


def _decoded(text: str, body: str, sign: str) -> bytes:
    if sign == ":" and len(body) == base32_length(SHA256_BYTES):
        return decode(body, SHA256_BYTES)
    try:
        if sign == ":" and len(body) == _HEX_DIGITS:
            return binascii.unhexlify(body)
        raw = binascii.a2b_base64(body, strict_mode=True)
    except ValueError as error:
        raise InvalidNixText(_KIND, text, str(error)) from error
    if len(raw) != SHA256_BYTES:
        raise InvalidNixText(_KIND, text, f"not {SHA256_BYTES} bytes")
    return raw
