"""The manifest lines behind the edges of a lock: who asks for an atom, and where."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.compose import ROOT, Selector
from eka.errors import EkaError
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from eka.atom import AtomKey, Dependency, Manifest
    from eka.workflow.locked_here import LockedProject

ANYWHERE = "/"


@dataclass(frozen=True, slots=True)
class NeedLine:
    """One dependency line of a manifest, and the atom that it selected.

    Attributes:
        owner: Whose line it is; None: the project's.
        needed: What it selected.
        line: As the manifest has it.
        is_dev: Needed for development only.
    """

    owner: AtomKey | None
    needed: AtomKey
    line: Dependency
    is_dev: bool

    @property
    def place(self) -> str:
        """Where it stands: ``FILE:LINE``; empty where that is not known."""
        span = self.line.span
        return f"{span.file}:{span.line}" if span else ""


class NeedLines:
    """Finds the lines of the manifests behind one lock."""

    def __init__(self, locked: LockedProject) -> None:
        self._locked = locked
        self._selector = Selector(locked.lock)

    def of_project(self) -> list[NeedLine]:
        """Return the lines of the project itself, those for development last."""
        manifest, place = self._locked.manifest, self._locked.project.directory
        return [
            *self._lines(ROOT, manifest, manifest.dependencies, place),
            *self._lines(ROOT, manifest, manifest.dev_dependencies, place, is_dev=True),
        ]

    def of_atom(self, key: AtomKey, manifest: Manifest) -> list[NeedLine]:
        """Return the lines of a locked atom; those for development never reach who uses it."""
        local, name = self._locked.local, (key.genesis, key.label)
        place = local.project(name).directory if local.holds(name) else None
        return list(self._lines(key, manifest, manifest.dependencies, place))

    def _lines(
        self,
        owner: AtomKey | None,
        manifest: Manifest,
        lines: Iterable[Dependency],
        place: Path | None,
        *,
        is_dev: bool = False,
    ) -> Iterator[NeedLine]:
        where = ANYWHERE if place is None else str(place)
        for line in lines:
            try:
                needed = self._selector.select(owner, manifest, line, place=where)
            except EkaError:
                continue  # it selected nothing that could be told
            yield NeedLine(owner, needed, line, is_dev)
