"""Object ids of git: a value for each, and the id of an object from its bytes."""

from __future__ import annotations

from eka.checking import NewType
from eka.errors import EkaError, Exit
from eka.values import dataclass

_DIGITS = b"0123456789abcdef"
_ALGORITHMS = {40: "sha1", 64: "sha256"}
_SHOWN_CHARACTERS = 80


class InvalidObjectId(EkaError):
    """A text or some bytes that cannot be the id of a git object."""

    code = "invalid-object-id"
    exit_status = Exit.USAGE

    def __init__(self, raw: str) -> None:
        super().__init__(
            what="this is not a git object id",
            where=repr(raw[:_SHOWN_CHARACTERS]),
            why="expected 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits",
            fix="write the full id; `git rev-parse <name>` prints it",
        )
        self.raw = raw


@dataclass(frozen=True, slots=True, order=True)
class ObjectId:
    """Id of a git object: 40 lower-case hex digits (SHA-1) or 64 (SHA-256)."""

    hex: str

    def __post_init__(self) -> None:
        digits = self.hex
        is_plain = len(digits) in _ALGORITHMS and digits.isascii()
        if not is_plain or digits.encode().translate(None, _DIGITS):
            raise InvalidObjectId(digits)

    # Ids are looked up by the hundred thousand: a text remembers its hash.
    def __hash__(self) -> int:
        return hash(self.hex)

    @classmethod
    def checked(cls, digits: str) -> ObjectId:
        """Return the id of digits that were checked before, many together."""
        found = object.__new__(cls)
        object.__setattr__(found, "hex", digits)
        return found

    @property
    def raw(self) -> bytes:
        """The 20 or 32 bytes of the id."""
        return bytes.fromhex(self.hex)

    @property
    def algorithm(self) -> str:
        """``sha1`` or ``sha256``, as git names them."""
        return _ALGORITHMS[len(self.hex)]

    @classmethod
    def from_raw(cls, raw: bytes) -> ObjectId:
        """Return the id whose 20 or 32 bytes are ``raw``."""
        return cls(raw.hex())


Genesis = NewType("Genesis", ObjectId)
"""The id of a set's root commit: what makes the set itself, for ever."""


def object_id(kind: str, body: bytes, algorithm: str) -> ObjectId:
    """Return the id git gives to an object.

    Args:
        kind: ``blob``, ``tree``, ``commit`` or ``tag``.
        body: The object without git's header.
        algorithm: ``sha1`` or ``sha256``.

    Returns:
        The id `git hash-object` prints.

    The ids of objects we write come from here; a *received* object is never trusted by its SHA-1
    alone (hashlib does not detect collisions, git does): its content hash decides.
    """
    import hashlib  # noqa: PLC0415 - loads OpenSSL, which reading refs does not need

    # Not a security use of SHA-1: see the docstring.
    state = hashlib.new(algorithm, usedforsecurity=False)
    state.update(f"{kind} {len(body)}\0".encode())
    state.update(body)
    return ObjectId(state.hexdigest())
