"""``eka tree``: a locked closure, or those who need something in it."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass, field
from eka.workflow.lock_graph import PROJECT, distances, graph_of, within
from eka.workflow.locked_here import locked_here
from eka.workflow.locked_lines import NeedLines
from eka.workflow.locked_names import find_locked, find_projects

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from eka.atom import AtomKey, Lock, LockedDirect
    from eka.workflow.lock_graph import Edges, LockGraph
    from eka.workflow.locked_here import LockedProject
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeOptions:
    """What to show."""

    labels: Sequence[str] = ()  # from these atoms on; none: from the project on
    invert: Sequence[str] = ()  # those who need these
    duplicates: bool = False  # those who need atoms that are there in several versions
    direct: bool = False  # sources that are not atoms as well


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
        is_duplicates: The roots are atoms that are there in several versions.
        groups: The roots again, those of one label together; of duplicates alone.
        dev_needs: What the project itself needs for development only.
        dev_only: What is there for that reason alone.
        direct: Direct sources, each with the number of who needs it; as leaves of the tree they
            have the numbers after those of the atoms.
    """

    locked: LockedProject
    graph: LockGraph
    roots: tuple[int, ...]
    edges: Edges
    is_inverted: bool
    is_duplicates: bool
    dev_needs: frozenset[int]
    dev_only: frozenset[int]
    direct: tuple[tuple[int, DirectNeed], ...]
    groups: tuple[tuple[int, ...], ...] = field(default=())

    def direct_need(self, number: int) -> DirectNeed | None:
        """Return the direct source that a number of the tree stands for; None for an atom."""
        at = number - len(self.graph.atoms) - 1
        return self.direct[at][1] if at >= 0 else None


def read_trees(services: Services, options: TreeOptions) -> list[Tree]:
    """Return what to show of the locks here; nothing but files of the project is read.

    Raises:
        As `locked_here`, and AtomNotLocked: nothing is called so.
    """
    projects = locked_here(services)
    named, labels = find_projects(projects, options.labels)
    starts = find_locked(services, projects, labels)
    targets = find_locked(services, projects, options.invert)
    return [
        tree_of(locked, options, below, above, is_named=locked in named)
        for locked, below, above in zip(projects, starts, targets, strict=True)
    ]


def tree_of(
    locked: LockedProject,
    options: TreeOptions,
    below: Sequence[AtomKey] = (),
    above: Sequence[AtomKey] = (),
    *,
    is_named: bool = False,
) -> Tree:
    """Return what to show of one lock.

    Args:
        locked: Whose it is.
        options: What is wanted.
        below: What its labels mean in this lock.
        above: What those to turn over mean there.
        is_named: One of the labels means the project itself.
    """
    graph = graph_of(locked.lock)
    numbers = graph.numbers
    roots = tuple(numbers[key] for key in below)
    if is_named or not options.labels:
        roots = (PROJECT, *roots)
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
    direct = tuple(_direct(locked.lock, graph)) if options.direct else ()
    if not is_inverted:
        edges = _with_leaves(edges, direct)
    return Tree(
        locked=locked,
        graph=graph,
        roots=roots,
        edges=edges,
        is_inverted=is_inverted,
        is_duplicates=options.duplicates,
        dev_needs=dev_needs,
        dev_only=dev_only,
        direct=direct,
        groups=groups,
    )


def _with_leaves(edges: Edges, direct: Sequence[tuple[int, DirectNeed]]) -> Edges:
    leaves: dict[int, list[int]] = {}
    for leaf, (owner, _) in enumerate(direct, len(edges)):
        leaves.setdefault(owner, []).append(leaf)
    below = (others + tuple(leaves.get(number, ())) for number, others in enumerate(edges))
    return (*below, *(() for _ in direct))


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
    lines = NeedLines(locked).of_project()
    always = {graph.numbers[each.needed] for each in lines if not each.is_dev}
    dev_needs = frozenset(graph.numbers[each.needed] for each in lines if each.is_dev) - always
    needed = distances(graph.needs, frozenset(graph.needs[PROJECT]) - dev_needs)
    return dev_needs, frozenset(graph.numbers.values()) - needed.keys()


def _direct(lock: Lock, graph: LockGraph) -> Iterator[tuple[int, DirectNeed]]:
    """Yield who needs which direct source, in order."""
    pins: dict[tuple[int, str, str], list[LockedDirect]] = {}
    for pin in lock.direct:
        number = PROJECT if pin.owner is None else graph.numbers[pin.owner]
        pins.setdefault((number, pin.kind, pin.name), []).append(pin)
    for (number, kind, name), found in sorted(pins.items()):
        systems = tuple(sorted(pin.system for pin in found if pin.system))
        yield number, DirectNeed(kind, name, systems, sum(len(pin.files) for pin in found))
