"""Why each version of a solution was selected, and not a newer one."""

from __future__ import annotations

from typing import Literal

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from eka.atom import Version
    from eka.resolve.model import (
        Dependencies,
        Request,
        ResolveKey,
        Solution,
        Strategy,
        Unavailable,
        Wanted,
    )

Ground = Literal["newest", "refused", "held", "kept", "oldest", "others"]
"""What speaks for a version: there is no newer one; newer ones cannot be used; lines accept no
newer one; the former lock has it; the oldest was asked for; newer ones do not fit with the rest.
"""


@dataclass(frozen=True, slots=True)
class AskedBy:
    """A requirement line that a selected version fills; ``owner`` None: the project's."""

    owner: Request | None
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Why:
    """Why one version was selected.

    Attributes:
        request: The version.
        ground: The first reason there is.
        asked_by: The lines that it fills.
        newest: The newest version that can be used, where it is newer.
        held_by: Those of the lines that do not accept ``newest``.
        fitting: The newest version that all of the lines accept, where it is newer.
        refused: Newer versions that cannot be used, and why, the newest first.
        beside: Other versions of the atom that are selected as well.
    """

    request: Request
    ground: Ground
    asked_by: tuple[AskedBy, ...]
    newest: Version | None = None
    held_by: tuple[AskedBy, ...] = ()
    fitting: Version | None = None
    refused: tuple[tuple[Version, Unavailable], ...] = ()
    beside: tuple[Version, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A solution and what it was chosen from.

    Attributes:
        root: The requirement lines of the project.
        solution: What was selected.
        needs: What each selected version needs.
        listed: The versions of each selected atom, in any order.
        refusal: Why a version may not be chosen; None where it may.
        kept: The versions of the former lock that were tried first.
        strategy: Which of the fitting versions was to be taken.
    """

    root: Sequence[Wanted]
    solution: Solution
    needs: Mapping[Request, Dependencies]
    listed: Mapping[ResolveKey, Sequence[Version]]
    refusal: Callable[[Request], Unavailable | None]
    kept: Mapping[ResolveKey, Collection[Version]]
    strategy: Strategy = "highest"


def why_selected(chosen: Chosen) -> list[Why]:
    """Return the reason for every selected version, in the order of the solution."""
    asked: dict[Request, list[AskedBy]] = {request: [] for request in chosen.solution.edges}
    for owner, filled, lines in _owners(chosen):
        for line in lines:
            for request in filled:
                if request[0] == line.key and line.requirement.matches(request[1]):
                    asked[request].append(AskedBy(owner, line))
    return [_why(chosen, request, tuple(lines)) for request, lines in asked.items()]


def _owners(
    chosen: Chosen,
) -> Iterator[tuple[Request | None, Sequence[Request], Sequence[Wanted]]]:
    """Yield who needs something, the versions that fill it, and the lines that say so."""
    yield None, chosen.solution.root, chosen.root
    for owner, filled in chosen.solution.edges.items():
        yield owner, filled, chosen.needs[owner].wanted


def _why(chosen: Chosen, request: Request, asked_by: tuple[AskedBy, ...]) -> Why:
    key, version = request
    newer = sorted(
        (
            each
            for each in chosen.listed[key]
            if each > version and (version.prerelease or not each.prerelease)
        ),
        reverse=True,
    )
    refusals = {each: chosen.refusal((key, each)) for each in newer}
    refused = [(each, why) for each, why in refusals.items() if why is not None]
    usable = [each for each, why in refusals.items() if why is None]
    fitting = next((each for each in usable if _accept(asked_by, each)), None)
    return Why(
        request,
        _ground(chosen, request, newer=newer, usable=usable, fitting=fitting),
        asked_by,
        newest=usable[0] if usable else None,
        held_by=tuple(
            each for each in asked_by if usable and not each.wanted.requirement.matches(usable[0])
        ),
        fitting=fitting,
        refused=tuple(refused),
        beside=tuple(
            other for one, other in chosen.solution.edges if one == key and other != version
        ),
    )


def _ground(
    chosen: Chosen,
    request: Request,
    *,
    newer: Sequence[Version],
    usable: Sequence[Version],
    fitting: Version | None,
) -> Ground:
    key, version = request
    if not newer:
        return "newest"
    if not usable:
        return "refused"
    if fitting is None:
        return "held"
    if version in chosen.kept.get(key, ()):
        return "kept"
    return "oldest" if chosen.strategy == "minimal" else "others"


def _accept(lines: Sequence[AskedBy], version: Version) -> bool:
    return all(each.wanted.requirement.matches(version) for each in lines)
