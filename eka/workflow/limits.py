"""How far the versions of a lock may go when some of it is chosen anew.

Source: atom-spec/changes.md [change-update-others], [change-update-reach], [change-precise].
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from eka.resolve import Unavailable, bucket_of
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import Version
    from eka.resolve import Dependencies, Provider, Request, ResolveKey
    from eka.workflow.chooser import Versions


class Reach(StrEnum):
    """Which numbers of a version may change; those before them stay."""

    MINOR = "minor"
    PATCH = "patch"

    def kept(self, version: Version) -> tuple[int, ...]:
        """Return the numbers that stay."""
        return (version.major, version.minor)[: 1 if self is Reach.MINOR else 2]


@dataclass(frozen=True, slots=True)
class Limits:
    """Which versions may not be chosen, because of a lock and of what a person asked for.

    Attributes:
        held: Locked versions that stay: no other one of their buckets may be chosen.
        near: Locked versions from which ``reach`` is measured.
        reach: How far they may go; None: as far as they like.
        exact: Atoms of which these versions alone may be chosen.
    """

    held: Versions = field(default_factory=dict["ResolveKey", "tuple[Version, ...]"])
    near: Versions = field(default_factory=dict["ResolveKey", "tuple[Version, ...]"])
    reach: Reach | None = None
    exact: Versions = field(default_factory=dict["ResolveKey", "tuple[Version, ...]"])

    def refusal(self, request: Request) -> Unavailable | None:
        """Return why a version may not be chosen, None when it may."""
        key, version = request
        exact = self.exact.get(key)
        if exact is not None and version not in exact:
            return Unavailable(f"only {_listed(exact)} was asked for")
        held = self.held.get(key, ())
        if version not in held:
            beside = [each for each in held if bucket_of(each) == bucket_of(version)]
            if beside:
                return Unavailable(f"atom.lock holds it at {_listed(beside)}")
        return self._too_far(key, version)

    def _too_far(self, key: ResolveKey, version: Version) -> Unavailable | None:
        near, reach = self.near.get(key, ()), self.reach
        if reach is None or not near:
            return None
        if any(reach.kept(each) == reach.kept(version) for each in near):
            return None
        return Unavailable(f"--{reach.value} keeps it near {_listed(near)}")


class LimitedProvider:
    """Implements `eka.resolve.Provider`: another one, with limits."""

    def __init__(self, inner: Provider, limits: Limits) -> None:
        self._inner = inner
        self._limits = limits

    def versions(
        self, keys: Sequence[ResolveKey]
    ) -> Mapping[ResolveKey, Sequence[Version] | Unavailable]:
        """Return every version there is: explanations must not hide any."""
        return self._inner.versions(keys)

    def dependencies(
        self, requests: Sequence[Request]
    ) -> Mapping[Request, Dependencies | Unavailable]:
        """Return what versions need, and why others may not be chosen."""
        found: dict[Request, Dependencies | Unavailable] = {}
        allowed: list[Request] = []
        for request in requests:
            refusal = self._limits.refusal(request)
            if refusal is None:
                allowed.append(request)
            else:
                found[request] = refusal
        return {**found, **self._inner.dependencies(allowed)}


def _listed(versions: Sequence[Version]) -> str:
    return " and ".join(each.text for each in sorted(versions))
