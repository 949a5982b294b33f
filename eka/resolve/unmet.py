"""Why no version of an atom meets a requirement."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import Requirement, Version
    from eka.resolve.model import Cause


def why_unmet(versions: Sequence[Version], requirement: Requirement) -> tuple[str, Cause]:
    """Return why none of ``versions``, ascending, meets a requirement, as a clause and a cause."""
    if not versions:
        return "no version is published", "missing"
    early = [each for each in versions if each.prerelease and _is_within(requirement, each)]
    if early:
        return f"only pre-releases match, the newest is {early[-1].text}", "prerelease"
    newest = versions[-1]
    stable = [each for each in versions if not each.prerelease]
    if newest.prerelease and stable:
        return (
            f"no version matches, the newest are {stable[-1].text} and {newest.text}",
            "unmatched",
        )
    return f"no version matches, the newest is {newest.text}", "unmatched"


def _is_within(requirement: Requirement, version: Version) -> bool:
    """Whether a pre-release would be accepted if requirements did not have to name it."""
    return all(comparator.matches(version) for comparator in requirement.comparators)
