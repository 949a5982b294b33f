"""The identity of an atom: its set's genesis and its label, nothing else."""

from __future__ import annotations

from functools import lru_cache

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.hashing import base32hex, derive_key, keyed_digest
from eka.values import dataclass

if TYPE_CHECKING:
    from eka.atom.label import Label
    from eka.atom.oid import Genesis

ID_CONTEXT = "AtomId"
# 52 letters carry 260 bits: the last four of a 256-bit digest's text are zero.
_LETTERS = 52
_ALPHABET = frozenset("0123456789abcdefghijklmnopqrstuv")
_LAST = ("0", "g")
_SHOWN_CHARACTERS = 80


class InvalidAtomId(EkaError):
    """A text that cannot be the id of an atom."""

    code = "invalid-atom-id"
    exit_status = Exit.USAGE

    def __init__(self, raw: str) -> None:
        super().__init__(
            what="this is not an atom id",
            where=repr(raw[:_SHOWN_CHARACTERS]),
            why="expected 52 characters of lower-case base32hex (0-9, a-v)",
            fix="copy the id from `eka info <atom>`",
        )
        self.raw = raw


@dataclass(frozen=True, slots=True, order=True)
class AtomId:
    """Identity of an atom over all its versions: 52 characters of base32hex."""

    text: str

    def __post_init__(self) -> None:
        text = self.text
        if len(text) != _LETTERS or text[-1] not in _LAST or not _ALPHABET.issuperset(text):
            raise InvalidAtomId(self.text)


@lru_cache(maxsize=16_384)
def atom_id(genesis: Genesis, label: Label) -> AtomId:
    """Return the identity of an atom, the same on every machine and for ever.

    Args:
        genesis: Root commit of the set; 20 bytes (SHA-1) or 32 (SHA-256).
        label: Name of the atom; hashed as UTF-8, 1..128 bytes.

    Returns:
        BLAKE3(label) under the key derived from ``genesis`` in context "AtomId".

    Source: atom-spec/identity.md [atom-id]; vectors in fixtures/atoms/published.json.
    """
    key = derive_key(ID_CONTEXT, genesis.raw)
    return AtomId(base32hex(keyed_digest(key, label.text.encode())))
