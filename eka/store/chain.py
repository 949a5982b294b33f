"""From a loose name to content: reductions followed one after the other."""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.store.database import is_storable
from eka.store.errors import InvalidStorePath
from eka.store.path import StorePath
from eka.store.reduction import Reduction, ReductionKind, find, reduce
from eka.store.reduction_errors import AmbiguousName, NotReduced

if TYPE_CHECKING:
    from eka.store.database import Database

MAX_STEPS = 1000
MIN_LETTERS = 4  # of a name that is shortened
_SHOWN = 8
_LOOKED_AT = 100
# What a refined name is looked up as.
_NEXT = {
    ReductionKind.REQUEST: ReductionKind.ATOM,
    ReductionKind.ACTION: ReductionKind.RESOLVED,
}
# Kinds with "!" in their names.
_PARTED = {ReductionKind.RESOLVED, ReductionKind.FETCH}


@dataclass(frozen=True, slots=True)
class Step:
    """One reduction of a chain."""

    reduction: Reduction
    depth: int  # how many came before it
    is_disputed: bool  # its name has another outcome as well


@dataclass(frozen=True, slots=True)
class Chain:
    """What a name comes to.

    Attributes:
        name: The name, whole.
        steps: Each after the step whose outcome it refines.
        content: The paths the chain ends at.
    """

    name: str
    steps: tuple[Step, ...]
    content: tuple[StorePath, ...]


def follow(database: Database, name: str) -> Chain:
    """Follow a name, or its first letters, to content.

    Args:
        database: The store's.
        name: Of any kind; of a resolved action the output may be left out, and before ``::``
            what its author needed to tell it from others.

    Raises:
        NotReduced: Nothing is known of it.
        AmbiguousName: Several names begin like this.

    Source: atom-spec/store.md [reduction-chain].
    """
    whole = _whole(database, name)
    steps: list[Step] = []
    content: dict[StorePath, None] = {}
    seen: set[tuple[str, str]] = set()
    pending = [(each, whole, 0) for each in reversed(ReductionKind)]
    while pending and len(steps) < MAX_STEPS:
        kind, wanted, depth = pending.pop()
        if (kind, wanted) in seen:
            continue
        seen.add((kind, wanted))
        for found in _outcomes(database, kind, wanted):
            steps.append(Step(found, depth, _is_disputed(database, found)))
            if kind in _NEXT:
                pending.append((_NEXT[kind], found.refined, depth + 1))
            elif (path := path_or_none(found.refined)) is not None:
                content[path] = None
    if not steps:
        raise NotReduced(name)
    return Chain(whole, tuple(steps), tuple(content))


def origins(database: Database, path: StorePath) -> tuple[Step, ...]:
    """Return the reductions that lead to a path, the nearest first."""
    steps: list[Step] = []
    pending, seen = [(path.base, 0)], {path.base}
    while pending and len(steps) < MAX_STEPS:
        refined, depth = pending.pop(0)
        for found in find(database, "WHERE refined = ?", (refined,)):
            steps.append(Step(found, depth, _is_disputed(database, found)))
            below = found.name.partition("!")[0]
            if below not in seen:
                seen.add(below)
                pending.append((below, depth + 1))
    return tuple(steps)


def path_or_none(text: str) -> StorePath | None:
    """Return the store path that a refined name is, if it is one."""
    try:
        return StorePath.parse(text)
    except InvalidStorePath:
        return None


def _is_disputed(database: Database, reduction: Reduction) -> bool:
    if reduction.kind == ReductionKind.REQUEST:
        return False
    known = reduce(database, reduction.kind, reduction.name)
    return any(each.refined != reduction.refined for each in known)


def _outcomes(database: Database, kind: ReductionKind, name: str) -> list[Reduction]:
    if kind not in _PARTED or "!" in name:
        return reduce(database, kind, name)
    # '"' comes right after '!': all outputs of one resolved action, all names of one file.
    outputs = "WHERE kind = ? AND name >= ? AND name < ?"
    return find(database, outputs, (kind, f"{name}!", f'{name}"'))


def _whole(database: Database, name: str) -> str:
    """Return the one name that begins with ``name``, itself or after ``::``."""
    if not is_storable(name):
        raise NotReduced(name)
    if any(_outcomes(database, kind, name) for kind in ReductionKind):
        return name
    if len(name) < MIN_LETTERS:
        raise NotReduced(name)
    begins = "WHERE name >= ? AND substr(name, 1, ?) = ?"
    found = find(database, begins, (name, len(name), name), limit=_LOOKED_AT)
    if not found:
        found = find(database, "WHERE instr(name, ?) > 0", (f"::{name}",), limit=_LOOKED_AT)
    names = sorted({each.name.partition("!")[0] for each in found})
    exact = [each for each in names if each.endswith(f"::{name}")]
    if len(exact) == 1 or len(names) == 1:
        return (exact or names)[0]
    if not names:
        raise NotReduced(name)
    raise AmbiguousName(name, names[:_SHOWN])
