"""Whose signatures count: the files ``allowed_signers`` and of revoked keys; pure.

Source: atom-spec/signature.md, the clauses on trust.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit, Span
from eka.git.safe import safe_line
from eka.git.signature_armor import NAMESPACE
from eka.git.signature_key import (
    FINGERPRINT_PREFIX,
    InvalidPublicKey,
    PublicKey,
    parse_fingerprint,
)
from eka.git.signature_lines import (
    AUTHORITY,
    NAMESPACES,
    VALID_AFTER,
    VALID_BEFORE,
    LineFault,
    matches,
    parse_time,
    split_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILE_BYTES = 4 * 1024 * 1024
_KRL_MAGIC = b"SSHKRL\n\0"
_REVOKED_PREFIXES = ("key:", "hash:", "sha256:")


class InvalidTrustFile(EkaError):
    """A file of allowed signers or revoked keys that cannot be read."""

    code = "invalid-trust-file"
    exit_status = Exit.USAGE

    def __init__(self, where: str, why: str, *, span: Span | None = None) -> None:
        super().__init__(
            what="this file of keys cannot be used",
            where=where,
            why=why,
            fix="docs/signatures.md says how to write it; `man ssh-keygen` has the details",
            span=span,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedSigner:
    """One line of ``allowed_signers``: a key, and for whom and when it speaks."""

    principals: str
    """A list of patterns, as it was written."""
    key: PublicKey
    namespaces: str = NAMESPACE
    valid_after: int | None = None
    """Seconds since 1970."""
    valid_before: int | None = None
    is_authority: bool = False
    line: int = 0

    def speaks_for(self, principal: str) -> bool:
        """Return whether the line names ``principal``."""
        return matches(principal, self.principals)

    def objection(self, at_s: int) -> str:
        """Return why the line does not count at a time; empty when it does."""
        if self.is_authority:
            return "its line is for a certificate authority, and certificates are not supported"
        if not matches(NAMESPACE, self.namespaces):
            return f"its line is for other namespaces than {NAMESPACE!r}"
        if self.valid_after is not None and at_s < self.valid_after:
            return "it is not valid yet"
        if self.valid_before is not None and at_s > self.valid_before:
            return "it has expired"
        return ""


@dataclass(frozen=True, slots=True)
class AllowedSigners:
    """The keys a person trusts."""

    lines: tuple[AllowedSigner, ...] = ()

    def of(self, key: PublicKey) -> tuple[AllowedSigner, ...]:
        """Return the lines that are about ``key``."""
        return tuple(line for line in self.lines if line.key == key)

    def naming(self, principal: str) -> tuple[AllowedSigner, ...]:
        """Return the lines that speak for ``principal``."""
        return tuple(line for line in self.lines if line.speaks_for(principal))

    @property
    def without_effect(self) -> tuple[AllowedSigner, ...]:
        """The lines for certificate authorities, which eka does not support."""
        return tuple(line for line in self.lines if line.is_authority)


@dataclass(frozen=True, slots=True)
class RevokedKeys:
    """Keys that never count, whatever else is said of them."""

    ids: frozenset[str] = field(default_factory=frozenset[str])
    """Fingerprints in hex."""

    def __contains__(self, key: PublicKey) -> bool:
        return key.id in self.ids


def parse_allowed_signers(data: bytes, file: str) -> AllowedSigners:
    """Return what an ``allowed_signers`` file says; raises InvalidTrustFile with the line.

    Source: atom-spec/signature.md [trust-allowed-signers].
    """
    found: list[AllowedSigner] = []
    for number, line in _lines(data, file):
        try:
            found.append(_allowed_signer(line, number))
        except (LineFault, InvalidPublicKey) as error:
            raise _refused(file, number, line, error) from error
    return AllowedSigners(tuple(found))


def _allowed_signer(text: str, number: int) -> AllowedSigner:
    line = split_line(text)
    options = line.options
    times = {
        name: parse_time(options[name]) for name in (VALID_AFTER, VALID_BEFORE) if name in options
    }
    after, before = times.get(VALID_AFTER), times.get(VALID_BEFORE)
    if after is not None and before is not None and after >= before:
        raise LineFault("it is valid only after it has expired")
    return AllowedSigner(
        principals=line.principals,
        key=PublicKey.parse(line.key),
        # Without the option a key speaks in every namespace.
        namespaces=options.get(NAMESPACES, "*"),
        valid_after=after,
        valid_before=before,
        is_authority=AUTHORITY in options,
        line=number,
    )


def parse_revoked_keys(data: bytes, file: str) -> RevokedKeys:
    """Return the keys of a file of revoked ones: public keys or ``SHA256:`` fingerprints.

    Raises:
        InvalidTrustFile: it is a binary list of OpenSSH, or a line is neither.

    Source: atom-spec/signature.md [trust-revoked].
    """
    if data.startswith(_KRL_MAGIC):
        why = "it is a binary key revocation list; expected public keys or fingerprints as text"
        raise InvalidTrustFile(file, why)
    ids: set[str] = set()
    for number, line in _lines(data, file):
        try:
            ids.add(_revoked_id(line))
        except InvalidPublicKey as error:
            raise _refused(file, number, line, error) from error
    return RevokedKeys(frozenset(ids))


def _revoked_id(text: str) -> str:
    prefix = next((each for each in _REVOKED_PREFIXES if text.lower().startswith(each)), "")
    if prefix == "sha256:" and text.startswith(FINGERPRINT_PREFIX):
        prefix = ""  # a fingerprint as ssh-keygen prints it
    body = text[len(prefix) :].strip()
    if body.startswith(FINGERPRINT_PREFIX):
        return parse_fingerprint(body.split()[0])
    return PublicKey.parse(body).id


def _lines(data: bytes, file: str) -> Iterator[tuple[int, str]]:
    if len(data) > MAX_FILE_BYTES:
        raise InvalidTrustFile(file, f"it is longer than {MAX_FILE_BYTES} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise InvalidTrustFile(file, "it is not UTF-8") from error
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield number, stripped


def _refused(
    file: str, number: int, line: str, error: LineFault | InvalidPublicKey
) -> InvalidTrustFile:
    why = error.why if isinstance(error, InvalidPublicKey) else str(error)
    shown = safe_line(line)
    span = Span(file, number, 1, len(shown), shown)
    return InvalidTrustFile(f"{file}:{number}", safe_line(why), span=span)
