"""A world of which only the facts of an explanation are true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.resolve import Dependencies, Unavailable, Unsatisfiable, drive, solve

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from eka.atom import Version
    from eka.resolve import Leaf, Provider, Request, ResolveKey


class OnlyFacts:
    """Implements `eka.resolve.Provider`: lists what another lists, and needs what leaves say."""

    def __init__(self, provider: Provider, leaves: Sequence[Leaf]) -> None:
        self._provider = provider
        self._facts: dict[Request, list[Leaf]] = {}
        for leaf in leaves:
            if leaf.owner is not None:
                self._facts.setdefault(leaf.owner, []).append(leaf)

    def versions(
        self, keys: Sequence[ResolveKey]
    ) -> Mapping[ResolveKey, Sequence[Version] | Unavailable]:
        return self._provider.versions(keys)

    def dependencies(
        self, requests: Sequence[Request]
    ) -> Mapping[Request, Dependencies | Unavailable]:
        return {request: _needs(self._facts.get(request, ())) for request in requests}


def is_contradiction(
    provider: Provider, leaves: Sequence[Leaf], single: Collection[ResolveKey] = ()
) -> bool:
    """Whether facts cannot all be met."""
    root = [leaf.wanted for leaf in leaves if leaf.owner is None and leaf.wanted]
    try:
        drive(solve(root, single=single), OnlyFacts(provider, leaves))
    except Unsatisfiable:
        return True
    return False


def not_needed(
    provider: Provider, leaves: Sequence[Leaf], single: Collection[ResolveKey] = ()
) -> list[Leaf]:
    """Return the leaves without which the others still contradict each other."""
    return [
        leaf
        for leaf in leaves
        if is_contradiction(provider, [each for each in leaves if each is not leaf], single)
    ]


def _needs(facts: Sequence[Leaf]) -> Dependencies | Unavailable:
    for leaf in facts:
        if leaf.kind == "unusable":
            return Unavailable(leaf.reason, leaf.cause or "unusable")
    wanted = tuple(leaf.wanted for leaf in facts if leaf.wanted)
    return Dependencies(wanted, single=any(leaf.kind == "single" for leaf in facts))
