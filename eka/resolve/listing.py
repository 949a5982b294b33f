"""The versions of one atom as bits of an integer, and requirements as masks over them.

Bit *i* of a mask stands for the *i*-th version in ascending order, so a requirement is evaluated
once per atom, by bisection, and every later question is one operation on integers.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter
from typing import NamedTuple

from eka.atom import Operator
from eka.checking import TYPE_CHECKING
from eka.resolve.model import Bucket

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eka.atom import Comparator, Requirement, Version

_Key = tuple[object, ...]
# A key, or the beginning of one: shorter tuples come before longer ones that go on.
_Prefix = tuple[int, ...]
_sort_key = attrgetter("key")


def bucket_of(version: Version) -> Bucket:
    """Return the compatibility bucket of ``version``: its left-most number that is not 0."""
    if version.major:
        return Bucket(f"{version.major}")
    if version.minor:
        return Bucket(f"0.{version.minor}")
    return Bucket(f"0.0.{version.patch}")


class Slice(NamedTuple):
    """What a mask holds of one bucket: bit *i + 1* of ``states`` is version ``low + i``."""

    low: int
    high: int
    states: int


class Listing:
    """All versions of one atom, ascending; ``single``: they make one bucket."""

    def __init__(self, versions: Iterable[Version], *, single: bool = False) -> None:
        self.versions: Sequence[Version] = _ascending(versions)
        self.single = single
        self._keys: list[_Key] = [version.key for version in self.versions]
        self.every = (1 << len(self._keys)) - 1
        self._stable = self.every
        for at, version in enumerate(self.versions):
            if version.prerelease:
                self._stable ^= 1 << at
        self._masks: dict[str, int] = {}
        self._slices: dict[int, tuple[Slice, ...]] = {}

    def confined(self) -> Listing:
        """Return the same versions as one bucket."""
        made = Listing((), single=True)
        made.versions, made.every = self.versions, self.every
        made._keys, made._stable, made._masks = self._keys, self._stable, self._masks
        return made

    def mask(self, requirement: Requirement) -> int:
        """Return the bits of the versions that ``requirement`` accepts."""
        mask = self._masks.get(requirement.text)
        if mask is None:
            mask = self._masks[requirement.text] = self._evaluate(requirement)
        return mask

    def at(self, bit: int) -> Version:
        """Return the version that one bit stands for."""
        return self.versions[bit.bit_length() - 1]

    def bits(self, versions: Iterable[Version]) -> int:
        """Return the bits of those of ``versions`` that are listed."""
        bits = 0
        for version in versions:
            place = bisect_left(self._keys, version.key)
            if place < len(self._keys) and self._keys[place] == version.key:
                bits |= 1 << place
        return bits

    @property
    def is_confined(self) -> bool:
        """Whether versions that could stand side by side share one bucket here."""
        return self.single and len(set(map(bucket_of, self.versions))) > 1

    def bucket(self, low: int) -> Bucket:
        """Return the bucket that begins with version ``low``."""
        return Bucket("*") if self.single else bucket_of(self.versions[low])

    def slices(self, mask: int) -> tuple[Slice, ...]:
        """Return what ``mask`` holds of each bucket it touches, ascending."""
        slices = self._slices.get(mask)
        if slices is None:
            slices = self._slices[mask] = tuple(self._cut(mask))[::-1]
        return slices

    def _cut(self, mask: int) -> Iterable[Slice]:
        while mask:
            low, high = self._bounds(mask.bit_length() - 1)
            inside = mask >> low
            yield Slice(low, high, inside << 1)
            mask ^= inside << low

    def _bounds(self, at: int) -> tuple[int, int]:
        """Return where the bucket of one version begins and ends."""
        if self.single or len(self.versions) == 1:
            return 0, len(self.versions)
        version = self.versions[at]
        prefix: _Prefix
        if version.major:
            prefix = (version.major,)
        elif version.minor:
            prefix = (0, version.minor)
        else:
            prefix = (0, 0, version.patch)
        return bisect_left(self._keys, prefix), bisect_left(self._keys, _after(prefix))

    def _evaluate(self, requirement: Requirement) -> int:
        low, high = 0, len(self._keys)
        for comparator in requirement.comparators:
            if comparator.prerelease:
                return self._evaluate_named(requirement)
            first, end = _RANGES[comparator.operator](comparator)
            if first:
                low = max(low, bisect_left(self._keys, first))
            if end:
                high = min(high, bisect_left(self._keys, end))
        return (1 << high) - (1 << low) & self._stable if low < high else 0

    def _evaluate_named(self, requirement: Requirement) -> int:
        """Evaluate a requirement that names pre-releases, which others of its parts may refuse."""
        accepted, named = self.every, self._stable
        for comparator in requirement.comparators:
            accepted &= self._compare(comparator)
            if comparator.prerelease:
                release = comparator.floor[:3]
                named |= self._below(_after(release)) & ~self._below(release)
        return accepted & named

    def _below(self, high: _Key) -> int:
        return (1 << bisect_left(self._keys, high)) - 1

    def _compare(self, comparator: Comparator) -> int:
        """Return what one comparator accepts, pre-releases among it."""
        operator = comparator.operator
        if comparator.patch is None and operator is not Operator.CARET:
            return self._compare_partial(comparator)
        below = self._below(comparator.floor)
        up_to = (1 << bisect_right(self._keys, comparator.floor)) - 1
        match operator:
            case Operator.EXACT | Operator.WILDCARD:
                mask = up_to & ~below
            case Operator.GREATER:
                mask = self.every & ~up_to
            case Operator.GREATER_EQUAL:
                mask = self.every & ~below
            case Operator.LESS:
                mask = below
            case Operator.LESS_EQUAL:
                mask = up_to
            case Operator.TILDE:
                mask = self._below(_tilde(comparator)[1]) & ~below
            case _:  # Operator.CARET; what is not written stands for its lowest pre-release
                first, end = _caret(comparator)
                start = below if comparator.patch is not None else self._below(first)
                mask = self._below(end) & ~start
        return mask

    def _compare_partial(self, comparator: Comparator) -> int:
        """Compare where the patch number, or more, is left out: whole groups of versions."""
        below, through = self._below(comparator.given), self._below(_after(comparator.given))
        stable = through & ~below & self._stable
        match comparator.operator:
            case Operator.GREATER:
                mask = self.every & ~through
            case Operator.GREATER_EQUAL:
                mask = self.every & ~through | stable
            case Operator.LESS:
                mask = below
            case Operator.LESS_EQUAL:
                mask = below | stable
            case _:  # Operator.EXACT, WILDCARD, TILDE
                mask = stable
        return mask


def _ascending(versions: Iterable[Version]) -> Sequence[Version]:
    """Return versions in order, each once."""
    found = sorted(versions, key=_sort_key)
    if any(map(_is_same, found, found[1:])):
        found = list(dict.fromkeys(found))
    return found


def _is_same(one: Version, other: Version) -> bool:
    return one.text == other.text


def _after(prefix: _Prefix) -> _Prefix:
    """Return what comes after everything that begins with ``prefix``."""
    return *prefix[:-1], prefix[-1] + 1


# Where the stable versions that a comparator accepts begin and end; () is no bound.


def _exact(comparator: Comparator) -> tuple[_Prefix, _Prefix]:
    given = comparator.given
    return given, _after(given)


def _greater(comparator: Comparator) -> tuple[_Prefix, _Prefix]:
    return _after(comparator.given), ()


def _greater_or_equal(comparator: Comparator) -> tuple[_Prefix, _Prefix]:
    return comparator.given, ()


def _less(comparator: Comparator) -> tuple[_Prefix, _Prefix]:
    return (), comparator.given


def _less_or_equal(comparator: Comparator) -> tuple[_Prefix, _Prefix]:
    return (), _after(comparator.given)


def _tilde(comparator: Comparator) -> tuple[_Prefix, _Prefix]:
    given = comparator.given
    return given, _after(given[:2])


def _caret(comparator: Comparator) -> tuple[_Prefix, _Prefix]:
    major, minor, patch = comparator.major, comparator.minor, comparator.patch
    if minor is None:
        return (major,), (major + 1,)
    first = (major, minor) if patch is None else (major, minor, patch)
    if major:
        return first, (major + 1,)
    return first, (0, minor + 1) if minor or patch is None else (0, 0, patch + 1)


_RANGES = {
    Operator.EXACT: _exact,
    Operator.WILDCARD: _exact,
    Operator.GREATER: _greater,
    Operator.GREATER_EQUAL: _greater_or_equal,
    Operator.LESS: _less,
    Operator.LESS_EQUAL: _less_or_equal,
    Operator.TILDE: _tilde,
    Operator.CARET: _caret,
}
