"""``eka tree``: a locked closure, or those who need something in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.values import dataclass, field
from eka.workflow.lock_graph import PROJECT, distances, graph_of, within
from eka.workflow.locked_here import locked_here
from eka.workflow.locked_lines import NeedLines
from eka.workflow.locked_names import find_locked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eka.atom import AtomKey, Lock
    from eka.workflow.lock_graph import Edges, LockGraph
    from eka.workflow.locked_here import LockedProject
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeOptions:
    """What to show."""

    labels: Sequence[str] = ()  # from these atoms on; none: from the project on
    invert: Sequence[str] = ()  # those who need these
    duplicates: bool = False  # those who need atoms that are there in several versions


@dataclass(frozen=True, slots=True)
class DirectNeed:
    """A source that is not an atom, as a lock pins it, for all systems together."""

    kind: str
    name: str
    systems: tuple[str, ...]  # empty: the same for all
    files: int


@dataclass(frozen=True, slots=True)
class Tree:
    """What is to be shown of one lock.

    Attributes:
        locked: Whose it is.
        graph: The whole lock.
        roots: Where to start.
        edges: Where to go from there, against the needs when `is_inverted`.
        is_inverted: Shows who needs the roots.
        groups: The roots again, those of one label together.
        dev_needs: What the project itself needs for development only.
        dev_only: What is there for that reason alone.
        direct: Direct sources, by who needs them.
    """

    locked: LockedProject
    graph: LockGraph
    roots: tuple[int, ...]
    edges: Edges
    is_inverted: bool
    dev_needs: frozenset[int]
    dev_only: frozenset[int]
    direct: Mapping[int, tuple[DirectNeed, ...]]
    groups: tuple[tuple[int, ...], ...] = field(default=())


def read_trees(services: Services, options: TreeOptions) -> list[Tree]:
    """Return what to show of the locks here; nothing but files of the project is read.

    Raises:
        As `locked_here`, and AtomNotLocked: nothing is called so.
    """
    projects = locked_here(services)
    starts = find_locked(services, projects, options.labels)
    targets = find_locked(services, projects, options.invert)
    return [
        _tree(locked, options, below, above)
        for locked, below, above in zip(projects, starts, targets, strict=True)
    ]


def _tree(
    locked: LockedProject,
    options: TreeOptions,
    below: Sequence[AtomKey],
    above: Sequence[AtomKey],
) -> Tree:
    graph = graph_of(locked.lock)
    numbers = graph.numbers
    roots = tuple(numbers[key] for key in below) if options.labels else (PROJECT,)
    edges = graph.needs
    is_inverted = bool(options.invert or options.duplicates)
    groups: tuple[tuple[int, ...], ...] = ()
    if is_inverted:
        kept = distances(graph.needs, roots)
        edges = within(graph.needed_by, kept) if options.labels else graph.needed_by
        roots = tuple(numbers[key] for key in above if numbers[key] in kept)
        if options.duplicates:
            groups = tuple(_duplicates(graph, kept, roots if options.invert else None))
            roots = tuple(number for group in groups for number in group)
    dev_needs, dev_only = _development(locked, graph)
    return Tree(
        locked,
        graph,
        roots,
        edges,
        is_inverted,
        dev_needs,
        dev_only,
        _direct(locked.lock, graph),
        groups,
    )


def _duplicates(
    graph: LockGraph, kept: Mapping[int, int], wanted: Iterable[int] | None
) -> Iterable[tuple[int, ...]]:
    """Yield the atoms of each label that is there in several versions, as far as wanted."""
    only = None if wanted is None else set(wanted)
    for group in graph.duplicates():
        here = tuple(number for number in group if number in kept)
        if len(here) > 1 and (only is None or only.intersection(here)):
            yield here


def _development(locked: LockedProject, graph: LockGraph) -> tuple[frozenset[int], frozenset[int]]:
    """Return what the project needs for development only, and what is there for that alone."""
    if not locked.manifest.dev_dependencies:
        return frozenset(), frozenset()
    always = {
        graph.numbers[each.needed] for each in NeedLines(locked).of_project() if not each.is_dev
    }
    dev_needs = frozenset(graph.needs[PROJECT]) - always
    return dev_needs, frozenset(graph.numbers.values()) - distances(graph.needs, always).keys()


def _direct(lock: Lock, graph: LockGraph) -> dict[int, tuple[DirectNeed, ...]]:
    systems: dict[tuple[int, str, str], list[str]] = {}
    files: dict[tuple[int, str, str], int] = {}
    for pin in lock.direct:
        number = PROJECT if pin.owner is None else graph.numbers[pin.owner]
        name = (number, pin.kind, pin.name)
        systems.setdefault(name, []).extend([pin.system] if pin.system else [])
        files[name] = files.get(name, 0) + len(pin.files)
    found: dict[int, list[DirectNeed]] = {}
    for name in sorted(systems):
        number, kind, label = name
        need = DirectNeed(kind, label, tuple(sorted(systems[name])), files[name])
        found.setdefault(number, []).append(need)
    return {number: tuple(needs) for number, needs in found.items()}
