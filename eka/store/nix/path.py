"""Nix's store paths, and how Nix computes them from what they hold.

Source: atom-spec/nix.md [nix-path], [nix-path-content].
"""

from __future__ import annotations

import hashlib

from eka.checking import TYPE_CHECKING
from eka.lazy import pattern
from eka.store.errors import InvalidStoreName
from eka.store.nix.base32 import decode, encode
from eka.store.nix.errors import InvalidNixText
from eka.store.path import DIGEST_LETTERS
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

NIX_STORE = "/nix/store"
_ID_BYTES = 20
_MAX_NAME = 211
_NAME = pattern(r"[A-Za-z0-9+._?=-]{1,211}")


@dataclass(frozen=True, slots=True, order=True)
class NixPath:
    """Name of one path of Nix's store."""

    digest32: str  # 32 letters of Nix's base32
    name: str

    def __post_init__(self) -> None:
        decode(self.digest32, _ID_BYTES)
        if not _NAME.fullmatch(self.name) or self.name in {".", ".."}:
            raise InvalidStoreName(self.name, f"not 1..{_MAX_NAME} of the characters of names")

    @property
    def base(self) -> str:
        """The file name: ``<32 letters>-<name>``."""
        return f"{self.digest32}-{self.name}"

    @property
    def text(self) -> str:
        """The absolute path."""
        return f"{NIX_STORE}/{self.base}"

    @classmethod
    def parse(cls, text: str) -> NixPath:
        """Read ``/nix/store/<base>`` or ``<base>``; nothing below a path is accepted."""
        base = text.removeprefix(f"{NIX_STORE}/")
        if "/" in base or base[DIGEST_LETTERS : DIGEST_LETTERS + 1] != "-":
            raise InvalidNixText("a path of Nix's store", text, f"not {NIX_STORE}/<32>-<name>")
        try:
            return cls(base[:DIGEST_LETTERS], base[DIGEST_LETTERS + 1 :])
        except (InvalidNixText, InvalidStoreName) as error:
            raise InvalidNixText("a path of Nix's store", text, error.why) from error


def content_path(
    name: str, nar_sha256: bytes, references: Iterable[NixPath] = (), *, has_self: bool = False
) -> NixPath:
    """Return the path of a tree that is named by its content.

    Args:
        name: What follows the digest.
        nar_sha256: 32 bytes over its NAR; where it mentions itself, as `modulo.NarModulo` has it.
        references: The other paths it refers to.
        has_self: Whether it mentions itself.
    """
    kind = ":".join(
        ("source", *(path.text for path in sorted(references)), *(["self"] if has_self else []))
    )
    return make_path(kind, nar_sha256, name)


def text_path(name: str, content: bytes, references: Iterable[NixPath] = ()) -> NixPath:
    """Return the path of a text that Nix itself writes, such as a derivation."""
    kind = ":".join(("text", *(path.text for path in sorted(references))))
    return make_path(kind, hashlib.sha256(content).digest(), name)


def fixed_path(name: str, sha256: bytes, *, recursive: bool = False) -> NixPath:
    """Return the path of an output whose hash is declared.

    Args:
        name: What follows the digest.
        sha256: 32 bytes; over the NAR if ``recursive``, else over the one file.
        recursive: Whether the output may be any tree.
    """
    if recursive:
        return content_path(name, sha256)
    inner = f"fixed:out:sha256:{sha256.hex()}:".encode()
    return make_path("output:out", hashlib.sha256(inner).digest(), name)


def make_path(kind: str, sha256: bytes, name: str) -> NixPath:
    """Return the path for a fingerprint of this kind over a SHA-256 of 32 bytes."""
    fingerprint = f"{kind}:sha256:{sha256.hex()}:{NIX_STORE}:{name}"
    return NixPath(encode(_folded(hashlib.sha256(fingerprint.encode()).digest())), name)


def _folded(digest: bytes) -> bytes:
    """Return 20 bytes: byte by byte, wrapping round, the exclusive or of all 32."""
    found = bytearray(_ID_BYTES)
    for at, byte in enumerate(digest):
        found[at % _ID_BYTES] ^= byte
    return bytes(found)
