"""Versions: SemVer 2 without build metadata, with the total order of its clause 11."""

from __future__ import annotations

from eka.errors import EkaError, Exit
from eka.lazy import pattern
from eka.values import dataclass, field

MAX_VERSION_CHARACTERS = 128
MAX_NUMBER = 2**64 - 1
_SHOWN_CHARACTERS = 140
_set = object.__setattr__

_NUMBER = r"(0|[1-9][0-9]*)"
_VERSION = pattern(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z.-]+))?(\+.*)?")
_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
PRERELEASE_IDENTIFIER = pattern(_IDENTIFIER)
# Numbers of up to 19 digits: what matches is valid, but for its length and its end.
_PARTS = 3  # major, minor, patch
_USUAL_DIGITS = 19
_SMALL = f"(0|[1-9][0-9]{{0,{_USUAL_DIGITS - 1}}})"
_USUAL = pattern(rf"{_SMALL}\.{_SMALL}\.{_SMALL}(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?")

PrereleaseKey = tuple[tuple[int, int, str], ...]
VersionKey = tuple[int, int, int, bool, PrereleaseKey]


class InvalidVersion(EkaError):
    """A text that cannot be the version of an atom."""

    code = "invalid-version"
    exit_status = Exit.USAGE

    def __init__(self, raw: str, why: str) -> None:
        super().__init__(
            what="this is not a valid version",
            where=repr(raw[:_SHOWN_CHARACTERS]),
            why=why,
            fix="write MAJOR.MINOR.PATCH, or with a pre-release such as `1.2.0-rc.1`",
        )
        self.raw = raw


@dataclass(frozen=True, slots=True)
class Version:
    """A version of an atom, such as ``1.2.0-rc.1``; ordered by SemVer precedence.

    Source: atom-spec/version.md; vectors in fixtures/version.
    """

    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...] = ()
    key: VersionKey = field(init=False, repr=False, compare=False)
    """Sort key: two versions are ordered as their keys are."""
    text: str = field(init=False, repr=False, compare=False)
    """The one way to write this version."""

    def __post_init__(self) -> None:
        core = f"{self.major}.{self.minor}.{self.patch}"
        text = f"{core}-{'.'.join(self.prerelease)}" if self.prerelease else core
        object.__setattr__(self, "text", text)
        if why := self._fault():
            raise InvalidVersion(self.text, why)
        key = (
            self.major,
            self.minor,
            self.patch,
            not self.prerelease,
            prerelease_key(self.prerelease),
        )
        object.__setattr__(self, "key", key)

    @classmethod
    def parse(cls, text: str) -> Version:
        """Return the version written as ``text``; raises InvalidVersion."""
        if len(text) > MAX_VERSION_CHARACTERS:
            raise InvalidVersion(text, f"it is longer than {MAX_VERSION_CHARACTERS} characters")
        # Listings hold versions by the hundred thousand, nearly all of which are usual.
        numbers = text.split(".")
        if len(numbers) == _PARTS and all(map(_is_number, numbers)):
            major, minor, patch = numbers
            return _checked(cls, text, major, minor, patch, None)
        match = _USUAL.fullmatch(text)
        if match is not None and not text.endswith(".lock"):
            return _checked(cls, text, *match.groups())
        match = _VERSION.fullmatch(text)
        if match is None:
            raise InvalidVersion(text, "it does not follow SemVer 2")
        major, minor, patch, prerelease, build = match.groups()
        if build is not None:
            why = f"it carries build metadata {build!r}: two builds would be one version"
            raise InvalidVersion(text, why)
        identifiers = tuple(prerelease.split(".")) if prerelease else ()
        return cls(int(major), int(minor), int(patch), identifiers)

    @property
    def is_prerelease(self) -> bool:
        """Whether it comes before its own release."""
        return bool(self.prerelease)

    # Versions are looked up and compared by the hundred thousand: a text remembers its hash.
    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, Version) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self.key < other.key if isinstance(other, Version) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.key <= other.key if isinstance(other, Version) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.key > other.key if isinstance(other, Version) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.key >= other.key if isinstance(other, Version) else NotImplemented

    def _fault(self) -> str:
        numbers = (self.major, self.minor, self.patch)
        if not all(0 <= number <= MAX_NUMBER for number in numbers):
            return f"a number is not within 0..{MAX_NUMBER}"
        for identifier in self.prerelease:
            if PRERELEASE_IDENTIFIER.fullmatch(identifier) is None:
                return f"{identifier!r} is not a pre-release identifier of SemVer 2"
        if self.prerelease[-1:] == ("lock",) and len(self.prerelease) > 1:
            return "git refuses a ref that ends in `.lock`"
        if len(self.text) > MAX_VERSION_CHARACTERS:
            return f"it is longer than {MAX_VERSION_CHARACTERS} characters"
        return ""


def _is_number(text: str) -> bool:
    """Whether ``text`` is a usual number; to compile a pattern takes as long as 500 of these."""
    return (
        text.isascii()
        and text.isdigit()
        and len(text) <= _USUAL_DIGITS
        and (text[0] != "0" or text == "0")
    )


def _checked(
    cls: type[Version], text: str, major: str, minor: str, patch: str, prerelease: str | None
) -> Version:
    """Return a version that was checked, past its constructor."""
    numbers = int(major), int(minor), int(patch)
    identifiers: tuple[str, ...] = ()
    tail: PrereleaseKey = ()
    if prerelease is not None:
        identifiers = tuple(prerelease.split("."))
        tail = prerelease_key(identifiers)
    version = object.__new__(cls)
    _set(version, "major", numbers[0])
    _set(version, "minor", numbers[1])
    _set(version, "patch", numbers[2])
    _set(version, "prerelease", identifiers)
    _set(version, "key", (*numbers, prerelease is None, tail))
    _set(version, "text", text)
    return version


def prerelease_key(identifiers: tuple[str, ...]) -> PrereleaseKey:
    """Return the sort key of pre-release identifiers: numbers before words, fewer before more."""
    # Without leading zeros the longer number is the larger; `int` would refuse very long ones.
    return tuple(
        (0, len(identifier), identifier) if identifier.isdecimal() else (1, 0, identifier)
        for identifier in identifiers
    )
