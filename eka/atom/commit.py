"""The atom commit: the one git object that says "this tree is that version of this atom"."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from eka.atom.content import ContentHash
from eka.atom.label import Label
from eka.atom.oid import ObjectId, object_id
from eka.atom.version import Version
from eka.errors import EkaError, Exit

MAX_COMMIT_BYTES = 16 * 1024
MAX_PATH_BYTES = 4096
_IDENTITY_LINES = ("author  <> 0 +0000", "committer  <> 0 +0000")


class NotAnAtomCommit(EkaError):
    """A commit that no publisher of atoms writes."""

    code = "not-an-atom-commit"
    exit_status = Exit.INTEGRITY

    def __init__(self, why: str) -> None:
        super().__init__(
            what="this commit is not an atom",
            why=why,
            fix="do not use it; ask the set's owner to publish the version with eka",
        )


class InvalidAtomCommit(EkaError):
    """Parts that cannot make an atom commit together."""

    code = "invalid-atom-commit"
    exit_status = Exit.USAGE

    def __init__(self, why: str, fix: str) -> None:
        super().__init__(what="no atom commit can be made of this", why=why, fix=fix)


class CommitFormat(StrEnum):
    """Formats of the atom commit; the value is what its ``format`` header says."""

    V1 = "1"
    PRE1_0 = "pre1.0"
    PRE1 = "pre1"
    V2 = "2"


_WITH_PATH = frozenset({CommitFormat.V1, CommitFormat.PRE1_0, CommitFormat.V2})
_WITH_CLAIMS = frozenset({CommitFormat.V2})
_PLAIN_MESSAGE = frozenset({CommitFormat.V1, CommitFormat.PRE1_0})


@dataclass(frozen=True, slots=True, kw_only=True)
class AtomCommit:
    """A published version as git stores it; same parts, same bytes, on every machine.

    ``path`` is absent in format ``pre1``; ``manifest`` and ``content`` exist in format ``2`` only.

    Source: atom-spec/commit.md; vectors in fixtures/atoms/published.json.
    """

    format: CommitFormat
    tree: ObjectId
    origin: ObjectId
    label: Label
    version: Version
    path: str | None = None
    manifest: ObjectId | None = None
    content: ContentHash | None = None

    def __post_init__(self) -> None:
        _check_presence(self.format, "path", self.path, wanted=self.format in _WITH_PATH)
        _check_presence(self.format, "manifest", self.manifest, wanted=self.format in _WITH_CLAIMS)
        _check_presence(self.format, "blake3", self.content, wanted=self.format in _WITH_CLAIMS)
        oids = (self.tree, self.origin, self.manifest or self.tree)
        if len({oid.algorithm for oid in oids}) > 1:
            raise InvalidAtomCommit(
                "its object ids mix SHA-1 and SHA-256", "take all ids from one repository"
            )
        if self.path is not None and (why := path_fault(self.path)):
            raise InvalidAtomCommit(
                f"the path {self.path[:200]!r} {why}", "rename the atom's directory"
            )

    def encode(self) -> bytes:
        """Return the body of the commit object, byte for byte."""
        origin_header = "src" if self.format is CommitFormat.V1 else "origin"
        lines = [f"tree {self.tree.hex}", *_IDENTITY_LINES, f"{origin_header} {self.origin.hex}"]
        if self.path is not None:
            lines.append(f"path {self.path}")
        if self.manifest is not None:
            lines.append(f"manifest {self.manifest.hex}")
        if self.content is not None:
            lines.append(f"blake3 {self.content.hex}")
        lines += [f"format {self.format}", "", self._message()]
        return "\n".join(lines).encode()

    @classmethod
    def decode(cls, raw: bytes) -> AtomCommit:
        """Return the atom commit whose body is ``raw``; raises NotAnAtomCommit.

        Whatever `encode` would not give back exactly is refused, so that equal meaning implies
        equal bytes and an equal commit id.
        """
        if len(raw) > MAX_COMMIT_BYTES:
            raise NotAnAtomCommit(f"it is larger than {MAX_COMMIT_BYTES} bytes")
        try:
            commit = _decode(raw)
        except EkaError as error:
            raise NotAnAtomCommit(str(error)) from error
        if commit.encode() != raw:
            raise NotAnAtomCommit(f"it is not written as format {commit.format} demands")
        return commit

    def id(self) -> ObjectId:
        """Return the commit's id, in the hash function of its tree."""
        return object_id("commit", self.encode(), self.tree.algorithm)

    def _message(self) -> str:
        subject = f"{self.label.text}: {self.version.text}"
        if self.format in _PLAIN_MESSAGE:
            return subject
        return f"publish({self.label.text}): {self.version.text}"


def path_fault(path: str) -> str:
    """Say why ``path`` cannot be the directory of an atom in its commit; empty when it can."""
    if len(path.encode(errors="surrogatepass")) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    if path != "." and any(part in {"", ".", ".."} for part in path.split("/")):
        return "is not a plain relative path"
    return "" if path.isascii() and path.isprintable() else _character_fault(path)


def _character_fault(path: str) -> str:
    from unicodedata import category, is_normalized  # noqa: PLC0415 - most paths are ASCII

    categories = {category(character) for character in path}
    if "Cs" in categories:
        return "is not UTF-8"
    if "Cc" in categories:
        return "holds a control character"
    return "" if is_normalized("NFC", path) else "is not in NFC form"


def _check_presence(
    commit_format: CommitFormat, header: str, value: object, *, wanted: bool
) -> None:
    if wanted and value is None:
        raise InvalidAtomCommit(f"format {commit_format} needs `{header}`", f"give `{header}`")
    if value is not None and not wanted:
        raise InvalidAtomCommit(
            f"format {commit_format} has no `{header}`", f"leave out `{header}`, or use format 2"
        )


def _decode(raw: bytes) -> AtomCommit:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise NotAnAtomCommit("it is not UTF-8") from error
    head, _, message = text.partition("\n\n")
    fields = (line.partition(" ") for line in head.split("\n"))
    headers = {name: value for name, _, value in fields}
    try:
        commit_format = CommitFormat(headers.get("format", ""))
    except ValueError as error:
        raise NotAnAtomCommit("its `format` header names no known format") from error
    label, version = _read_message(message)
    origin_header = "src" if commit_format is CommitFormat.V1 else "origin"
    manifest, content = headers.get("manifest"), headers.get("blake3")
    return AtomCommit(
        format=commit_format,
        tree=ObjectId(headers.get("tree", "")),
        origin=ObjectId(headers.get(origin_header, "")),
        label=label,
        version=version,
        path=headers.get("path"),
        manifest=None if manifest is None else ObjectId(manifest),
        content=None if content is None else ContentHash(content),
    )


def _read_message(message: str) -> tuple[Label, Version]:
    subject, _, version = message.partition(": ")
    label = subject.removeprefix("publish(").removesuffix(")")
    return Label(label), Version.parse(version)
