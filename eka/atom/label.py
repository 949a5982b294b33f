"""Labels and tags: the names people choose, valid on every machine and for ever."""

from __future__ import annotations

from eka.errors import EkaError, Exit
from eka.values import dataclass

MAX_LABEL_BYTES = 128
# What a person types may shrink when it is normalised, three code points to one at the most.
_MAX_TYPED_CHARACTERS = 4 * MAX_LABEL_BYTES
_SHOWN_CHARACTERS = 80


class InvalidLabel(EkaError):
    """A text that cannot be the label of an atom."""

    code = "invalid-label"
    exit_status = Exit.USAGE

    def __init__(self, raw: str, why: str) -> None:
        super().__init__(
            what="this is not a valid label",
            where=repr(raw[:_SHOWN_CHARACTERS]),
            why=why,
            fix="start with a letter, go on with letters, digits, `_` or `-`, as in `my-atom`",
        )
        self.raw = raw


class InvalidTag(EkaError):
    """A text that cannot be a tag (the name of a set, or a tag of an atom)."""

    code = "invalid-tag"
    exit_status = Exit.USAGE

    def __init__(self, raw: str, why: str) -> None:
        super().__init__(
            what="this is not a valid tag",
            where=repr(raw[:_SHOWN_CHARACTERS]),
            why=why,
            fix="start with a letter, go on with letters, digits, `_`, `-`, `.` or `:`",
        )
        self.raw = raw


@dataclass(frozen=True, slots=True, order=True)
class Label:
    """Name of an atom inside one set, such as ``my-atom``; NFKC, 1..128 UTF-8 bytes.

    Source: atom-spec/label.md; vectors in fixtures/label.
    """

    text: str

    def __post_init__(self) -> None:
        if why := _fault(self.text, "-"):
            raise InvalidLabel(self.text, why)

    # Labels are looked up by the hundred thousand: a text remembers its hash.
    def __hash__(self) -> int:
        return hash(self.text)

    @classmethod
    def typed(cls, raw: str) -> Label:
        """Normalise what a person typed, then validate it; files and refs are never rewritten."""
        return cls(_normalized(raw))


@dataclass(frozen=True, slots=True, order=True)
class Tag:
    """Name of a set in a manifest, or a word on an atom: a label that may hold ``.`` and ``:``."""

    text: str

    def __post_init__(self) -> None:
        why = _fault(self.text, "-.:")
        if not why and ".." in self.text:
            why = "it holds `..`"
        if why:
            raise InvalidTag(self.text, why)

    @classmethod
    def typed(cls, raw: str) -> Tag:
        """Normalise what a person typed, then validate it; files and refs are never rewritten."""
        return cls(_normalized(raw))


def case_fold(label: Label) -> str:
    """Return the form in which two labels that differ only in case are equal."""
    if label.text.isascii():
        return label.text.lower()
    from unicodedata import normalize  # noqa: PLC0415 - ASCII labels never need the tables

    folded = normalize("NFKC", label.text.casefold())
    return normalize("NFKC", folded.casefold())


def skeleton(label: Label) -> str:
    """Return the UTS #39 skeleton: labels that look alike have the same one."""
    from eka.atom.confusables import skeleton_of  # noqa: PLC0415 - only publishing needs the table

    return skeleton_of(label.text)


def _normalized(raw: str) -> str:
    if raw.isascii() or len(raw) > _MAX_TYPED_CHARACTERS or _unassigned(raw):
        return raw  # nothing to normalise, or refused by the constructor, which says why
    from unicodedata import normalize  # noqa: PLC0415 - ASCII labels never need the tables

    return normalize("NFKC", raw)


def _unassigned(text: str) -> list[str]:
    from eka.atom import unicode_tables  # noqa: PLC0415 - ASCII labels never need the tables

    return [character for character in text if not unicode_tables.is_assigned(character)]


def _fault(text: str, extra: str) -> str:
    """Say why ``text``, but for the signs in ``extra``, is not a name; empty when it is one."""
    if not text:
        return "it is empty"
    if len(text) > MAX_LABEL_BYTES or len(text.encode(errors="surrogatepass")) > MAX_LABEL_BYTES:
        return f"it is longer than {MAX_LABEL_BYTES} bytes"
    if text.isascii():
        letters = text.replace("_", "")
        for sign in extra:
            letters = letters.replace(sign, "")
        is_plain = text[0].isalpha() and letters.isalnum()
        return "" if is_plain else _character_fault(text, extra)
    from unicodedata import is_normalized  # noqa: PLC0415 - ASCII labels never need the tables

    if unassigned := _unassigned(text):
        return f"{_shown(unassigned)} is not assigned in Unicode 14.0.0"
    # Only now: for text assigned in 14.0.0 every later Python normalises alike.
    if not is_normalized("NFKC", text):
        return "it is not in NFKC form"
    return _character_fault(text, extra)


def _character_fault(text: str, extra: str) -> str:
    from eka.atom import unicode_tables  # noqa: PLC0415 - ASCII labels never need the tables

    if not unicode_tables.is_xid_start(text[0]):
        return f"it starts with {_shown(text[0])}, which is not a letter"
    wrong = [c for c in text[1:] if c not in extra and not unicode_tables.is_xid_continue(c)]
    return f"{_shown(wrong)} may not stand in it" if wrong else ""


def _shown(characters: list[str] | str) -> str:
    return ", ".join(f"{c!r} (U+{ord(c):04X})" for c in dict.fromkeys(characters))
