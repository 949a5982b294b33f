"""Requirements: which versions are acceptable, with Cargo's grammar and meaning.

Source: atom-spec/version.md [requirement-grammar] and after; vectors in fixtures/requirement.
"""

from __future__ import annotations

from enum import StrEnum

from eka.atom.version import MAX_NUMBER, PRERELEASE_IDENTIFIER, prerelease_key
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.lazy import pattern
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable

    from eka.atom.version import Version, VersionKey

MAX_COMPARATORS = 32
MAX_REQUIREMENT_CHARACTERS = 4096
_SHOWN_CHARACTERS = 140
_set = object.__setattr__
_SAFE_DIGITS = 19  # any number of so many digits is below the limit

# Operator, major, minor, patch, pre-release, build.
_COMPARATOR = pattern(
    r"(>=|<=|[=><~^])? *"
    r"(0|[1-9][0-9]*)"
    r"(?:\.(0|[1-9][0-9]*|[*xX])"
    r"(?:\.(0|[1-9][0-9]*|[*xX])"
    r"(?:-([0-9A-Za-z.-]+))?"
    r"(?:\+([0-9A-Za-z.-]+))?"
    r")?)? *"
)
_WILDCARDS = frozenset("*xX")


class InvalidRequirement(EkaError):
    """A text that cannot be a version requirement."""

    code = "invalid-requirement"
    exit_status = Exit.USAGE

    def __init__(self, raw: str, why: str) -> None:
        super().__init__(
            what="this is not a valid version requirement",
            where=repr(raw[:_SHOWN_CHARACTERS]),
            why=why,
            fix="write for example `^1.2`, `~1.2.3`, `=1.2.3`, `>=1.2, <3`, `1.*` or `*`",
        )
        self.raw = raw


class Operator(StrEnum):
    """How a comparator compares."""

    EXACT = "="
    GREATER = ">"
    GREATER_EQUAL = ">="
    LESS = "<"
    LESS_EQUAL = "<="
    TILDE = "~"
    CARET = "^"
    WILDCARD = "*"


_OPERATORS: dict[str | None, Operator] = {
    None: Operator.CARET,
    **{each.value: each for each in Operator if each is not Operator.WILDCARD},
}


@dataclass(frozen=True, slots=True)
class Comparator:
    """One comparison, such as ``>=1.2``; parts not written are None. Made by `Requirement`."""

    operator: Operator
    major: int
    minor: int | None = None
    patch: int | None = None
    prerelease: tuple[str, ...] = ()
    floor: VersionKey = field(init=False, repr=False, compare=False)
    """Key of the version written, missing numbers taken for zero."""

    def __post_init__(self) -> None:
        tail = (not self.prerelease, prerelease_key(self.prerelease))
        _set(self, "floor", (self.major, self.minor or 0, self.patch or 0, *tail))

    @property
    def given(self) -> tuple[int, ...]:
        """The numbers that are written, one to three."""
        if self.minor is None:
            return (self.major,)
        if self.patch is None:
            return self.major, self.minor
        return self.major, self.minor, self.patch

    def matches(self, version: Version) -> bool:
        """Whether ``version`` satisfies it, the pre-release rule of the requirement left aside."""
        return _TESTS[self.operator](self, version)

    def names(self, version: Version) -> bool:
        """Whether it names a pre-release of the very release ``version`` belongs to."""
        release = (version.major, version.minor, version.patch)
        return bool(self.prerelease) and self.given == release


@dataclass(frozen=True, slots=True)
class Requirement:
    """Which versions are acceptable, such as ``^1.2``; kept as it was written."""

    text: str
    comparators: tuple[Comparator, ...] = field(init=False, repr=False, compare=False)
    """The comparisons that must all hold; none for ``*``."""

    def __post_init__(self) -> None:
        _set(self, "comparators", _parse(self.text))

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Return the requirement written as ``text``; raises InvalidRequirement."""
        return cls(text)

    def matches(self, version: Version) -> bool:
        """Whether ``version`` is acceptable; a pre-release only where its release is named."""
        if not all(comparator.matches(version) for comparator in self.comparators):
            return False
        return not version.prerelease or any(each.names(version) for each in self.comparators)


def _order(comparator: Comparator, version: Version) -> int:
    """Return -1, 0 or 1: whether ``version`` comes before, within or after the given numbers."""
    given = comparator.given
    numbers = (version.major, version.minor, version.patch)[: len(given)]
    return (numbers > given) - (numbers < given)


def _is_equal(comparator: Comparator, version: Version) -> bool:
    return _order(comparator, version) == 0 and version.prerelease == comparator.prerelease


def _is_greater(comparator: Comparator, version: Version) -> bool:
    if order := _order(comparator, version):
        return order > 0
    return comparator.patch is not None and version.key > comparator.floor


def _is_less(comparator: Comparator, version: Version) -> bool:
    if order := _order(comparator, version):
        return order < 0
    return comparator.patch is not None and version.key < comparator.floor


def _is_greater_or_equal(comparator: Comparator, version: Version) -> bool:
    return _is_equal(comparator, version) or _is_greater(comparator, version)


def _is_less_or_equal(comparator: Comparator, version: Version) -> bool:
    return _is_equal(comparator, version) or _is_less(comparator, version)


def _is_within_tilde(comparator: Comparator, version: Version) -> bool:
    fixed = comparator.given[:2]
    if (version.major, version.minor)[: len(fixed)] != fixed:
        return False
    if comparator.patch is None:
        return not version.prerelease
    return version.key >= comparator.floor


def _is_within_caret(comparator: Comparator, version: Version) -> bool:
    major, minor, patch = comparator.major, comparator.minor, comparator.patch
    if version.major != major:
        return False
    if minor is None:
        return True
    if patch is None:
        return version.minor >= minor if major else version.minor == minor
    if not major and version.minor != minor:
        return False
    if not major and not minor and version.patch != patch:
        return False
    return version.key >= comparator.floor


_TESTS: dict[Operator, Callable[[Comparator, Version], bool]] = {
    Operator.EXACT: _is_equal,
    Operator.WILDCARD: _is_equal,
    Operator.GREATER: _is_greater,
    Operator.GREATER_EQUAL: _is_greater_or_equal,
    Operator.LESS: _is_less,
    Operator.LESS_EQUAL: _is_less_or_equal,
    Operator.TILDE: _is_within_tilde,
    Operator.CARET: _is_within_caret,
}


def _parse(text: str) -> tuple[Comparator, ...]:
    if len(text) > MAX_REQUIREMENT_CHARACTERS:
        why = f"it is longer than {MAX_REQUIREMENT_CHARACTERS} characters"
        raise InvalidRequirement(text, why)
    stripped = text.strip(" ")
    if not stripped:
        raise InvalidRequirement(text, "it is empty")
    if stripped in _WILDCARDS:
        return ()
    parts = stripped.split(",")
    if len(parts) > MAX_COMPARATORS:
        raise InvalidRequirement(text, f"it has more than {MAX_COMPARATORS} comparators")
    return tuple([_comparator(part.lstrip(" "), text) for part in parts])


def _comparator(part: str, text: str) -> Comparator:
    match = _COMPARATOR.fullmatch(part)
    if match is None:
        raise InvalidRequirement(text, _syntax_fault(part))
    sign, first, second, third, prerelease, build = match.groups()
    major, minor, patch = _number(first, text), _number(second, text), _number(third, text)
    operator = _OPERATORS[sign]
    if minor is None or patch is None:
        if patch is not None:
            raise InvalidRequirement(text, f"{_shown(part)} has a number after a wildcard")
        if prerelease or build:
            raise InvalidRequirement(text, f"{_shown(part)} has more after a wildcard")
        if sign is None and (second in _WILDCARDS or third in _WILDCARDS):
            operator = Operator.WILDCARD
    if build is not None and "" in build.split("."):
        raise InvalidRequirement(text, f"{_shown(part)} has an empty build identifier")
    identifiers = _identifiers(prerelease, text) if prerelease else ()
    return Comparator(operator, major or 0, minor, patch, identifiers)


def _syntax_fault(part: str) -> str:
    if not part:
        return "a comma is not between two comparators"
    if part.rstrip(" ") in _WILDCARDS:
        return f"{_shown(part)} must stand alone"
    return f"{_shown(part)} is not a comparator"


def _number(digits: str | None, text: str) -> int | None:
    if digits is None or digits in _WILDCARDS:
        return None
    if len(digits) <= _SAFE_DIGITS:
        return int(digits)
    if len(digits) > _SAFE_DIGITS + 1 or int(digits) > MAX_NUMBER:
        raise InvalidRequirement(text, f"a number is larger than {MAX_NUMBER}")
    return int(digits)


def _identifiers(prerelease: str, text: str) -> tuple[str, ...]:
    identifiers = tuple(prerelease.split("."))
    for identifier in identifiers:
        if PRERELEASE_IDENTIFIER.fullmatch(identifier) is None:
            raise InvalidRequirement(text, f"{_shown(identifier)} is not a pre-release identifier")
    return identifiers


def _shown(part: str) -> str:
    return repr(part[:_SHOWN_CHARACTERS])


ANY = Requirement("*")
"""Every version that is not a pre-release."""
