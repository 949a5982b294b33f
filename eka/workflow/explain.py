"""``eka lock --explain``: why each version was selected, and not a newer one."""

from __future__ import annotations

from dataclasses import replace

from eka.atom import Requirement
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.resolve import (
    Chosen,
    Dependencies,
    Unavailable,
    Unsatisfiable,
    Wanted,
    aligned,
    drive,
    solve,
    why_selected,
)
from eka.values import dataclass, field
from eka.workflow.locked_names import AtomNotLocked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from eka.atom import Label, Version
    from eka.resolve import Provider, Request, ResolveKey, Solution, Strategy, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A resolution that found something, and what it found it with."""

    wanted: Sequence[Wanted]
    solution: Solution
    provider: Provider
    refusal: Callable[[Request], Unavailable | None]
    kept: Mapping[ResolveKey, Collection[Version]]
    strategy: Strategy
    single: Collection[ResolveKey] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """Why one version was selected.

    Attributes:
        why: What speaks for it.
        obstacle: Why a newer version does not fit with the rest, which its lines would accept.
        instead: What would be selected besides if it were taken: atom, version now, version then.
    """

    why: Why
    obstacle: tuple[str, ...] = ()  # lines
    instead: tuple[tuple[Label, Version, Version], ...] = ()


@dataclass(slots=True)
class Explainer:
    """Explains resolutions as they come: of one project, or of every atom of a set.

    With ``labels`` only versions of these are explained, and what stands in the way of newer
    ones is found out by trying them.

    Source: atom-spec/resolution.md [explain-ground], [explain-trial].
    """

    labels: Sequence[Label] = ()
    found: list[tuple[Explained, ...]] = field(default_factory=list[tuple[Explained, ...]])

    def learn(self, resolved: Resolved) -> None:
        """Explain one resolution."""
        chosen = _chosen(resolved)
        all_of_them = why_selected(chosen)
        named = [each for each in all_of_them if each.request[0][1] in self.labels]
        if self.labels:
            self.found.append(tuple(_tried(resolved, each) for each in named))
        else:
            self.found.append(tuple(map(Explained, all_of_them)))

    def require_labels(self, where: str) -> None:
        """Raise AtomNotLocked for a label that no resolution selected a version of."""
        seen = {each.why.request[0][1] for explained in self.found for each in explained}
        for label in self.labels:
            if label not in seen:
                raise AtomNotLocked(label.text, where, near=())


def _chosen(resolved: Resolved) -> Chosen:
    requests = list(resolved.solution.edges)
    keys = list(dict.fromkeys(key for key, _ in requests))
    needs = resolved.provider.dependencies(requests)
    listed = resolved.provider.versions(keys)
    return Chosen(
        root=resolved.wanted,
        solution=resolved.solution,
        needs={key: each for key, each in needs.items() if isinstance(each, Dependencies)},
        listed={key: each for key, each in listed.items() if not isinstance(each, Unavailable)},
        refusal=resolved.refusal,
        kept=resolved.kept,
        strategy=resolved.strategy,
    )


def _tried(resolved: Resolved, why: Why) -> Explained:
    """Return why a newer version that all lines accept was not taken, found out by taking it."""
    if why.fitting is None:
        return Explained(why)
    key = why.request[0]
    trial = Wanted(key, Requirement(f"={why.fitting.text}"))
    kept = {one: versions for one, versions in resolved.kept.items() if one != key}
    wanted, single = [*resolved.wanted, trial], resolved.single
    search = solve(wanted, preferred=kept, strategy=resolved.strategy, single=single)
    try:
        other = drive(search, resolved.provider)
    except Unsatisfiable as error:
        return Explained(replace(why, ground="others"), _supposed(error, trial))
    except EkaError as error:
        return Explained(replace(why, ground="others"), (str(error),))
    return Explained(why, instead=_differences(resolved.solution, other, but=key))


def _supposed(error: Unsatisfiable, trial: Wanted) -> tuple[str, ...]:
    """Return the lines of an explanation, where a line of ours stands for a supposition."""
    label, requirement = trial.key[1].text, trial.requirement.text
    asked = f"your project requires {label} {requirement}"
    supposed = f"suppose {label} {requirement.removeprefix('=')} is selected"
    sentences = tuple(
        replace(each, text=supposed) if each.text == asked else each
        for each in error.explanation.sentences
    )
    return tuple(aligned(replace(error.explanation, sentences=sentences)))


def _differences(
    now: Solution, then: Solution, *, but: ResolveKey
) -> tuple[tuple[Label, Version, Version], ...]:
    """Return the atoms of which another version of the same bucket would be selected."""
    return tuple(
        (place[0][1], version, then.selected[place])
        for place, version in now.selected.items()
        if place[0] != but and then.selected.get(place, version) != version
    )
