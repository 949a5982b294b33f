"""Signatures of versions, in JSON and in words."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli.text import dim, green, red, yellow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eka.cli.frame import Frame
    from eka.cli.reply import Json
    from eka.cli.text import Piece
    from eka.git.signatures import SignatureFinding

# By the words of `SignatureState`, which costs start-up time.
WORDS = {
    "good": green("good"),
    "unknown": yellow("unknown key"),
    "untimely": yellow("not valid now"),
    "revoked": red("revoked"),
    "bad": red("BAD"),
    "unavailable": yellow("unavailable"),
}


def signature_document(finding: SignatureFinding) -> Json:
    """Return a signature as the schemas have it."""
    return {
        "key": finding.key,
        "principal": finding.principal,
        "state": finding.state.value,
        "reason": finding.reason,
    }


def signature_lines(findings: Iterable[SignatureFinding]) -> list[tuple[str | Piece, ...]]:
    """Return one line for each signature."""
    return [
        (
            "signature ",
            WORDS[each.state.value],
            f" {each.principal}" if each.principal else "",
            f" {each.key}",
            dim(f"  {each.reason}" if each.reason else ""),
        )
        for each in findings
    ]


def wants_signature(frame: Frame, *, wanted: bool | None, key: str | None) -> bool:
    """Return whether to sign: as the person says, by naming a key as well; else the setting."""
    if wanted is not None:
        return wanted
    settings = frame.settings.signatures
    return key is not None or (settings is not None and settings.is_publish_signed)
