"""Judges signatures: does one verify, may its key sign, and are there enough; pure.

Source: atom-spec/signature.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git.signature_key import fingerprint
from eka.git.signature_tag import check_signature
from eka.git.signature_trust import AllowedSigners, RevokedKeys

if TYPE_CHECKING:
    from eka.atom import ObjectId
    from eka.git.signature_key import PublicKey
    from eka.git.signature_policy import TrustRule
    from eka.git.signature_tag import Statement
    from eka.git.signature_trust import AllowedSigner


class SignatureState(StrEnum):
    """What a signature is worth."""

    GOOD = "good"
    """It verifies, and the allowed signers name its key."""
    UNKNOWN = "unknown"
    """It verifies, but nobody said whose key that is."""
    UNTIMELY = "untimely"
    """It verifies, but its key is not valid yet, has expired, or is for other uses."""
    REVOKED = "revoked"
    """It verifies, but its key was revoked."""
    BAD = "bad"
    """It does not verify, or says something else: it never counts."""
    UNAVAILABLE = "unavailable"
    """A ref names it, but it cannot be fetched."""


@dataclass(frozen=True, slots=True)
class SignatureFinding:
    """One signature of a version, and what became of checking it."""

    key: str
    """The fingerprint, ``SHA256:…``."""
    principal: str | None
    """Whom the allowed signers name for the key, as they write it."""
    state: SignatureState
    reason: str = ""
    """Why it is not good; empty for a good one."""
    tag: ObjectId | None = None
    lines: tuple[AllowedSigner, ...] = ()
    """What lets a good one count."""

    @property
    def is_good(self) -> bool:
        """Whether it counts."""
        return self.state is SignatureState.GOOD


@dataclass(frozen=True, slots=True)
class Trust:
    """All that a person said about whom to trust."""

    signers: AllowedSigners = field(default_factory=AllowedSigners)
    revoked: RevokedKeys = field(default_factory=RevokedKeys)
    rules: tuple[TrustRule, ...] = ()

    def judge(self, key: PublicKey, tag: ObjectId, at_s: int) -> SignatureFinding:
        """Return what a verified signature of ``key`` is worth.

        Args:
            key: Which made it.
            tag: The object that holds it.
            at_s: The time its key must be valid at, in seconds since 1970.

        Source: atom-spec/signature.md [trust-revoked], [trust-time].
        """
        lines = self.signers.of(key)
        principal = ",".join(dict.fromkeys(line.principals for line in lines)) or None
        if key in self.revoked:
            state, why = SignatureState.REVOKED, "its key was revoked"
        elif not lines:
            state, why = SignatureState.UNKNOWN, "the allowed signers do not name its key"
        else:
            counting = tuple(line for line in lines if not line.objection(at_s))
            if counting:
                names = ",".join(dict.fromkeys(line.principals for line in counting))
                state = SignatureState.GOOD
                return SignatureFinding(key.fingerprint, names, state, "", tag, counting)
            state, why = SignatureState.UNTIMELY, lines[0].objection(at_s)
        return SignatureFinding(key.fingerprint, principal, state, why, tag)


def examine_signature(
    body: bytes, tag: ObjectId, key_id: str, expected: Statement
) -> PublicKey | SignatureFinding:
    """Return the key that signed ``expected``, or why the signature is bad.

    Args:
        body: Of the tag object ``tag``.
        tag: Its id.
        key_id: The fingerprint in the ref's name, in hex.
        expected: The version the ref stands beside, recomputed.
    """
    try:
        return check_signature(body, expected, key_id)
    except EkaError as error:
        reason = error.why or error.what
        return SignatureFinding(
            fingerprint(key_id), None, SignatureState.BAD, f"{error.what}: {reason}", tag
        )
