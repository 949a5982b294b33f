"""How a binary cache describes one path: a file of ``Name: value`` lines.

Source: atom-spec/nix.md [nix-narinfo], [nix-fingerprint].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.store.nix.errors import InvalidNarInfo
from eka.store.nix.hashes import parse_sha256, sha256_text
from eka.store.nix.keys import NixSignature
from eka.store.nix.path import NixPath
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eka.store.nix.keys import NixPublicKey, NixSecretKey

MAX_NARINFO_BYTES = 1 << 20
_MAX_REFERENCES = 100_000
_MAX_DIGITS = 18
_NEEDED = ("StorePath", "URL", "NarHash", "NarSize")
_ONCE = (*_NEEDED, "Compression", "FileHash", "FileSize", "References", "Deriver", "CA")
CONTENT_ADDRESS = "fixed:r:"


@dataclass(frozen=True, slots=True)
class NarInfo:
    """What a binary cache says of a path; the signatures are over the first four."""

    path: NixPath
    nar_sha256: bytes
    nar_size_bytes: int
    references: tuple[NixPath, ...]  # in order of their names; the path itself may be among them
    url: str  # below the address of the cache
    compression: str
    file_sha256: bytes | None = None  # of the compressed file
    file_size_bytes: int | None = None
    content_address: str = ""  # ``fixed:r:sha256:...`` where the content gives the path its name
    signatures: tuple[NixSignature, ...] = ()
    deriver: str = ""

    @property
    def fingerprint(self) -> bytes:
        """What is signed."""
        references = ",".join(path.text for path in self.references)
        fields = ("1", self.path.text, sha256_text(self.nar_sha256), str(self.nar_size_bytes))
        return ";".join((*fields, references)).encode()

    @property
    def has_self(self) -> bool:
        """Whether the path refers to itself."""
        return self.path in self.references

    @property
    def others(self) -> tuple[NixPath, ...]:
        """The paths it refers to, without itself."""
        return tuple(path for path in self.references if path != self.path)

    def signed_by(self, key: NixSecretKey) -> NarInfo:
        """Return it with a signature of ``key``, in place of an earlier one of that name."""
        kept = tuple(each for each in self.signatures if each.key_name != key.name)
        return self.with_signatures((*kept, key.sign(self.fingerprint)))

    def with_signatures(self, signatures: Iterable[NixSignature]) -> NarInfo:
        """Return it with these signatures."""
        return NarInfo(
            self.path, self.nar_sha256, self.nar_size_bytes, self.references, self.url,
            self.compression, self.file_sha256, self.file_size_bytes, self.content_address,
            tuple(signatures), self.deriver,
        )  # fmt: skip

    def is_signed_by(self, keys: Iterable[NixPublicKey]) -> bool:
        """Return whether one of the keys signed it."""
        message = self.fingerprint
        return any(each.is_by(key, message) for key in keys for each in self.signatures)

    @property
    def text(self) -> str:
        """The file."""
        fields = [
            ("StorePath", self.path.text),
            ("URL", self.url),
            ("Compression", self.compression),
            ("NarHash", sha256_text(self.nar_sha256)),
            ("NarSize", str(self.nar_size_bytes)),
            ("References", " ".join(path.base for path in self.references)),
        ]
        if self.file_sha256 is not None:
            fields.insert(3, ("FileHash", sha256_text(self.file_sha256)))
        if self.file_size_bytes is not None:
            fields.insert(-3, ("FileSize", str(self.file_size_bytes)))
        if self.deriver:
            fields.append(("Deriver", self.deriver))
        fields += [("Sig", each.text) for each in self.signatures]
        if self.content_address:
            fields.append(("CA", self.content_address))
        return "".join(f"{name}: {value}\n" for name, value in fields)

    @classmethod
    def parse(cls, data: bytes, where: str) -> NarInfo:
        """Read the file ``where``; fields that Nix does not know are passed over.

        Raises:
            InvalidNarInfo: A field is missing, written twice or malformed.
        """
        if len(data) > MAX_NARINFO_BYTES:
            raise InvalidNarInfo(where, f"longer than {MAX_NARINFO_BYTES} bytes")
        try:
            fields, signatures = _fields(data.decode("utf-8"), where)
            return _parsed(fields, signatures, where)
        except UnicodeDecodeError as error:
            raise InvalidNarInfo(where, "it is not UTF-8") from error
        except InvalidNarInfo:
            raise
        except EkaError as error:
            raise InvalidNarInfo(where, f"{error.where}: {error.why}") from error


def _fields(text: str, where: str) -> tuple[dict[str, str], list[str]]:
    fields: dict[str, str] = {}
    signatures: list[str] = []
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if not colon:
            raise InvalidNarInfo(where, f"a line without a colon: {line[:60]!r}")
        if name == "Sig":
            signatures.append(value.strip())
        elif name in fields and name in _ONCE:
            raise InvalidNarInfo(where, f"{name} is written twice")
        else:
            fields[name] = value.strip()
    for name in _NEEDED:
        if not fields.get(name):
            raise InvalidNarInfo(where, f"{name} is missing")
    return fields, signatures


def _parsed(fields: dict[str, str], signatures: list[str], where: str) -> NarInfo:
    references = fields.get("References", "").split()
    if len(references) > _MAX_REFERENCES:
        raise InvalidNarInfo(where, f"more than {_MAX_REFERENCES} references")
    file_hash, file_size = fields.get("FileHash", ""), fields.get("FileSize", "")
    return NarInfo(
        path=NixPath.parse(fields["StorePath"]),
        nar_sha256=parse_sha256(fields["NarHash"]),
        nar_size_bytes=_number(fields["NarSize"], where),
        references=tuple(sorted(NixPath.parse(each) for each in references)),
        url=_url(fields["URL"], where),
        # Nix: a cache that does not say how it compresses uses bzip2.
        compression=fields.get("Compression", "") or "bzip2",
        file_sha256=parse_sha256(file_hash) if file_hash else None,
        file_size_bytes=_number(file_size, where) if file_size else None,
        content_address=fields.get("CA", ""),
        signatures=tuple(NixSignature.parse(each) for each in signatures),
        deriver=fields.get("Deriver", ""),
    )


def _number(text: str, where: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > _MAX_DIGITS:
        raise InvalidNarInfo(where, f"{text[:60]!r} is not a size")
    return int(text)


def _url(text: str, where: str) -> str:
    names = text.split("/")
    if ":" in names[0] or not text.isprintable() or {"", ".", ".."} & set(names):
        raise InvalidNarInfo(where, f"{text[:60]!r} does not lie inside the cache")
    return text
