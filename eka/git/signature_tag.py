"""The tag object that carries a signature: what it says, byte for byte; pure.

The atom commit stays as it is, so that anybody can rebuild it. The tag stands beside it, names it
and repeats all that makes the version what it is: a signature moved to another ref, label,
version, set or commit says something else than is asked for, and is refused.

Source: atom-spec/signature.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom import AtomId, ContentHash, Label, ObjectId, Version
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.refs import signature_ref
from eka.git.safe import safe_line
from eka.git.signature_armor import BEGIN, SshSignature

if TYPE_CHECKING:
    from eka.git.signature_key import PublicKey

MAX_TAG_BYTES = 8192
TITLE = "atom signature 1"
TAGGER = "tagger  <> 0 +0000"
_KEYS = (
    "object",
    "type",
    "tag",
    "tagger",
    "",
    TITLE,
    "id",
    "label",
    "version",
    "commit",
    "blake3",
)


class InvalidSignatureTag(EkaError):
    """A git object that is no signature of an atom."""

    code = "invalid-signature-tag"
    exit_status = Exit.INTEGRITY

    def __init__(self, why: str) -> None:
        super().__init__(
            what="this object is not the signature of an atom",
            why=why,
            fix="ask the signer to sign again with `eka sign`",
        )


class SignatureMismatch(EkaError):
    """A signature that speaks of something else than the version it stands beside."""

    code = "signature-mismatch"
    exit_status = Exit.INTEGRITY

    def __init__(self, what: str, *, expected: str, found: str) -> None:
        super().__init__(
            what="the signature speaks of something else",
            why=f"{what}: expected {expected}, found {found}",
            fix="do not trust it: somebody moved a signature to where it does not belong",
        )
        self.expected, self.found = expected, found


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a signature says: this commit with this content is that version of that atom."""

    id: AtomId
    label: Label
    version: Version
    commit: ObjectId
    content: ContentHash

    def payload(self, key_id: str) -> bytes:
        """Return the bytes that a key signs; ``key_id`` is its fingerprint in hex.

        Source: atom-spec/signature.md [signature-payload].
        """
        name = tag_name(self.label, self.version, key_id)
        lines = (
            f"object {self.commit.hex}",
            "type commit",
            f"tag {name}",
            TAGGER,
            "",
            TITLE,
            f"id {self.id.text}",
            f"label {self.label.text}",
            f"version {self.version.text}",
            f"commit {self.commit.hex}",
            f"blake3 {self.content.hex}",
        )
        return "".join(f"{line}\n" for line in lines).encode()

    def fields(self) -> tuple[tuple[str, str], ...]:
        """Return name and value of each part, in order."""
        return (
            ("id", self.id.text),
            ("label", self.label.text),
            ("version", self.version.text),
            ("commit", self.commit.hex),
            ("blake3", self.content.hex),
        )


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A tag object taken apart: what is said, and a signature that was not checked yet."""

    statement: Statement
    signature: SshSignature

    def encode(self) -> bytes:
        """Return the body of the tag object."""
        return self.statement.payload(self.signature.key.id) + self.signature.encode()

    @classmethod
    def decode(cls, body: bytes) -> SignedStatement:
        """Return what the body of a tag object says.

        Raises:
            InvalidSignatureTag, InvalidSshSignature: it is not written as it must be.
            SignatureMismatch: its name is not that of its key, label and version.

        Source: atom-spec/signature.md [signature-one-form].
        """
        if len(body) > MAX_TAG_BYTES:
            raise InvalidSignatureTag(f"it is longer than {MAX_TAG_BYTES} bytes")
        start = body.find(BEGIN)
        if start < 0:
            raise InvalidSignatureTag("it holds no SSH signature")
        statement, name = _decode_payload(body[:start])
        signature = SshSignature.decode(body[start:])
        expected = tag_name(statement.label, statement.version, signature.key.id)
        if name != expected:
            raise SignatureMismatch("the tag's name", expected=expected, found=safe_line(name))
        found = cls(statement, signature)
        if found.encode() != body:
            raise InvalidSignatureTag("it is not written in the one legal form")
        return found


def tag_name(label: Label, version: Version, key_id: str) -> str:
    """Return the name a signature's tag gives itself: its ref without ``refs/``."""
    return signature_ref(label, version, key_id).removeprefix("refs/")


def check_signature(body: bytes, expected: Statement, key_id: str) -> PublicKey:
    """Return the key that signed exactly ``expected``.

    Args:
        body: Of the tag object.
        expected: The version it stands beside, recomputed.
        key_id: The fingerprint in the ref that names it, in hex.

    Raises:
        InvalidSignatureTag, InvalidSshSignature: it is no signature of an atom.
        SignatureMismatch: it speaks of another version, or another key made it.
        WrongSignature: its key did not sign this.

    Source: atom-spec/signature.md [signature-binds].
    """
    found = SignedStatement.decode(body)
    for (what, wanted), (_, said) in zip(expected.fields(), found.statement.fields(), strict=True):
        if wanted != said:
            raise SignatureMismatch(what, expected=wanted, found=said)
    key = found.signature.key
    if key.id != key_id:
        raise SignatureMismatch("key", expected=key_id, found=key.id)
    found.signature.check(found.statement.payload(key.id))
    return key


def _decode_payload(payload: bytes) -> tuple[Statement, str]:
    try:
        lines = payload.decode().split("\n")
    except UnicodeDecodeError as error:
        raise InvalidSignatureTag("it is not UTF-8") from error
    if len(lines) != len(_KEYS) + 1 or lines[-1]:
        raise InvalidSignatureTag(f"expected {len(_KEYS)} lines before the signature")
    values: dict[str, str] = {}
    for key, line in zip(_KEYS, lines, strict=False):
        word, _, values[key] = line.partition(" ") if key not in ("", TITLE) else (line, "", "")
        if word != key:
            expected = f"a line {key!r}" if key else "an empty line"
            raise InvalidSignatureTag(f"expected {expected}, found {safe_line(line[:80])!r}")
    if values["type"] != "commit":
        raise InvalidSignatureTag(f"it signs a {safe_line(values['type'])}, expected a commit")
    try:
        statement = Statement(
            id=AtomId(values["id"]),
            label=Label(values["label"]),
            version=Version.parse(values["version"]),
            commit=ObjectId(values["commit"]),
            content=ContentHash(values["blake3"]),
        )
    except EkaError as error:
        raise InvalidSignatureTag(str(error)) from error
    if values["object"] != values["commit"]:
        found = safe_line(values["object"])
        raise SignatureMismatch("the tagged object", expected=values["commit"], found=found)
    return statement, values["tag"]
