"""The next version, requirements that follow it, and locks that follow both; pure.

Source: atom-spec/publishing.md [bump-version], [bump-requirement], [bump-lock].
"""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum

from eka.atom.requirement import InvalidRequirement, Operator, Requirement
from eka.atom.version import Version
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom.label import Label
    from eka.atom.lock_model import AtomKey, Lock, LockedDirect
    from eka.atom.requirement import Comparator

_NUMBERS = re.compile(r"\d+(?:\.\d+)*(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_LOWER = frozenset({Operator.GREATER_EQUAL})
_FOLLOWING = frozenset(
    {Operator.CARET, Operator.TILDE, Operator.EXACT, Operator.GREATER_EQUAL, Operator.WILDCARD}
)


class VersionPart(StrEnum):
    """Which number of a version goes up."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"


def next_version(version: Version, part: VersionPart) -> Version:
    """Return the version after ``version``; one that a pre-release leads to is its release.

    ``minor`` of 1.3.0-rc.1 is 1.3.0, of 1.3.1-rc.1 it is 1.4.0.
    """
    major, minor, patch = version.major, version.minor, version.patch
    if part is VersionPart.PATCH:
        return Version(major, minor, patch if version.is_prerelease else patch + 1)
    if part is VersionPart.MINOR:
        is_led_to = version.is_prerelease and patch == 0
        return Version(major, minor if is_led_to else minor + 1, 0)
    is_led_to = version.is_prerelease and (minor, patch) == (0, 0)
    return Version(major if is_led_to else major + 1, 0, 0)


def next_in_kind(version: Version, part: VersionPart) -> Version:
    """Return the version after ``version`` where nobody said that it is to be released.

    A pre-release stays one: after 1.0.0-rc.1 comes 1.0.0-rc.2, after 1.0.0-rc 1.0.0-rc.1.
    """
    if not version.is_prerelease:
        return next_version(version, part)
    *words, last = version.prerelease
    following = (*words, str(int(last) + 1)) if last.isdecimal() else (*words, last, "1")
    return Version(version.major, version.minor, version.patch, following)


def followed_requirement(requirement: Requirement, version: Version) -> Requirement | None:
    """Return a requirement that accepts ``version``, written in the style of ``requirement``.

    Operators, spaces and the count of numbers stay: ``~1.2`` becomes ``~2.0``, ``>=1.2, <2``
    becomes ``>=2.0, <3``. Where a pre-release must be named the version is written whole.

    Returns:
        None where no requirement of this style accepts it, such as ``<2`` for 2.0.0.
    """
    if requirement.matches(version):
        return requirement
    for is_whole in (False, True):
        text = _followed(requirement, version, is_whole=is_whole)
        try:
            found = None if text is None else Requirement(text)
        except InvalidRequirement:
            continue
        if found is not None and found.matches(version):
            return found
    return None


def lock_with_versions(
    lock: Lock, versions: Mapping[Label, Version], requirements: str
) -> Lock | None:
    """Return a lock with the atoms of the own set in other versions.

    Args:
        lock: The lock of a project.
        versions: The version of every atom of the set.
        requirements: The digest of what the project's manifest asks for.

    Returns:
        None where the set has no such atom any more.
    """
    keys: dict[AtomKey, AtomKey] = {}
    for atom in lock.atoms:
        if atom.is_own:
            version = versions.get(atom.key.label)
            if version is None:
                return None
            keys[atom.key] = replace(atom.key, version=version)
    atoms = [
        replace(
            atom, key=keys.get(atom.key, atom.key), requires=_each_renamed(atom.requires, keys)
        )
        for atom in lock.atoms
    ]
    direct = [
        pin if pin.owner is None else pin.owned_by(keys.get(pin.owner, pin.owner))
        for pin in lock.direct
    ]
    return replace(
        lock,
        requirements=requirements,
        atoms=tuple(sorted(atoms, key=lambda atom: atom.key)),
        direct=tuple(sorted(direct, key=_direct_order)),
        requires=_each_renamed(lock.requires, keys),
    )


def _each_renamed(
    requires: tuple[AtomKey, ...], keys: Mapping[AtomKey, AtomKey]
) -> tuple[AtomKey, ...]:
    return tuple(sorted(keys.get(key, key) for key in requires))


def _direct_order(pin: LockedDirect) -> tuple[str, str, str, str]:
    return (pin.owner.text if pin.owner else "", pin.kind, pin.name, pin.system)


def _followed(requirement: Requirement, version: Version, *, is_whole: bool) -> str | None:
    """Return the text of ``requirement`` with the numbers of ``version`` in it."""
    comparators = requirement.comparators
    if not comparators:  # `*` has no numbers
        return f"^{version.text}" if is_whole else None
    parts = requirement.text.split(",")
    if len(comparators) == 1:
        is_followed = comparators[0].operator in _FOLLOWING
        return (
            _with_lower(parts[0], comparators[0], version, is_whole=is_whole)
            if is_followed
            else None
        )
    lower = [each.operator in _LOWER for each in comparators]
    upper = [each.operator in {Operator.LESS, Operator.LESS_EQUAL} for each in comparators]
    if (sum(lower), sum(upper), len(comparators)) != (1, 1, 2):
        return None
    return ",".join(
        _with_lower(part, each, version, is_whole=is_whole)
        if each.operator in _LOWER
        else _with_upper(part, each, version)
        for part, each in zip(parts, comparators, strict=True)
    )


def _with_lower(part: str, comparator: Comparator, version: Version, *, is_whole: bool) -> str:
    numbers = (version.major, version.minor, version.patch)[: len(comparator.given)]
    text = version.text if is_whole else ".".join(map(str, numbers))
    match = _NUMBERS.search(part)
    if match is None:  # pragma: no cover - each comparator has a number
        raise AssertionError(part)
    tail = "" if is_whole else part[match.end() :]
    return part[: match.start()] + text + tail


def _with_upper(part: str, comparator: Comparator, version: Version) -> str:
    """Return an upper bound that is as far from ``version`` as its last number says."""
    given = comparator.given
    place = max((at for at, number in enumerate(given) if number), default=0)
    numbers = [version.major, version.minor, version.patch][: place + 1]
    if comparator.operator is Operator.LESS:
        numbers[-1] += 1
    numbers += [0] * (len(given) - len(numbers))
    return _NUMBERS.sub(".".join(map(str, numbers)), part, count=1)
