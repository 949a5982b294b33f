"""Requirements: which versions are acceptable, with Cargo's grammar and meaning.

Source: atom-spec/version.md [requirement-grammar] and after; vectors in fixtures/requirement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from eka.atom.version import MAX_NUMBER, Version, VersionKey, prerelease_key
from eka.errors import EkaError, Exit

MAX_COMPARATORS = 32
MAX_REQUIREMENT_CHARACTERS = 4096
_SHOWN_CHARACTERS = 140

_PART = r"(?P<{}>0|[1-9][0-9]*|[*xX])"
_COMPARATOR = re.compile(
    r"(?P<operator>>=|<=|[=><~^])? *"
    r"(?P<major>0|[1-9][0-9]*)"
    rf"(?:\.{_PART.format('minor')}(?:\.{_PART.format('patch')}"
    r"(?:-(?P<prerelease>[0-9A-Za-z.-]+))?(?:\+(?P<build>[0-9A-Za-z.-]+))?)?)? *",
    re.ASCII,
)
_IDENTIFIER = re.compile(r"0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*", re.ASCII)
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


@dataclass(frozen=True, slots=True)
class Comparator:
    """One comparison, such as ``>=1.2``; missing parts are None."""

    operator: Operator
    major: int
    minor: int | None = None
    patch: int | None = None
    prerelease: tuple[str, ...] = ()

    def matches(self, version: Version) -> bool:
        """Whether ``version`` satisfies it, the pre-release rule of the requirement left aside."""
        match self.operator:
            case Operator.EXACT | Operator.WILDCARD:
                return self._equal(version)
            case Operator.GREATER:
                return self._greater(version)
            case Operator.GREATER_EQUAL:
                return self._equal(version) or self._greater(version)
            case Operator.LESS:
                return self._less(version)
            case Operator.LESS_EQUAL:
                return self._equal(version) or self._less(version)
            case Operator.TILDE:
                return self._tilde(version)
            case Operator.CARET:
                return self._caret(version)

    def names(self, version: Version) -> bool:
        """Whether it names a pre-release of the very release ``version`` belongs to."""
        return bool(self.prerelease) and (self.major, self.minor, self.patch) == (
            version.major,
            version.minor,
            version.patch,
        )

    def _given(self) -> tuple[int, ...]:
        given = (self.major, self.minor, self.patch)
        return tuple(part for part in given if part is not None)

    def _order(self, version: Version) -> int:
        """Compare only the parts that are given: -1, 0 or 1 for version before, in, after."""
        given = self._given()
        theirs = (version.major, version.minor, version.patch)[: len(given)]
        return (theirs > given) - (theirs < given)

    def _equal(self, version: Version) -> bool:
        return self._order(version) == 0 and version.prerelease == self.prerelease

    def _greater(self, version: Version) -> bool:
        if order := self._order(version):
            return order > 0
        return self.patch is not None and version.key > self._key()

    def _less(self, version: Version) -> bool:
        if order := self._order(version):
            return order < 0
        return self.patch is not None and version.key < self._key()

    def _key(self) -> VersionKey:
        return (
            self.major,
            self.minor or 0,
            self.patch or 0,
            not self.prerelease,
            prerelease_key(self.prerelease),
        )

    def _tilde(self, version: Version) -> bool:
        fixed = self._given()[:2]
        if (version.major, version.minor)[: len(fixed)] != fixed:
            return False
        if self.patch is None:
            return not version.prerelease
        return version.key >= self._key()

    def _caret(self, version: Version) -> bool:
        if version.major != self.major:
            return False
        if self.minor is None:
            return True
        if self.patch is None:
            return version.minor >= self.minor if self.major else version.minor == self.minor
        if self.major == 0:
            if version.minor != self.minor:
                return False
            if self.minor == 0 and version.patch != self.patch:
                return False
        return version.key >= self._key()


@dataclass(frozen=True, slots=True)
class Requirement:
    """Which versions are acceptable, such as ``^1.2``; kept as it was written."""

    text: str
    comparators: tuple[Comparator, ...] = field(init=False, repr=False, compare=False)
    """The comparisons that must all hold; none for ``*``."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "comparators", _parse(self.text))

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Return the requirement written as ``text``; raises InvalidRequirement."""
        return cls(text)

    def matches(self, version: Version) -> bool:
        """Whether ``version`` is acceptable; a pre-release only where one of its release is named."""
        if not all(comparator.matches(version) for comparator in self.comparators):
            return False
        return not version.prerelease or any(each.names(version) for each in self.comparators)


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
    return tuple(_comparator(part.lstrip(" "), text) for part in parts)


def _comparator(part: str, text: str) -> Comparator:
    match = _COMPARATOR.fullmatch(part)
    if match is None:
        raise InvalidRequirement(text, _syntax_fault(part))
    operator = Operator(match["operator"]) if match["operator"] else Operator.CARET
    if not match["operator"] and _WILDCARDS & {match["minor"], match["patch"]}:
        operator = Operator.WILDCARD
    minor, patch = _number(match["minor"], text), _number(match["patch"], text)
    if minor is None and patch is not None:
        raise InvalidRequirement(text, f"`{part}` has a number after a wildcard")
    if patch is None and (match["prerelease"] or match["build"]):
        raise InvalidRequirement(text, f"`{part}` has more after a wildcard")
    major = _number(match["major"], text) or 0
    prerelease = _identifiers(match["prerelease"], text)
    _check_build(match["build"], text)
    return Comparator(operator, major, minor, patch, prerelease)


def _syntax_fault(part: str) -> str:
    if not part:
        return "a comma is not followed by a comparator"
    if part.strip(" ") in _WILDCARDS:
        return f"`{part}` must stand alone"
    return f"`{part}` is not a comparator"


def _number(digits: str | None, text: str) -> int | None:
    if digits is None or digits in _WILDCARDS:
        return None
    if len(digits) > len(str(MAX_NUMBER)) or int(digits) > MAX_NUMBER:
        raise InvalidRequirement(text, f"a number is larger than {MAX_NUMBER}")
    return int(digits)


def _identifiers(prerelease: str | None, text: str) -> tuple[str, ...]:
    identifiers = tuple(prerelease.split(".")) if prerelease else ()
    for identifier in identifiers:
        if _IDENTIFIER.fullmatch(identifier) is None:
            raise InvalidRequirement(text, f"`{identifier}` is not a pre-release identifier")
    return identifiers


def _check_build(build: str | None, text: str) -> None:
    if build is not None and "" in build.split("."):
        raise InvalidRequirement(text, f"`+{build}` has an empty identifier")


ANY = Requirement("*")
"""Every version that is not a pre-release."""
