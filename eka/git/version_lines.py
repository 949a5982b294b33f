"""Which published versions speak against publishing a lower one; pure.

Source: atom-spec/publishing.md [publish-forward].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eka.atom import Version


def overtaken_by(version: Version, published: Iterable[Version]) -> Version | None:
    """Return the newest published version that ``version`` would come after too late.

    None where it goes forward in its line, begins a new one, or continues an older minor.
    """
    others = list(published)
    against = [other for other in others if other > version and _speaks(other, version)]
    if not against:
        return None
    same_minor = [other for other in others if _minor(other) == _minor(version)]
    is_begun = any(other < version for other in same_minor)
    if is_begun and not any(_minor(other) == _minor(version) for other in against):
        return None
    return max(against)


def _speaks(higher: Version, version: Version) -> bool:
    """Return whether ``higher`` is a reason not to publish ``version`` any more."""
    if higher.is_prerelease and _release(higher) != _release(version):
        return False
    return _is_compatible(higher, version) or _minor(higher) == _minor(version)


def _is_compatible(one: Version, other: Version) -> bool:
    """Return whether two versions are in one bucket; those of 0.0 have one minor anyway."""
    if one.major or other.major:
        return one.major == other.major
    return one.minor == other.minor


def _minor(version: Version) -> tuple[int, int]:
    return version.major, version.minor


def _release(version: Version) -> tuple[int, int, int]:
    return version.major, version.minor, version.patch
