"""What a chooser of versions works with, over a world in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.atom import Dependency
from eka.resolve import Unavailable, drive, solve
from eka.workflow.chooser import Run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.resolve import Dependencies, Provider, Request, Solution, Wanted
    from eka.workflow.chooser import Versions

SET_NAME = "core"


class Yanked:
    """Implements `eka.resolve.Provider`: another one, of which some versions are yanked."""

    def __init__(self, inner: Provider, yanked: Sequence[Request]) -> None:
        self.inner = inner
        self.yanked = frozenset(yanked)
        self.kept: Versions = {}
        self.versions = inner.versions

    def refusal(self, request: Request) -> Unavailable | None:
        """Return why a version may not be chosen; one that is kept may."""
        key, version = request
        is_refused = request in self.yanked and version not in self.kept.get(key, ())
        return Unavailable("it is yanked") if is_refused else None

    def keep(self, kept: Versions) -> None:
        self.kept = kept

    def dependencies(
        self, requests: Sequence[Request]
    ) -> Mapping[Request, Dependencies | Unavailable]:
        refused = {each: self.refusal(each) for each in requests}
        found: dict[Request, Dependencies | Unavailable] = {
            each: refusal for each, refusal in refused.items() if refusal is not None
        }
        return {
            **found,
            **self.inner.dependencies([each for each in requests if each not in found]),
        }


def run_of(
    provider: Provider,
    wanted: Sequence[Wanted],
    preferred: Versions,
    yanked: Sequence[Request] = (),
) -> Run:
    """Return a run over a world; all its lines name the set ``core``."""
    world = Yanked(provider, yanked)

    def solved(
        provider: Provider, preferred: Versions, root: Sequence[Wanted] | None = None
    ) -> Solution:
        return drive(solve(wanted if root is None else root, preferred=preferred), provider)

    lines = tuple(Dependency(SET_NAME, each.key[1], each.requirement) for each in wanted)
    return Run(
        lines=lines,
        wanted=tuple(wanted),
        preferred=preferred,
        provider=world,
        solve=solved,
        keep=world.keep,
        refusal=world.refusal,
    )
