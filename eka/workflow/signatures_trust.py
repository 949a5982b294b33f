"""Reads the files that say whom a person trusts."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING, TypeVar
from eka.git.signatures import InvalidTrustFile, Trust, parse_allowed_signers, parse_revoked_keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eka.git.signatures import TrustRule

ALLOWED_SIGNERS = "allowed_signers"
REVOKED_KEYS = "revoked_keys"
READ_CAP = 4 * 1024 * 1024 + 1  # bytes; one more than is accepted
_Parsed = TypeVar("_Parsed")


def load_trust(
    *, signers: Path | None, revoked: Path | None, folder: Path, rules: tuple[TrustRule, ...]
) -> Trust:
    """Return what the files say.

    Args:
        signers: The file of allowed signers; None: the one in ``folder``, if it is there.
        revoked: The file of revoked keys; the same.
        folder: The person's directory of configuration.
        rules: What sources must show.

    Raises:
        InvalidTrustFile: a file that is named is not there, or one is not understood.
    """
    found = Trust(rules=rules)
    return Trust(
        _read(signers, folder / ALLOWED_SIGNERS, parse_allowed_signers) or found.signers,
        _read(revoked, folder / REVOKED_KEYS, parse_revoked_keys) or found.revoked,
        rules,
    )


def _read(
    named: Path | None, usual: Path, parse: Callable[[bytes, str], _Parsed]
) -> _Parsed | None:
    path = named or usual
    if named is None and not usual.exists():
        return None
    try:
        with path.open("rb") as stream:
            data = stream.read(READ_CAP)
    except OSError as error:
        raise InvalidTrustFile(str(path), error.strerror or str(error)) from error
    return parse(data, str(path))
