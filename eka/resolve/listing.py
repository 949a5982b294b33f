"""The versions of one atom as bits of an integer, and requirements as masks over them.

Bit *i* of a mask stands for the *i*-th version in ascending order, so a requirement is evaluated
once per atom, by bisection, and every later question is one operation on integers.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from eka.atom import Operator
from eka.resolve.model import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from eka.atom import Comparator, Requirement, Version

_Key = tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]
_Keys = list[_Key]


def bucket_of(version: Version) -> Bucket:
    """Return the compatibility bucket of ``version``: its left-most number that is not 0."""
    if version.major:
        return Bucket(f"{version.major}")
    if version.minor:
        return Bucket(f"0.{version.minor}")
    return Bucket(f"0.0.{version.patch}")


class Listing:
    """All versions of one atom, ascending, cut into buckets."""

    def __init__(self, versions: Iterable[Version], *, single: bool) -> None:
        by_key = {version.key: version for version in versions}
        self._keys: _Keys = sorted(by_key)
        self.versions: Sequence[Version] = [by_key[each] for each in self._keys]
        self.every = (1 << len(self._keys)) - 1
        self._stable = _mask_where(self.versions, lambda version: not version.prerelease)
        self._masks: dict[str, int] = {}
        self.starts: list[int] = []  # where each bucket begins; one more entry ends the last
        self.buckets: list[Bucket] = []
        self._bucket_index: list[int] = []
        self._cut(single=single)

    def mask(self, requirement: Requirement) -> int:
        """Return the bits of the versions that ``requirement`` accepts."""
        mask = self._masks.get(requirement.text)
        if mask is None:
            mask = self._evaluate(requirement)
            self._masks[requirement.text] = mask
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
        return len(self.buckets) == 1 and len(set(map(bucket_of, self.versions))) > 1

    def touched(self, mask: int) -> list[int]:
        """Return the indices of the buckets that hold a bit of ``mask``, ascending."""
        found: list[int] = []
        while mask:
            index = self._bucket_index[mask.bit_length() - 1]
            found.append(index)
            mask &= (1 << self.starts[index]) - 1
        return found[::-1]

    def _cut(self, *, single: bool) -> None:
        for at, version in enumerate(self.versions):
            bucket = Bucket("*") if single else bucket_of(version)
            if not self.buckets or self.buckets[-1] != bucket:
                self.buckets.append(bucket)
                self.starts.append(at)
            self._bucket_index.append(len(self.buckets) - 1)
        self.starts.append(len(self.versions))

    def _evaluate(self, requirement: Requirement) -> int:
        accepted, named = self.every, self._stable
        for comparator in requirement.comparators:
            accepted &= self._compare(comparator)
            if comparator.prerelease:
                low, high = map(self._below, _release(comparator))
                named |= high & ~low
        return accepted & named

    def _below(self, high: _Key) -> int:
        return (1 << bisect_left(self._keys, high)) - 1

    def _up_to(self, high: _Key) -> int:
        return (1 << bisect_right(self._keys, high)) - 1

    def _compare(self, comparator: Comparator) -> int:
        if comparator.patch is None:
            return self._compare_partial(comparator)
        below, up_to = self._below(comparator.floor), self._up_to(comparator.floor)
        match comparator.operator:
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
                mask = self._below(_group(comparator)[1]) & ~below
            case _:  # Operator.CARET
                mask = self._below(_caret_end(comparator)) & ~below
        return mask

    def _compare_partial(self, comparator: Comparator) -> int:
        """Compare where the patch number, or more, is left out: whole groups of versions."""
        below, through = map(self._below, _group(comparator))
        stable = through & ~below & self._stable
        match comparator.operator:
            case Operator.EXACT | Operator.WILDCARD | Operator.TILDE:
                mask = stable
            case Operator.GREATER:
                mask = self.every & ~through
            case Operator.GREATER_EQUAL:
                mask = self.every & ~through | stable
            case Operator.LESS:
                mask = below
            case Operator.LESS_EQUAL:
                mask = below | stable
            case _:  # Operator.CARET
                mask = self._below(_caret_end(comparator)) & ~below
        return mask


def _mask_where(versions: Sequence[Version], accepts: Callable[[Version], bool]) -> int:
    mask = 0
    for at, version in enumerate(versions):
        if accepts(version):
            mask |= 1 << at
    return mask


def _lowest(major: int, minor: int, patch: int) -> _Key:
    """Return the key before every pre-release of one release."""
    return (major, minor, patch, False, ())


def _group(comparator: Comparator) -> tuple[_Key, _Key]:
    """Return the keys around all versions that begin with the first two numbers given."""
    major, minor = comparator.major, comparator.minor
    if minor is None:
        return _lowest(major, 0, 0), _lowest(major + 1, 0, 0)
    return _lowest(major, minor, 0), _lowest(major, minor + 1, 0)


def _release(comparator: Comparator) -> tuple[_Key, _Key]:
    """Return the keys around one release and its pre-releases."""
    major, minor, patch = comparator.major, comparator.minor or 0, comparator.patch or 0
    return _lowest(major, minor, patch), _lowest(major, minor, patch + 1)


def _caret_end(comparator: Comparator) -> _Key:
    """Return the key after all versions compatible with the one given."""
    if comparator.major or comparator.minor is None:
        return _lowest(comparator.major + 1, 0, 0)
    if comparator.minor or comparator.patch is None:
        return _group(comparator)[1]
    return _release(comparator)[1]
