"""What ``eka tree`` shows of the atoms of one lock: pieces of lines, JSON, boxes and arrows."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli.text import bold, dim, yellow
from eka.workflow.lock_graph import PROJECT, distances
from eka.workflow.places import relative_to
from eka.workflow.progress import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from eka.atom import Genesis
    from eka.cli.graphs import Drawing
    from eka.cli.reply import Json
    from eka.cli.text import Piece
    from eka.workflow.tree import DirectNeed, Tree

PROJECT_ID = "project"
DEV = "dev"


class LockNodes:
    """The atoms of one lock by the numbers that its tree has for them."""

    def __init__(self, tree: Tree, directory: Path, own: Genesis | None) -> None:
        """Prepare what is shown in ``directory``; ``own`` is the set of the project, if known."""
        self.tree = tree
        self._project = tree.locked.project
        self._where = relative_to(self._project.directory, directory)
        self._ids = [PROJECT_ID, *(atom.key.text for atom in tree.graph.atoms)]
        self._sets = tree.locked.set_names()
        self._own = own
        self._geneses = [own, *(atom.key.genesis for atom in tree.graph.atoms)]
        package = tree.locked.manifest.package
        self._titles = [f"{package.label.text} {package.version.text}"]
        self._titles += [
            f"{atom.key.label.text} {atom.key.version.text}" for atom in tree.graph.atoms
        ]

    def title(self, number: int) -> str:
        """Return label and version."""
        return self._titles[number]

    def pieces(self, number: int, parent: int | None) -> list[str | Piece]:
        """Return what a line says about an atom, below ``parent`` or at the top."""
        tree = self.tree
        need = tree.direct_need(number) if tree.direct else None
        if need is not None:
            return [dim(_direct_text(need))]
        title = self._titles[number]
        is_project = number == PROJECT
        pieces: list[str | Piece] = [bold(title) if parent is None or is_project else title]
        if is_project:
            pieces.append(dim(f" ({self._where})"))
        else:
            origin = self._origin(number, parent)
            if origin is not None:
                pieces.append(dim(f" from {origin}"))
            if tree.graph.atoms[number - 1].patched:
                pieces.append(yellow(" (patched)"))
        if tree.dev_needs and self._is_dev(number, parent):
            pieces.append(yellow(f" ({DEV})"))
        return pieces

    def document(self, depth: int | None) -> Json:
        """Return the atoms that are near enough as JSON, and who needs whom."""
        tree, ids = self.tree, self._ids
        shown = [each for each in distances(tree.edges, tree.roots, depth) if self._is_atom(each)]
        kept = frozenset(shown)
        return {
            "directory": str(self._project.directory),
            "lock": str(self._project.lock_path),
            "inverted": tree.is_inverted,
            "roots": [ids[number] for number in tree.roots],
            "atoms": [self._atom(number, kept) for number in sorted(kept)],
            "direct": [
                {
                    "owner": ids[owner],
                    "kind": need.kind,
                    "name": need.name,
                    "systems": list(need.systems),
                    "files": need.files,
                }
                for owner, need in tree.direct
                if owner in kept
            ],
        }

    def draw(self, drawing: Drawing, depth: int | None) -> None:
        """Add boxes and arrows to a drawing; an atom of several locks is one box."""
        tree = self.tree
        shown = distances(tree.edges, tree.roots, depth)
        for number in shown:
            drawing.boxes[self._box(number)] = tuple(self._box_lines(number))
        for number in shown:
            for other in tree.edges[number]:
                if other not in shown:
                    continue
                start, end = (other, number) if tree.is_inverted else (number, other)
                note = DEV if self._is_dev(end, start) else ""
                arrow = self._box(start), self._box(end)
                drawing.arrows[arrow] = note and drawing.arrows.get(arrow, note)

    def _is_atom(self, number: int) -> bool:
        return number <= len(self.tree.graph.atoms)

    def _origin(self, number: int, parent: int | None) -> str | None:
        """Return the set of an atom where it is not that of the line above, or the own one."""
        genesis = self._geneses[number]
        nearest = self._own if parent is None else self._geneses[parent]
        # The same set is mostly the same value, and comparing two takes longer.
        if genesis is nearest or genesis is None or genesis == nearest:
            return None
        return self._sets[genesis]

    def _is_dev(self, number: int, parent: int | None) -> bool:
        ends = {number, parent}
        return PROJECT in ends and not ends.isdisjoint(self.tree.dev_needs)

    def _atom(self, number: int, kept: frozenset[int]) -> Json:
        graph, ids = self.tree.graph, self._ids
        label, _, version = self.title(number).partition(" ")
        key = graph.key(number)
        return {
            "id": ids[number],
            "label": label,
            "version": version,
            "set": key.genesis.hex if key else None,
            "source": self._sets[key.genesis] if key else None,
            "dev": number in self.tree.dev_only,
            "patched": key is not None and graph.atoms[number - 1].patched,
            "requires": [
                {"id": ids[other], "dev": self._is_dev(other, number)}
                for other in graph.needs[number]
                if other in kept
            ],
        }

    def _box(self, number: int) -> tuple[str, ...]:
        need = self.tree.direct_need(number)
        if need is not None:
            owner = self.tree.direct[number - len(self.tree.graph.atoms) - 1][0]
            return (*self._box(owner), need.kind, need.name)
        genesis = self._geneses[number]
        return (*self.title(number).split(" "), genesis.hex if genesis else "")

    def _box_lines(self, number: int) -> Iterator[str]:
        need = self.tree.direct_need(number)
        if need is not None:
            yield _direct_text(need)
            return
        yield self.title(number)
        origin = self._origin(number, None)
        if origin is not None and number != PROJECT:
            yield f"from {origin}"


def _direct_text(need: DirectNeed) -> str:
    systems = f" [{' '.join(need.systems)}]" if need.systems else ""
    files = f", {counted(need.files, 'file')}" if need.files else ""
    return f"{need.kind} {need.name}{systems}{files}"
