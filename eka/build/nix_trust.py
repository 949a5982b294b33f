"""Whose word counts for what a binary cache gives.

Source: atom-spec/nix.md [nix-trust].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.store.nix.errors import InvalidNixText, NixMismatch, NixPathUntrusted
from eka.store.nix.hashes import parse_sha256, sha256_text
from eka.store.nix.narinfo import CONTENT_ADDRESS
from eka.store.nix.path import content_path
from eka.values import dataclass

if TYPE_CHECKING:
    from eka.store.nix.keys import NixPublicKey
    from eka.store.nix.narinfo import NarInfo


@dataclass(frozen=True, slots=True)
class NixTrust:
    """The keys that count; ``unsigned``: what nobody signed is taken too."""

    keys: tuple[NixPublicKey, ...] = ()
    unsigned: bool = False

    def check(self, info: NarInfo) -> None:
        """Raise `NixPathUntrusted` unless there is a reason to believe a description."""
        if not (self.unsigned or names_content(info) or self.is_signed(info)):
            raise NixPathUntrusted(
                info.path.text, tuple(sorted({each.key_name for each in info.signatures}))
            )

    def is_signed(self, info: NarInfo) -> bool:
        """Return whether somebody trusted has signed; with ``unsigned`` everything counts."""
        return self.unsigned or info.is_signed_by(self.keys)

    @staticmethod
    def check_content(info: NarInfo, sha256: bytes) -> None:
        """Raise `NixMismatch` unless content with this hash has the name it was fetched by.

        Args:
            info: What the cache says.
            sha256: 32 bytes over the NAR as if it did not mention itself.
        """
        expected = info.content_address.removeprefix(CONTENT_ADDRESS)
        if parse_sha256(expected) != sha256:
            raise NixMismatch(info.path.text, expected=expected, found=sha256_text(sha256))


def names_content(info: NarInfo) -> bool:
    """Return whether the name of a path follows from the hash its description declares.

    Then the content proves itself, and needs nobody's signature. Only trees hashed as NARs with
    SHA-256 are recognised; what is named in other ways needs a signature.
    """
    if not info.content_address.startswith(CONTENT_ADDRESS):
        return False
    try:
        sha256 = parse_sha256(info.content_address.removeprefix(CONTENT_ADDRESS))
    except InvalidNixText:
        return False
    found = content_path(info.path.name, sha256, info.others, has_self=info.has_self)
    return found == info.path
